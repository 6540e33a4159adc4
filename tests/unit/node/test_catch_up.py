"""Block sync of a real store against peers in memory: honest, slow, lying, of another chain; on a virtual clock."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from gridnode.codec.records import decode, encode
from gridnode.execution.executed import Executed
from gridnode.mempool.pool import Pool
from gridnode.network.config import Channel
from gridnode.node.block_sync import ASK_TIMEOUT_MS
from gridnode.node.candidates import Candidates
from gridnode.node.catch_up import CatchUp
from gridnode.node.open_store import open_store
from gridnode.node.verifier import Verifier
from gridnode.node.wire import from_wire
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.ids import Address
from gridnode.sync.messages import BlockAnswer, BlockRequest, FinalBlock, Status
from tests.chain_in_memory import genesis
from tests.unit.node.peers_in_memory import GrownChain, Peers, commit_of, silent

HONEST, LIAR = b"h" * 32, b"l" * 32
BLOCKS = 5


class Late:
    """A node at height 0 and its block sync."""

    def __init__(self, folder: Path, peer_of: Mapping[Address, bytes]) -> None:
        self.store = open_store(folder, genesis())
        self.peers = Peers()
        self.began: list[int] = []
        self.stored: list[int] = []
        pool, verifier = Pool(), Verifier()
        candidates = Candidates(pool, verifier, self.peers)
        self.sync = CatchUp(self.store, self.peers, candidates, self._committed, self._caught_up, peer_of)  # type: ignore[arg-type]

    def _committed(self, executed: Executed) -> None:
        self.stored.append(executed.block.header.height)
        self.sync.stored()

    def _caught_up(self) -> None:
        self.began.append(self.store.next_height)

    async def until(self, fact: Callable[[], bool], seconds: float = 60) -> None:
        """Virtual time until a fact holds."""
        with trio.fail_after(seconds):
            while not fact():
                await trio.sleep(0.01)


@contextmanager
def late(folder: Path, peer_of: Mapping[Address, bytes] | None = None) -> Iterator[Late]:
    """Closed at the end."""
    node = Late(folder, peer_of or {})
    try:
        yield node
    finally:
        node.store.close()


def play(node: Late, script: Callable[[], Awaitable[None]]) -> None:
    """Run the sync beside a script, until the script ends."""

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.sync.run, True)
            await script()
            nursery.cancel_scope.cancel()

    trio.run(run, clock=MockClock(autojump_threshold=0))


@pytest.fixture(scope="module")
def chain() -> GrownChain:
    """What an honest peer has."""
    return GrownChain(BLOCKS)


def test_a_late_node_gets_the_chain_and_then_begins(tmp_path: Path, chain: GrownChain) -> None:
    """All blocks in order, the same state root; consensus begins once, above them; the peers are told when it is there."""
    with late(tmp_path) as node:
        node.peers.answers[HONEST] = chain.honest

        async def script() -> None:
            node.sync.heard(HONEST, chain.status())
            await node.until(lambda: bool(node.began))

        play(node, script)
        assert node.stored == list(range(1, BLOCKS + 1))
        assert node.began == [BLOCKS + 1]
        assert node.store.state_root == chain.memory.blocks[-1].header.state_root
        assert not node.sync.syncing
        told = [from_wire(payload) for channel, payload in node.peers.told if channel is Channel.SYNC]
        heights = [status.height for status in told if isinstance(status, Status)]
        assert heights[-1] == BLOCKS
        assert len(heights) == len(set(heights)), "nobody is told every block of a node that is behind"


def test_alone_a_node_begins_after_a_while(tmp_path: Path) -> None:
    """Nobody says anything: it goes on with what it has."""
    with late(tmp_path) as node:
        play(node, lambda: node.until(lambda: bool(node.began)))
        assert node.began == [1]


def test_a_peer_of_another_chain_is_refused(tmp_path: Path, chain: GrownChain) -> None:
    """Its genesis differs."""
    with late(tmp_path) as node, pytest.raises(PeerFault, match="genesis"):
        node.sync.heard(LIAR, replace(chain.status(), genesis_hash=b"x" * 32))


def bad_answers(chain: GrownChain) -> dict[str, Callable[[int, bytes], bytes]]:
    """What a liar may answer when it is asked for the first blocks."""
    first = chain.final(1)
    assert first is not None
    body, header = first.block, first.block.header

    def blocks(*finals: FinalBlock) -> Callable[[int, bytes], bytes]:
        return lambda kind, payload: encode(BlockAnswer(finals))

    forged = replace(body, header=replace(header, state_root=b"f" * 32))
    forged_hash = chain.memory.ledger.tip.block_hash
    stripped = replace(body, transactions=())
    second = chain.final(2)
    assert second is not None
    return {
        "no canonical bytes": lambda kind, payload: b"\xc1",
        "another block's commit": blocks(replace(first, commit=second.commit)),
        "one of three signatures": blocks(replace(first, commit=commit_of(1, first.commit.block_hash, ("egat",)))),
        "a forged state root": blocks(FinalBlock(forged, replace(first.commit, block_hash=forged_hash))),
        "its transactions taken out": blocks(replace(first, block=stripped)),
        "a later block": blocks(second),
        "more than asked": lambda kind, payload: encode(
            BlockAnswer((first,) * (decode(BlockRequest, payload).count + 1))
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        "no canonical bytes",
        "another block's commit",
        "one of three signatures",
        "a forged state root",
        "its transactions taken out",
        "a later block",
        "more than asked",
    ],
)
def test_a_bad_block_is_not_stored_and_its_sender_is_named(tmp_path: Path, chain: GrownChain, name: str) -> None:
    """The liar is reported; the honest peer, heard later, brings the chain."""
    with late(tmp_path) as node:
        node.peers.answers = {LIAR: bad_answers(chain)[name], HONEST: chain.honest}

        async def script() -> None:
            node.sync.heard(LIAR, chain.status())
            await node.until(lambda: bool(node.peers.reported))
            assert node.store.height <= (name == "more than asked")  # the block before the surplus is good
            node.sync.heard(HONEST, chain.status())
            await node.until(lambda: node.store.height == BLOCKS)

        play(node, script)
        assert {peer for peer, _ in node.peers.reported} == {LIAR}
        assert node.store.state_root == chain.memory.blocks[-1].header.state_root


@pytest.mark.parametrize("answer", ["nothing", "silence"])
def test_who_claims_what_it_has_not_keeps_nobody_from_voting(tmp_path: Path, chain: GrownChain, answer: str) -> None:
    """It claims a height again and again: at most one time-out is lost, then consensus begins and is not held up any more."""
    with late(tmp_path) as node:
        node.peers.answers[LIAR] = silent if answer == "silence" else lambda kind, payload: encode(BlockAnswer(()))

        async def script() -> None:
            node.sync.heard(LIAR, chain.status(1_000_000))
            await node.until(lambda: bool(node.began), ASK_TIMEOUT_MS / 1000 + 1)
            for _ in range(50):
                node.sync.heard(LIAR, chain.status(1_000_000))
                await trio.sleep(1)
                assert not node.sync.syncing

        play(node, script)
        assert node.began == [1]
        assert node.sync.best == 0


def test_an_honest_peer_that_was_too_slow_once_is_believed_again(tmp_path: Path, chain: GrownChain) -> None:
    """It is still asked, and a good block clears its name."""
    with late(tmp_path) as node:
        node.peers.answers[HONEST] = silent

        async def script() -> None:
            node.sync.heard(HONEST, chain.status())
            await node.until(lambda: bool(node.began))
            node.peers.answers[HONEST] = chain.honest
            node.sync.heard(HONEST, chain.status())  # as every second
            await node.until(lambda: node.store.height == BLOCKS)
            node.sync.heard(HONEST, chain.status())
            await node.until(lambda: node.sync.best == BLOCKS and not node.sync.syncing)

        play(node, script)
        assert node.began[-1] == BLOCKS + 1


def test_one_block_behind_is_given_to_consensus_first(tmp_path: Path, chain: GrownChain) -> None:
    """Nothing is asked for while the block may still come by itself; when it has come, nothing at all."""
    with late(tmp_path) as node:
        node.peers.answers[HONEST] = chain.honest

        async def script() -> None:
            node.sync.heard(HONEST, chain.status(0))
            await node.until(lambda: bool(node.began))
            node.sync.heard(HONEST, chain.status(1))
            await trio.sleep(0.2)
            assert node.peers.asked == []
            await node.until(lambda: node.store.height == 1)

        play(node, script)
        assert node.peers.asked[0][0] == HONEST


def test_blocks_that_follow_each_other_reach_the_disk_together_and_before_anybody_is_told(tmp_path: Path, chain: GrownChain) -> None:
    """A process that dies in between has none of them, or all, and goes on from there."""
    left: list[tuple[int, int]] = []

    def left_by_a_death(number: int) -> int:
        copy = shutil.copytree(tmp_path / "node", tmp_path / f"copy-{number}")
        store = open_store(copy, genesis())
        try:
            return store.height
        finally:
            store.close()

    with late(tmp_path / "node") as node:
        node.peers.answers[HONEST] = chain.honest
        committed, broadcast = node.sync._sync._on_commit, node.peers.broadcast

        def watched(executed: Executed) -> None:
            height = executed.block.header.height
            left.append((height, left_by_a_death(height)))
            committed(executed)

        def told(channel: Channel, payload: bytes) -> None:
            status = from_wire(payload)
            assert isinstance(status, Status)
            assert left_by_a_death(100 + len(node.peers.told)) == status.height == node.store.height
            broadcast(channel, payload)

        node.sync._sync._on_commit = watched
        node.peers.broadcast = told  # type: ignore[method-assign]

        async def script() -> None:
            node.sync.heard(HONEST, chain.status())
            await node.until(lambda: bool(node.began))

        play(node, script)
        assert left == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 5)]
        assert len(node.peers.told) > 1
