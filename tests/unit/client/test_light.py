"""A light client's run against sources: what is kept, who is asked again, and what each bad source gets; on a virtual clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from gridnode.chain.light_block import LightBlock, LightBlocks
from gridnode.client.light import LAG_ATTEMPTS, LightClient, RemoteSource
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.client.trusted import TrustedFolder
from gridnode.codec.records import encode
from gridnode.light.asking import Heights
from gridnode.light.attack import Divergence
from gridnode.light.terms import LightBlockInvalid
from gridnode.light.trusted import MemoryBlocks
from gridnode.light.witness import Opinion
from gridnode.primitives.errors import OperatorError
from tests.light_chain import TERMS, LightChain, changed

FOUR = {0: 1, 1: 1, 2: 1, 3: 1}
CHAIN = LightChain([{number % 60: 1 for number in range(height, height + 4)} for height in range(31)])
OTHER = LightChain([FOUR] * 31)
Give = Callable[[int], LightBlock | None]


class FromMemory:
    """A source that has what a function gives."""

    def __init__(self, give: Give, name: str = "node") -> None:
        self.name = name
        self.asked: list[int] = []
        self._give = give

    async def fetch(self, heights: Heights) -> Sequence[LightBlock]:
        """What there is of it."""
        self.asked += heights
        await trio.lowlevel.checkpoint()
        found = [self._give(height) for height in heights]
        return [block for block in found if block is not None]


class Away:
    """A node that cannot be reached."""

    name = "away"

    async def fetch(self, heights: Heights) -> Sequence[LightBlock]:
        """It cannot."""
        raise RemoteProblem(0, "UNREACHABLE", "away")


class Slow:
    """A node that never ends its answer."""

    name = "slow"

    async def fetch(self, heights: Heights) -> Sequence[LightBlock]:
        """It comes never."""
        await trio.sleep_forever()
        return ()


def verify(height: int, primary: Any, *witnesses: Any, trusted: Any = None) -> tuple[Any, MemoryBlocks]:
    """One question, from block 1."""
    store = trusted
    if store is None:
        store = MemoryBlocks()
        store.put(CHAIN.at(1))
    client = LightClient(primary, witnesses, store, TERMS, lambda: CHAIN.now_ms)
    return trio.run(client.verified, height, clock=MockClock(autojump_threshold=0)), store


def test_what_is_verified_and_confirmed_is_kept() -> None:
    """All headers of the way; a second question about one of them asks nobody."""
    primary, witness = FromMemory(CHAIN.give), FromMemory(CHAIN.give, "second")
    found, store = verify(20, primary, witness)
    assert found.walked.block == CHAIN.at(20)
    assert [(one.witness, one.statement.opinion) for one in found.heard] == [("second", Opinion.AGREES)]
    assert len(store) == len(found.walked.trace) > 5
    before = list(primary.asked)
    assert verify(20, primary, witness, trusted=store)[0].walked.trace == ()
    assert primary.asked == before


@pytest.mark.parametrize(
    ("bad", "opinion"),
    [(Away(), Opinion.SILENT), (Slow(), Opinion.SILENT), (FromMemory(OTHER.give), Opinion.WRONG)],
    ids=["away", "slow", "lies"],
)
def test_bad_witnesses_have_no_say_beside_a_good_one_and_alone_confirm_nothing(bad: Any, opinion: Opinion) -> None:
    """A slow one is waited for, and not for ever."""
    found, _ = verify(20, FromMemory(CHAIN.give), bad, FromMemory(CHAIN.give))
    assert [one.statement.opinion for one in found.heard] == [opinion, Opinion.AGREES]
    store = MemoryBlocks()
    store.put(CHAIN.at(1))
    with pytest.raises(RemoteProblem, match="UNCONFIRMED: no witness confirms block 20"):
        verify(20, FromMemory(CHAIN.give), bad, trusted=store)
    assert len(store) == 1


def test_a_witness_that_lags_is_asked_again() -> None:
    """Until it has the block, or a few times."""
    times = iter(range(100))

    def late(height: int) -> LightBlock | None:
        if height == 0:
            return CHAIN.at(19)
        return CHAIN.give(height) if next(times) >= 2 else None

    found, _ = verify(20, FromMemory(CHAIN.give), FromMemory(late))
    assert found.heard[0].statement.opinion is Opinion.AGREES
    never = FromMemory(lambda height: CHAIN.at(19) if height == 0 else CHAIN.give(height) if height < 20 else None)
    with pytest.raises(RemoteProblem, match="lags behind its newest block is 19"):
        verify(20, FromMemory(CHAIN.give), never)
    assert never.asked == [20, 0] * LAG_ATTEMPTS


def test_a_witness_that_proves_another_chain_ends_it() -> None:
    """Even beside one that agrees; nothing of the walk is kept."""
    steady = LightChain([FOUR] * 31)
    fork = LightChain([FOUR] * 31, salt=b"fork")
    fork.blocks[0] = steady.at(1)
    store = MemoryBlocks()
    store.put(steady.at(1))
    witnesses = [FromMemory(steady.give), FromMemory(fork.give, "W")]
    client = LightClient(FromMemory(steady.give), witnesses, store, TERMS, lambda: steady.now_ms)
    with pytest.raises(Divergence, match="witness W proves another chain") as caught:
        trio.run(client.verified, 20)
    assert caught.value.attack.common == steady.at(1)
    assert len(store) == 1


def test_a_primary_that_lies_or_is_away() -> None:
    """Named, with what was expected."""
    lie = changed(CHAIN.at(20), signers=[19])
    for primary, code in (
        (FromMemory(lambda height: lie), "BAD_LIGHT_BLOCK: node: light block 20: expected precommits of more than 2/3"),
        (FromMemory(lambda height: None), "NOT_FOUND: node: expected a light block of height 20, got none"),
        (Away(), "UNREACHABLE"),
    ):
        with pytest.raises(RemoteProblem, match=code):
            verify(20, primary)


def source(answer: Callable[[httpx.Request], httpx.Response], most_bytes: int = 10_000) -> Any:
    """What a node's API makes of a question for blocks 3 and 2."""

    async def run() -> Any:
        async with Remote("http://node", transport=httpx.MockTransport(answer), most_bytes=most_bytes) as remote:
            return await RemoteSource(remote).fetch((3, 2))

    return trio.run(run)


def test_light_blocks_over_http() -> None:
    """A page of them; none; an error; junk; more than anybody honest sends."""
    blocks = (CHAIN.at(3), CHAIN.at(2))
    asked: list[str] = []

    def good(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=encode(LightBlocks(blocks)))

    assert source(good) == blocks
    assert asked == ["http://node/api/v1/light/3/raw?count=2"]
    error = {"data": None, "error": {"code": "NOT_FOUND", "message": "", "field": None}, "timestamp": 1}
    assert source(lambda request: httpx.Response(404, json=error)) == ()
    with pytest.raises(RemoteProblem):
        source(lambda request: httpx.Response(500, json=error))
    for junk in (b"", b"\xc0", encode(LightBlocks(blocks))[:-1], encode(LightBlocks(blocks)) + b"\0"):
        with pytest.raises(LightBlockInvalid, match="malformed light blocks"):
            source(lambda request, junk=junk: httpx.Response(200, content=junk))
    with pytest.raises(RemoteProblem, match="TOO_LARGE"):
        source(lambda request: httpx.Response(200, content=bytes(10_001)))


def test_a_folder_of_trusted_blocks_comes_back(tmp_path: Path) -> None:
    """With what it had; of more than its bound the lowest go from disk, too."""
    folder = TrustedFolder(tmp_path / "light", 3)
    for height in (5, 1, 9, 7):
        folder.put(CHAIN.at(height))
    again = TrustedFolder(tmp_path / "light", 3)
    assert len(again) == len(folder) == 3
    assert again.at_or_below(20) == CHAIN.at(9)
    assert again.at_or_above(0) == CHAIN.at(5)
    assert sorted(path.name for path in (tmp_path / "light").iterdir()) == [f"{height:020d}.light" for height in (5, 7, 9)]
    with pytest.raises(LightBlockInvalid, match="which is trusted"):
        again.put(OTHER.at(9))
    assert TrustedFolder(tmp_path / "light", 3).at_or_below(20) == CHAIN.at(9)


def test_a_crash_while_a_block_is_written_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it comes: a partial file is no block, and a block that was renamed is whole."""
    folder = TrustedFolder(tmp_path)
    folder.put(CHAIN.at(1))

    class Died(BaseException):
        """The process is gone."""

    def die(*_: Any) -> None:
        raise Died

    for name in ("fsync", "rename"):
        with monkeypatch.context() as patch:
            patch.setattr(os if name == "fsync" else Path, name, die)
            with pytest.raises(Died):
                folder.put(CHAIN.at(2))
        assert TrustedFolder(tmp_path).at_or_below(9) == CHAIN.at(1)
        assert not list(tmp_path.glob("*.partial"))
    (tmp_path / f"{3:020d}.partial").write_bytes(b"half of a bl")
    assert len(TrustedFolder(tmp_path)) == 1


def test_a_damaged_folder_is_refused(tmp_path: Path) -> None:
    """A flipped bit, a cut file, a file under another name, two chains, a folder that is none."""
    TrustedFolder(tmp_path).put(CHAIN.at(4))
    [path] = tmp_path.iterdir()
    whole = path.read_bytes()
    flipped = whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]
    for content in (flipped, whole[:-1], whole[:10], b""):
        path.write_bytes(content)
        with pytest.raises(OperatorError, match="the trusted block is damaged"):
            TrustedFolder(tmp_path)
    path.unlink()
    (tmp_path / f"{5:020d}.light").write_bytes(whole)
    with pytest.raises(OperatorError, match="it holds block 4"):
        TrustedFolder(tmp_path)
    (tmp_path / f"{5:020d}.light").unlink()
    folder = TrustedFolder(tmp_path)
    folder.put(CHAIN.at(4))
    folder.put(changed(CHAIN.at(5), chain_id="light-2"))
    with pytest.raises(OperatorError, match="of one chain, got light-1, light-2"):
        TrustedFolder(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OperatorError, match="cannot use the folder"):
        TrustedFolder(tmp_path / "file")
