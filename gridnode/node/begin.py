"""How a node without blocks begins when its configuration says `sync.mode = "snapshot"`: before anything else of it runs.

It links to its peers, answers nothing, takes no part in consensus and signs nothing; when it has a database, or when there is none to be
had, the links are closed and the node starts as any other: it listens until it has caught up by block sync.
"""

from __future__ import annotations

from pathlib import Path

import trio

from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.network.config import Channel
from gridnode.network.network import Handlers, Network
from gridnode.network.requests import PeerUnavailable
from gridnode.node.assemble import network_config
from gridnode.node.clock import now_ms
from gridnode.node.config import Config
from gridnode.node.genesis_file import load_genesis
from gridnode.node.joining import Joining
from gridnode.node.log import Log
from gridnode.node.restore import clear_unfinished, has_blocks
from gridnode.node.wire import from_wire
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.offences import Offence
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.messages import Status
from gridnode.sync.snapshots import SealedManifest

_log = Log("snapshot sync")


async def begin_from_snapshot(config: Config, folder: Path, stopping: trio.Event) -> None:
    """Make the database of a snapshot, if the node has no block and its peers offer one; `stopping` ends it.

    Raises OperatorError when the disk refuses, or when peers show that the chain has forked.
    """
    genesis = load_genesis(folder / config.genesis)
    data = folder / config.data_dir
    chain = data / "chain"
    clear_unfinished(chain)
    if has_blocks(chain, genesis):
        return
    snapshots = SnapshotStore(data / "snapshots", sweeps=False)
    network = Network(network_config(config, folder), _handlers(genesis), now_ms)
    joining = Joining(genesis, config.sync, chain, snapshots, network, now_ms)
    sealed = None
    async with trio.open_nursery() as nursery:

        async def end_when_stopping() -> None:
            await stopping.wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(end_when_stopping)
        port = await nursery.start(network.run)
        _log.info("looking for a snapshot", port=port, chain=genesis.chain_id)
        sealed = await joining.run()
        nursery.cancel_scope.cancel()
    if sealed is not None and config.storage.snapshot_interval:
        _keep(snapshots, sealed)
    elif sealed is not None:
        snapshots.give_up(sealed.manifest.height)
    elif not stopping.is_set():
        _log.warning("beginning without a snapshot: block sync from genesis")


def _keep(snapshots: SnapshotStore, sealed: SealedManifest) -> None:
    """The snapshot is on the disk and was checked to the last row: it serves others, too."""
    try:
        snapshots.seal(sealed)
    except OSError as error:
        _log.error("the fetched snapshot cannot be kept", reason=str(error))


def _handlers(genesis: Genesis) -> Handlers:
    chain = genesis_hash(genesis)

    def message(_peer: bytes, _channel: Channel, payload: bytes) -> None:
        heard = from_wire(payload)
        if isinstance(heard, Status) and heard.genesis_hash != chain:
            raise PeerFault.of(Offence.OTHER_CHAIN, "its genesis differs")

    async def refuse(_peer: bytes, _kind: int, _payload: bytes) -> bytes:
        await trio.lowlevel.checkpoint()
        raise PeerUnavailable("this node has no block yet")

    return Handlers(message, lambda _peer, _payload: None, refuse, lambda _peer: None, lambda _peer: None)
