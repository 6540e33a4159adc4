"""A chain that was taken back, or made anew, beside a guard that remembers: the node listens until it is past what it has signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trio

from gridnode.chain.vote import Vote, VoteKind
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import Input
from gridnode.mempool.pool import Pool
from gridnode.node.candidates import Candidates
from gridnode.node.duty import Duty
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.perform import Performer, Resume
from gridnode.node.verifier import Verifier
from gridnode.signer.signs import OwnKey
from gridnode.storage.sign_guard import SignGuard
from gridnode.storage.wal import Wal
from tests.chain_in_memory import CHAIN, PARAMS, account, keys_of
from tests.unit.node.peers_in_memory import GrownChain, Peers
from tests.unit.operations.chains import opened

SIGNED_AT = 3


class World:
    """Nothing happens in it by itself."""

    def __init__(self) -> None:
        self.offered: list[Input | Resume] = []

    def offer(self, event: Input | Resume) -> None:
        self.offered.append(event)

    def schedule(self, timeout: fx.ScheduleTimeout) -> None:
        """No time passes."""

    def cancel(self, height: int) -> None:
        """No time passes."""

    def spawn(self, run: Callable[[fx.ObtainBlock], Awaitable[None]], effect: fx.ObtainBlock) -> None:
        """Nobody has a block."""

    def now_ms(self) -> int:
        return 0


def performer(store: LedgerStore, engine: Engine, folder: Path) -> Performer:
    """That of MEA, whose guard lies in a folder."""
    guard = SignGuard(folder / "guard", CHAIN, keys_of("mea-node"))
    wal, pool = Wal(folder / "wal"), Pool()
    wal.prune(store.next_height)
    candidates = Candidates(pool, Verifier(), Peers())

    def nobody(_: Any) -> None:
        """Nobody listens."""

    key, pool_of_evidence = OwnKey(guard), EvidencePool(store, nobody)
    duty = Duty(key, keys_of("mea-machine").public_key)
    return Performer(engine, store, pool, candidates, key, wal, nobody, {}, nobody, nobody, pool_of_evidence, World(), duty)


def signs_at(folder: Path, start: int, height: int, resumed: bool) -> dict[int, bool]:
    """Whether the node votes at each height, from `start` on, as its chain grows to `height`; `resumed` begins as after a restart."""
    chain, found = GrownChain(height), dict[int, bool]()
    engine = Engine(PARAMS, account("mea-node"))

    async def run(store: LedgerStore) -> None:
        one = performer(store, engine, folder)
        while store.height < height:
            begin = store.start()
            first = resumed and not found and store.next_height == start
            await one.handle(Resume(begin, ()) if first else begin)
            found[store.next_height] = engine.signs
            final, made = chain.final(store.next_height), chain.executed[store.height]
            assert final is not None
            store.commit(await store.execute(final.block, made.transactions), final.commit)

    with opened(folder / "data") as store:
        trio.run(run, store)
    return found


def sign(folder: Path) -> None:
    """Its last vote, before the chain was taken back."""
    guard = SignGuard(folder / "guard", CHAIN, keys_of("mea-node"))
    assert isinstance(guard.sign_vote(VoteKind.PRECOMMIT, SIGNED_AT, 0, bytes(32)), Vote)


def test_it_listens_up_to_the_height_it_signed_at(tmp_path: Path) -> None:
    sign(tmp_path)
    assert signs_at(tmp_path, 1, 4, resumed=False) == {1: False, 2: False, 3: False, 4: True}


def test_so_it_does_when_it_starts_below(tmp_path: Path) -> None:
    """The first height is one of a restart without a log; the heights behind it are the ones that would be forgotten."""
    sign(tmp_path)
    assert signs_at(tmp_path, 1, 4, resumed=True) == {1: False, 2: False, 3: False, 4: True}


def test_a_node_that_has_signed_nothing_votes_on_the_first_block(tmp_path: Path) -> None:
    assert signs_at(tmp_path, 1, 1, resumed=True) == {1: True}
