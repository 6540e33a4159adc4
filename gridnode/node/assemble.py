"""Builds a node from its configuration: every part is finished before the next one needs it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gridnode.chain.commit import Commit
from gridnode.chain.genesis import Genesis
from gridnode.chain.vote import Vote
from gridnode.consensus.engine import Engine
from gridnode.consensus.summary import Summary
from gridnode.crypto.keys import key_pair
from gridnode.execution.executed import Executed
from gridnode.mempool.outbox import Outbox
from gridnode.mempool.pool import Pool
from gridnode.network.config import Channel, Endpoint, NetworkConfig, NetworkLimits
from gridnode.network.network import Handlers, Network
from gridnode.node.candidates import Candidates
from gridnode.node.catch_up import CatchUp
from gridnode.node.clock import monotonic_ms, now_ms
from gridnode.node.config import Config, StorageSection, read_text, split_address
from gridnode.node.consensus_key import check_name, open_key
from gridnode.node.consensus_loop import ConsensusLoop
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.feed import Feed
from gridnode.node.genesis_file import load_genesis
from gridnode.node.gossip_queue import GossipQueue
from gridnode.node.ingress import Ingress
from gridnode.node.intake import Intake
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.node.offered import OfferedSnapshots
from gridnode.node.open_store import open_store
from gridnode.node.peer_book import PeerBook
from gridnode.node.peer_memory import PeerMemory
from gridnode.node.progress import block_stored, caught_up
from gridnode.node.pruner import Pruner
from gridnode.node.side_by_side import side_by_side
from gridnode.node.skews import Skews, clock_answer
from gridnode.node.snapshot_keeper import SnapshotKeeper
from gridnode.node.standby import Standby, standby_of
from gridnode.node.standing import standing_of
from gridnode.node.summary_gate import SummaryGate
from gridnode.node.verifier import Verifier
from gridnode.node.watch import Watch
from gridnode.node.wire import RequestKind, to_wire
from gridnode.node.world import Speaks
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import PublicKey
from gridnode.signer.remote import RemoteKey
from gridnode.signer.signs import Signs
from gridnode.storage.snapshots import SnapshotStore
from gridnode.storage.wal import Wal
from gridnode.sync.messages import ProposedBlock

_log = Log("node")


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
    book: PeerBook
    """Which node is whose, and which may be peers."""
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
    evidence: EvidencePool
    """Evidence that no block carries yet."""
    signer: Signs | None
    """Consensus key that cannot sign twice, here or in a signer; None when this node does not sign."""
    standby: Standby | None
    """Its machine's part in who signs for the validator; None when this node does not sign."""
    snapshots: SnapshotStore
    """Snapshots for others to begin from."""
    keeper: SnapshotKeeper
    """Makes them."""
    pruner: Pruner | None
    """Removes old blocks; None on an archive node."""
    folder: Path
    """Folder that the paths of the configuration are relative to."""
    watch: Watch
    """What it remembers of itself for its operator."""
    skews: Skews
    """How far peers' clocks are off."""

    def standing(self) -> dict[str, Any]:
        """What consensus waits for and all that may be the cause, for people and for `gridnode why`."""
        return standing_of(self)

    def status(self) -> dict[str, Any]:
        """What the node is doing now, for people."""
        return {
            "node": self.config.name,
            "type": self.config.type,
            "chain_id": self.store.chain_id,
            "height": self.store.height,
            "first_height": self.store.first_height,
            "round": max(0, self.engine.round),
            "step": self.engine.step.name.lower(),
            "signs": self.engine.signs and not (self.standby and self.standby.duty.alarm),
            "signing": self.standby.status() if self.standby else None,
            "syncing": self.catch_up.syncing,
            "best_height": self.catch_up.best,
            "peers": len(self.network.connected()),
            "door": asdict(self.network.door_stats()),
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
    data = folder / config.data_dir
    signer = open_key(config, folder, genesis)
    store = open_store(data / "chain", genesis)
    try:
        if signer is not None:
            check_name(config, signer.address, store)
        return _join(config, folder, data, genesis, signer, store)
    except BaseException:
        store.close()
        raise


def _join(
    config: Config, folder: Path, data: Path, genesis: Genesis, signer: Signs | None, store: LedgerStore
) -> Node:
    pool = Pool(config.pool.max_transactions, config.pool.max_bytes, config.pool.max_per_sender)
    outbox, feed, verifier = Outbox(), Feed(), Verifier()
    feed.height = store.height
    wal = Wal(data / "wal")
    engine = Engine(genesis.params, signer.address if signer else None)
    parts: dict[str, Node] = {}
    standby = standby_of(config.validator, signer, machine_key(config, folder), store)

    watch = Watch(now_ms())
    snapshots, keeper, pruner = _kept(config.storage, data, store)

    def committed(executed: Executed) -> None:
        book.stored(executed.writes)
        watch.stored(now_ms())
        keeper.stored()
        if pruner is not None:
            pruner.stored()
        block_stored(parts["node"], executed)
        if standby is not None:
            standby.stored()

    network = _network(network_config(config, folder), PeerMemory(data / "peers", now_ms()), _handlers(parts, watch))
    candidates = Candidates(pool, verifier, network, side_by_side)
    configured = {bytes.fromhex(peer.key): peer.name for peer in config.network.peers}
    book = PeerBook(store, configured, network.admit, network.prefer)
    catch_up = CatchUp(store, network, candidates, committed, lambda: caught_up(parts["node"]), book)
    evidence = EvidencePool(store, lambda found: network.flood(Channel.CONSENSUS, to_wire(found)))
    loop = ConsensusLoop(
        engine,
        store,
        pool,
        candidates,
        signer,
        wal,
        _voice(network),
        book,
        committed,
        catch_up.behind,
        evidence,
        standby.duty if standby else None,
        watch,
        catch_up.told,
    )
    if isinstance(signer, RemoteKey):
        signer.on_return = loop.signer_returned
    intake = Intake(store, pool, outbox, verifier, loop.work_arrived)
    gate = SummaryGate(monotonic_ms)
    ingress = Ingress(store, loop, catch_up, candidates, intake, GossipQueue(), gate, network.report, evidence, OfferedSnapshots(snapshots))
    node = Node(
        config, genesis, store, pool, outbox, feed, network, book, engine, loop, catch_up, ingress, intake, verifier, wal, evidence, signer,
        standby, snapshots, keeper, pruner, folder, watch, Skews(network, now_ms, monotonic_ms),
    )  # fmt: skip
    parts["node"] = node
    return node


def _kept(storage: StorageSection, data: Path, store: LedgerStore) -> tuple[SnapshotStore, SnapshotKeeper, Pruner | None]:
    """The snapshots of a node, who makes them, and who removes old blocks where that is wished."""
    snapshots = SnapshotStore(data / "snapshots")
    while snapshots.damaged:
        _log.error("a snapshot is damaged and removed", reason=snapshots.damaged.pop(0))
    keeper = SnapshotKeeper(store, snapshots, storage.snapshot_interval, storage.snapshots_kept)
    if storage.mode != "pruned":
        return snapshots, keeper, None
    return snapshots, keeper, Pruner(store, snapshots, storage.keep_blocks, bool(storage.snapshot_interval))


def _network(config: NetworkConfig, memory: PeerMemory, handlers: Handlers) -> Network:
    """The links, with the bans that are remembered."""

    def keep() -> None:
        memory.keep(network.sentences())

    network = Network(config, handlers, now_ms, memory.first_sequence, keep)
    network.serve(memory.sentences)
    return network


def _voice(network: Network) -> Speaks:
    """How consensus speaks: to one peer, to those linked directly, or to all."""

    def speak(message: ProposedBlock | Vote | Commit | Summary, to: bytes | None = None) -> None:
        if to is not None:
            network.send(to, Channel.CONSENSUS, to_wire(message))
        elif isinstance(message, Summary):
            network.broadcast(Channel.CONSENSUS, to_wire(message))
        else:
            network.flood(Channel.CONSENSUS, to_wire(message))

    return speak


def _handlers(parts: dict[str, Node], watch: Watch) -> Handlers:
    """What the node does with what arrives; `parts` holds it under `node` before anything does."""

    async def request(peer: bytes, kind: int, payload: bytes) -> bytes:
        return clock_answer(now_ms()) if kind == RequestKind.CLOCK else await parts["node"].ingress.request(peer, kind, payload)

    def connected(peer: bytes) -> None:
        watch.linked(peer, True, now_ms())
        parts["node"].ingress.connected(peer)

    def disconnected(peer: bytes) -> None:
        watch.linked(peer, False, now_ms())
        parts["node"].skews.forget(peer)
        parts["node"].ingress.disconnected(peer)

    return Handlers(
        lambda peer, _channel, payload: parts["node"].ingress.message(peer, payload),
        lambda peer, payload: parts["node"].ingress.gossip(peer, payload),
        request,
        connected,
        disconnected,
    )


def network_config(config: Config, folder: Path) -> NetworkConfig:
    """How the node of a configuration reaches its peers. Raises OperatorError."""
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
        NetworkLimits(
            max_peers=config.network.max_peers,
            max_handshakes=config.network.max_handshakes,
            strangers_per_s=config.network.strangers_per_s,
            bytes_per_s=config.network.peer_bytes_per_s,
            messages_per_s=config.network.peer_messages_per_s,
            total_bytes_per_s=config.network.clients_bytes_per_s,
            total_messages_per_s=config.network.clients_messages_per_s,
        ),
    )


def machine_key(config: Config, folder: Path) -> PublicKey:
    """The public node key of the machine, by which a signing lease names it. Raises OperatorError."""
    return key_pair(_secret(folder / config.network.node_key, "node key")).public_key


def _secret(path: Path, what: str) -> bytes:
    text = read_text(path, what).strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise OperatorError(f"{path}: expected the {what} as 64 hex digits")
    return secret
