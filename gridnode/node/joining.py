"""Begins from a snapshot of other nodes: finds one, proves its header, fetches its chunks, makes the database, and says
whether there is one now.

Each step has its way out, and all of them lead to block sync from genesis:
    nobody offers a snapshot;
    its header cannot be proved: no peer leads the light client there, or what is trusted is too old;
    chunks are missing and nobody has them any more, or they come too slowly;
    the disk has no room for it, or is full before it is there. A smaller one is tried, or none;
    what the chunks hold is not what the header says. Then all who offered it lied, and the next snapshot is tried.
What a run that died has fetched is found again by its hashes. A disk that refuses for another reason than being full ends the node.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

import trio

from gridnode.chain.block import header_hash
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.light_block import LightBlock, check_light_block
from gridnode.codec.records import decode, encode
from gridnode.execution.named import accounts_named
from gridnode.light.asking import Asking
from gridnode.light.terms import Expired, TooFar
from gridnode.light.trusted import MemoryBlocks
from gridnode.light.walk import begin_with_genesis, begin_with_hash, walk
from gridnode.node.config import SyncSection
from gridnode.node.light_walk import AsksPeers, led_by_peers, light_blocks, terms_of
from gridnode.node.log import Log
from gridnode.node.restore import has_blocks, restore_into
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import GridnodeError, Malformed, OperatorError, PeerFault
from gridnode.primitives.units import Height
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.snapshot_fetch import AskChunk, SnapshotFetch
from gridnode.sync.snapshots import (
    ChunkRequest,
    Manifest,
    SealedManifest,
    SnapshotsAnswer,
    SnapshotsRequest,
    chunk_bytes,
    fault_of,
)

OFFERS_WAIT_MS: Final = 20_000
"""So long peers have to be linked and to offer something."""
SETTLE_MS: Final = 3_000
"""After the first answer, so long the others have for theirs."""
LOOK_MS: Final = 100
OFFER_TIMEOUT_MS: Final = 10_000
CHUNK_TIMEOUT_MS: Final = 30_000
RETRY_MS: Final = 1_000
"""A peer that has much to do refuses; it is asked again after this."""
SLOW_MS: Final = 5 * 60_000
"""So long progress is measured: ten time-outs of a chunk, so a peer that goes away is no reason to give up."""
SLOW_CHUNKS: Final = 5
"""Fewer in that time, of 1 MiB each, are too slow: block sync, or another snapshot, is sooner there than a gigabyte in 17 hours."""
WITNESSES: Final = 3
"""Other peers that are asked whether they have the same block."""
_log = Log("snapshot sync")


class JoinsPeers(AsksPeers, Protocol):
    """The network of a node that begins."""

    def connected(self) -> list[bytes]:
        """Keys of the linked peers, sorted."""
        ...


class Joining:
    """One try to begin from a snapshot."""

    def __init__(
        self,
        genesis: Genesis,
        sync: SyncSection,
        chain: Path,
        snapshots: SnapshotStore,
        network: JoinsPeers,
        now_ms: Callable[[], int],
    ) -> None:
        """`chain` is where the database comes; a folder that is there holds no block. `snapshots` was opened without sweeping."""
        self._genesis = genesis
        self._sync = sync
        self._terms = terms_of(genesis, sync)
        self._chain = chain
        self._snapshots = snapshots
        self._network = network
        self._now_ms = now_ms
        self._fetch = SnapshotFetch()
        self._refusal: OSError | None = None

    async def run(self) -> SealedManifest | None:
        """The snapshot that the database was made of, or None. Raises OperatorError: the disk refuses, or the chain has forked."""
        await self._gather()
        tried = 0
        while (manifest := self._fetch.choose(self._snapshots.begun())) is not None:
            tried += 1
            _log.info("trying", height=manifest.height, bytes=manifest.bytes, chunks=len(manifest.chunks))
            try:
                sealed = await self._try(manifest)
            except (Expired, TooFar) as error:
                _log.error("no header can be proved from here; name a newer block in [sync]", reason=str(error))
                return None
            except (OSError, OperatorError) as error:
                self._go_on_when_full(manifest, error)
                continue
            if sealed is not None:
                return sealed
        if not tried:
            _log.warning("no peer offers a snapshot", peers=len(self._network.connected()))
        return None

    def _go_on_when_full(self, manifest: Manifest, error: OSError | OperatorError) -> None:
        """A full disk costs the snapshot, whose chunks are removed, not the node. Raises OperatorError for all else."""
        if not _is_full(error):
            if isinstance(error, OperatorError):
                raise error
            raise OperatorError(f"the snapshot cannot be kept: {error.strerror}") from None
        _log.error("the disk is full; the snapshot is given up", height=manifest.height, bytes=manifest.bytes)
        self._give_up(manifest)

    def _give_up(self, manifest: Manifest) -> None:
        self._fetch.refused(manifest)
        self._snapshots.give_up(manifest.height)

    # Offers

    async def _gather(self) -> None:
        """Ask all peers that are linked within the time which snapshots they have."""
        asked: set[bytes] = set()
        self._answers = 0
        with trio.move_on_after(OFFERS_WAIT_MS / 1000) as limit:
            async with trio.open_nursery() as nursery:
                settling = False
                while True:
                    for peer in self._network.connected():
                        if peer not in asked:
                            asked.add(peer)
                            nursery.start_soon(self._ask_offers, peer)
                    if self._answers and not settling:
                        settling = True
                        limit.deadline = min(limit.deadline, trio.current_time() + SETTLE_MS / 1000)
                    await trio.sleep(LOOK_MS / 1000)

    async def _ask_offers(self, peer: bytes) -> None:
        request = encode(SnapshotsRequest(Height(0)))
        try:
            payload = await self._network.request(peer, RequestKind.SNAPSHOTS, request, OFFER_TIMEOUT_MS)
            manifests = decode(SnapshotsAnswer, payload).manifests
            faults = [fault_of(manifest, genesis_hash(self._genesis)) for manifest in manifests]
        except Malformed as error:
            manifests, faults = (), [str(error)]
        except GridnodeError as error:
            _log.info("no answer", peer=peer, reason=str(error))
            return
        self._answers += 1
        for manifest, fault in zip(manifests, faults, strict=False):
            if fault is None:
                self._fetch.offered(peer, manifest)
        for fault in faults:
            if fault is not None:
                self._network.report(peer, PeerFault(f"snapshots: {fault}", 100))

    # One snapshot

    async def _try(self, manifest: Manifest) -> SealedManifest | None:
        light = await self._prove(manifest.height)
        if light is None:
            _log.warning("its header cannot be proved", height=manifest.height)
            self._fetch.refused(manifest)
            return None
        if (manifest.block_hash, manifest.state_root) != (header_hash(light.header), light.header.state_root):
            self._lied(manifest, "it is of another block")
            return None
        if not await self._download(manifest):
            self._give_up(manifest)
            return None
        sealed = SealedManifest(manifest, light)
        return sealed if await self._restore(sealed) else None

    async def _restore(self, sealed: SealedManifest) -> bool:
        manifest = sealed.manifest
        try:
            await trio.to_thread.run_sync(self._make, sealed)
        except Malformed as error:
            self._lied(manifest, str(error))
            self._snapshots.give_up(manifest.height)
            return False
        _log.info("restored", height=manifest.height, rows=manifest.rows, root=manifest.state_root)
        return True

    def _make(self, sealed: SealedManifest) -> None:
        """In a thread: the database of the chunks on the disk."""
        if has_blocks(self._chain, self._genesis):  # it was looked at long ago
            raise OperatorError(f"{self._chain}: expected no blocks; a snapshot never takes the place of a chain")
        if self._chain.exists():
            shutil.rmtree(self._chain)  # it holds genesis and no block
        restore_into(self._chain, sealed.manifest, self._chunks(sealed.manifest), sealed.light, accounts_named)

    def _chunks(self, manifest: Manifest) -> Iterator[bytes]:
        for index in range(len(manifest.chunks)):
            trio.from_thread.check_cancelled()
            chunk = self._snapshots.fetched(manifest, index)
            if chunk is None:
                raise OperatorError(f"chunk {index} of the snapshot at {manifest.height} is damaged on the disk; start the node again")
            yield chunk

    def _lied(self, manifest: Manifest, reason: str) -> None:
        _log.error("a wrong snapshot", height=manifest.height, reason=reason)
        for peer in self._fetch.refused(manifest):
            self._network.report(peer, PeerFault(f"snapshot at {manifest.height}: {reason}", 100))

    # Its header

    async def _prove(self, height: int) -> LightBlock | None:
        peers = self._network.connected()
        light = await led_by_peers(self._network, peers, lambda: self._proof(height), self._now_ms)
        if light is not None:
            for witness in peers[-WITNESSES:]:
                await self._confront(witness, light)
        return light

    def _proof(self, height: int) -> Asking[LightBlock]:
        trusted = MemoryBlocks()
        if self._sync.trusted_hash is None:
            first = yield from begin_with_genesis(self._genesis, self._terms)
        else:
            given = bytes.fromhex(self._sync.trusted_hash)
            first = yield from begin_with_hash(self._sync.trusted_height, given, self._terms)
        trusted.put(first)
        walked = yield from walk(trusted, height, self._now_ms(), self._terms)
        return walked.block

    async def _confront(self, witness: bytes, light: LightBlock) -> None:
        """Ask another peer for the same block; two that the same validators made final are a fork, and nobody is to be believed."""
        height = light.header.height
        try:
            blocks = await light_blocks(self._network, witness, [height])
            for other in blocks[:1]:
                if other.header == light.header:
                    return
                check_light_block(other, self._genesis.chain_id)
                if other.header.height != height or other.validators != light.validators:
                    raise Malformed(f"expected the light block of height {height}")
                raise OperatorError(
                    f"peers show two final blocks of height {height}: {header_hash(light.header).hex()} and "
                    f"{header_hash(other.header).hex()}; the chain has forked, ask the other operators"
                )
        except Malformed as error:
            self._network.report(witness, PeerFault(f"light block {height}: {error}", 100))
        except OperatorError:
            raise
        except GridnodeError as error:
            _log.info("no answer", peer=witness, reason=str(error))

    # Its chunks

    async def _download(self, manifest: Manifest) -> bool:
        """Whether all chunks are on the disk; why not is logged. Raises OSError."""
        present = await trio.to_thread.run_sync(self._present, manifest)
        self._fetch.begin(manifest, present)
        if present:
            _log.info("going on with what is there", height=manifest.height, chunks=len(present))
        needed = 2 * manifest.bytes - sum(chunk_bytes(manifest, index) for index in present)
        free = free_bytes(self._chain.parent)
        if needed > free:
            _log.error("the disk has no room for the snapshot and its database", height=manifest.height, needed=needed, free=free)
            return False
        self._refusal = None
        with trio.CancelScope() as fetching:
            async with trio.open_nursery() as watching:
                watching.start_soon(self._watch, fetching)
                await self._fetch_all(manifest)
                watching.cancel_scope.cancel()
        if self._refusal is not None:
            raise self._refusal
        if fetching.cancelled_caught:
            _log.warning("chunks come too slowly", height=manifest.height, missing=self._fetch.missing)
            return False
        if self._fetch.missing:
            _log.warning("chunks are missing and nobody has them", height=manifest.height, missing=self._fetch.missing)
        return not self._fetch.missing

    async def _fetch_all(self, manifest: Manifest) -> None:
        async with trio.open_nursery() as nursery:
            while self._fetch.missing and not self._fetch.is_stuck and self._refusal is None:
                self._stirred = trio.Event()
                for ask in self._fetch.next_requests():
                    nursery.start_soon(self._ask_chunk, manifest, ask)
                await self._stirred.wait()

    async def _watch(self, fetching: trio.CancelScope) -> None:
        """End a download that does not get on: a peer that answers now and then could hold up the node for ever."""
        before = self._fetch.missing
        while True:
            await trio.sleep(SLOW_MS / 1000)
            if before - self._fetch.missing < SLOW_CHUNKS:
                fetching.cancel()
            before = self._fetch.missing

    def _present(self, manifest: Manifest) -> set[int]:
        for height in self._snapshots.begun():
            if height != manifest.height:
                self._snapshots.give_up(height)
        return {index for index in range(len(manifest.chunks)) if self._snapshots.fetched(manifest, index) is not None}

    async def _ask_chunk(self, manifest: Manifest, ask: AskChunk) -> None:
        request = encode(ChunkRequest(manifest.height, ask.number))
        try:
            chunk = await self._network.request(ask.peer, RequestKind.CHUNK, request, CHUNK_TIMEOUT_MS)
        except GridnodeError as error:
            _log.info("no chunk", peer=ask.peer, index=ask.number, reason=str(error))
            await trio.sleep(RETRY_MS / 1000)
            self._fetch.failed(ask.peer, ask.number)
        else:
            fault = self._fetch.arrived(ask.peer, ask.number, chunk)
            if fault is not None:
                _log.warning("a wrong chunk", peer=ask.peer, index=ask.number)
                self._network.report(ask.peer, PeerFault(fault, 100))
            elif self._fetch.has(ask.number):
                await self._put(manifest.height, ask.number, chunk)
        self._stirred.set()

    async def _put(self, height: int, number: int, chunk: bytes) -> None:
        try:
            await trio.to_thread.run_sync(self._snapshots.put_chunk, height, number, chunk)
        except OSError as error:
            self._refusal = error


def free_bytes(folder: Path) -> int:
    """Bytes that this process may still write on the disk of a folder. Raises OSError."""
    return shutil.disk_usage(folder).free


def _is_full(error: OSError | OperatorError) -> bool:
    """Whether the disk has no room; the database says so in words alone."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return os.strerror(errno.ENOSPC) in str(error)
