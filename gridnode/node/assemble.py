"""Builds a node from its configuration: every part is finished before the next one needs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridnode.chain.commit import Commit
from gridnode.chain.genesis import Genesis
from gridnode.chain.vote import Vote
from gridnode.consensus.engine import Engine
from gridnode.consensus.summary import Summary
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair, key_pair
from gridnode.execution.executed import Executed
from gridnode.mempool.outbox import Outbox
from gridnode.mempool.pool import Pool
from gridnode.network.config import Channel, Endpoint, NetworkConfig, NetworkLimits
from gridnode.network.network import Handlers, Network
from gridnode.node.candidates import Candidates
from gridnode.node.catch_up import CatchUp
from gridnode.node.clock import monotonic_ms, now_ms
from gridnode.node.config import SIGNING_TYPES, Config, read_text, split_address
from gridnode.node.consensus_loop import ConsensusLoop
from gridnode.node.feed import Feed
from gridnode.node.genesis_file import load_genesis
from gridnode.node.gossip_queue import GossipQueue
from gridnode.node.ingress import Ingress
from gridnode.node.intake import Intake
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.node.progress import block_stored, caught_up
from gridnode.node.summary_gate import SummaryGate
from gridnode.node.verifier import Verifier
from gridnode.node.wire import to_wire
from gridnode.primitives.errors import OperatorError
from gridnode.storage.keystore import read_keystore
from gridnode.storage.sign_guard import SignGuard
from gridnode.storage.wal import Wal
from gridnode.sync.messages import ProposedBlock


@dataclass(slots=True)
class Node:
    """All parts of a running node."""

    config: Config
    """Its configuration."""
    genesis: Genesis
    """Its chain's."""
    store: LedgerStore
    """Ledger and database."""
    pool: Pool
    """Waiting transactions."""
    outbox: Outbox
    """Transactions to gossip."""
    feed: Feed
    """Who waits for blocks."""
    network: Network
    """Peers."""
    engine: Engine
    """Consensus."""
    loop: ConsensusLoop
    """Its runner."""
    catch_up: CatchUp
    """Block sync."""
    ingress: Ingress
    """What peers send."""
    intake: Intake
    """What clients and peers submit."""
    verifier: Verifier
    """Signature checks."""
    wal: Wal
    """Log of the height under way."""
    guard: SignGuard | None
    """Consensus key that cannot sign twice; None when this node does not sign."""

    def status(self) -> dict[str, Any]:
        """What the node is doing now, for people."""
        return {
            "node": self.config.name,
            "type": self.config.type,
            "chain_id": self.store.chain_id,
            "height": self.store.height,
            "round": max(0, self.engine.round),
            "step": self.engine.step.name.lower(),
            "signs": self.engine.signs,
            "syncing": self.catch_up.syncing,
            "best_height": self.catch_up.best,
            "peers": len(self.network.connected()),
            "pool_transactions": len(self.pool),
            "pool_bytes": self.pool.bytes,
        }

    def close(self) -> None:
        """Close log and database; the node must not run any more."""
        self.wal.close()
        self.store.close()


def assemble(config: Config, folder: Path) -> Node:
    """A node ready to run; paths of the configuration are relative to `folder`. Raises OperatorError."""
    genesis = load_genesis(folder / config.genesis)
    keys = _consensus_keys(config, folder, genesis)
    data = folder / config.data_dir
    store = open_store(data / "chain", genesis)
    try:
        return _join(config, folder, data, genesis, keys, store)
    except BaseException:
        store.close()
        raise


def _join(
    config: Config, folder: Path, data: Path, genesis: Genesis, keys: KeyPair | None, store: LedgerStore
) -> Node:
    pool = Pool(config.pool.max_transactions, config.pool.max_bytes, config.pool.max_per_sender)
    outbox, feed, verifier = Outbox(), Feed(), Verifier()
    feed.height = store.height
    guard = None if keys is None else SignGuard(data / "guard", genesis.chain_id, keys)
    wal = Wal(data / "wal")
    engine = Engine(genesis.chain_id, genesis.params, guard.address if guard else None)
    parts: dict[str, Node] = {}

    def committed(executed: Executed) -> None:
        block_stored(parts["node"], executed)

    handlers = Handlers(
        lambda peer, _channel, payload: parts["node"].ingress.message(peer, payload),
        lambda peer, payload: parts["node"].ingress.gossip(peer, payload),
        lambda peer, kind, payload: parts["node"].ingress.request(peer, kind, payload),
        lambda peer: parts["node"].ingress.connected(peer),
        lambda peer: parts["node"].ingress.disconnected(peer),
    )
    network = Network(_network_config(config, folder), handlers, now_ms)
    candidates = Candidates(pool, verifier, network)
    catch_up = CatchUp(store, network, candidates, committed, lambda: caught_up(parts["node"]))
    by_name = {peer.name: bytes.fromhex(peer.key) for peer in config.network.peers}

    def speak(message: ProposedBlock | Vote | Commit | Summary, to: bytes | None = None) -> None:
        if to is not None:
            network.send(to, Channel.CONSENSUS, to_wire(message))
        elif isinstance(message, Summary):
            network.broadcast(Channel.CONSENSUS, to_wire(message))
        else:
            network.flood(Channel.CONSENSUS, to_wire(message))

    loop = ConsensusLoop(
        engine,
        store,
        pool,
        candidates,
        guard,
        wal,
        speak,
        {member.address: by_name[member.name] for member in genesis.validators.members if member.name in by_name},
        committed,
        catch_up.behind,
    )
    intake = Intake(store, pool, outbox, verifier, loop.work_arrived)
    gate = SummaryGate(monotonic_ms)
    ingress = Ingress(store, loop, catch_up, candidates, intake, GossipQueue(), gate, network.report)
    node = Node(
        config, genesis, store, pool, outbox, feed, network, engine, loop, catch_up, ingress, intake, verifier, wal, guard
    )
    parts["node"] = node
    return node


def _consensus_keys(config: Config, folder: Path, genesis: Genesis) -> KeyPair | None:
    if config.type not in SIGNING_TYPES or config.validator is None:
        return None
    password = read_text(folder / config.validator.password_file, "password file").split("\n", 1)[0]
    keys = read_keystore(folder / config.validator.keystore, password)
    member = genesis.validators.get(address_of(keys.public_key))
    if member is None:
        raise OperatorError(f"validator.keystore: its key {keys.public_key.hex()} is no validator of the genesis")
    if member.name != config.name:
        raise OperatorError(f"name: expected {member.name}, whose key the keystore holds, got {config.name}")
    return keys


def _network_config(config: Config, folder: Path) -> NetworkConfig:
    host, port = split_address(config.network.listen)
    peers = []
    for peer in config.network.peers:
        if peer.address is not None:
            peer_host, peer_port = split_address(peer.address)
            peers.append(Endpoint(peer_host, peer_port, bytes.fromhex(peer.key)))
    return NetworkConfig(
        host,
        port,
        key_pair(_secret(folder / config.network.node_key, "node key")).seed,
        _secret(folder / config.network.network_key, "network key"),
        {bytes.fromhex(peer.key): peer.name for peer in config.network.peers},
        tuple(peers),
        NetworkLimits(max_peers=config.network.max_peers),
    )


def _secret(path: Path, what: str) -> bytes:
    text = read_text(path, what).strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise OperatorError(f"{path}: expected the {what} as 64 hex digits")
    return secret
