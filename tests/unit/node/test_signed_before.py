"""A chain that was taken back, or made anew, beside a guard that remembers: the node listens until it is past what it has signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
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
from gridnode.node.perform import Performer
from gridnode.node.verifier import Verifier
from gridnode.node.world import Resume
from gridnode.signer.signs import OwnKey
from gridnode.storage.first_guard import guard_above
from gridnode.storage.sign_guard import SignGuard
from gridnode.storage.wal import Wal
from tests.chain_in_memory import CHAIN, PARAMS, account, keys_of
from tests.unit.node.peers_in_memory import GrownChain, Peers
from tests.unit.operations.chains import data_of, opened

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


def performer(store: LedgerStore, engine: Engine, folder: Path, hears: bool) -> Performer:
    """That of MEA, whose guard lies in a folder; the others tell that they stand where it does, or nothing."""
    guard = SignGuard(folder / "guard", CHAIN, keys_of("mea-node"))
    wal, pool = Wal(folder / "wal"), Pool()
    wal.prune(store.next_height)
    candidates = Candidates(pool, Verifier(), Peers())

    def nobody(_: Any) -> None:
        """Nobody listens."""

    key, pool_of_evidence = OwnKey(guard), EvidencePool(store, nobody)
    duty = Duty(key, keys_of("mea-machine").public_key)
    nodes = {member.address: member.name.encode() for member in store.validators.members}
    told = (lambda: dict.fromkeys(nodes.values(), store.height)) if hears else dict[bytes, int]
    return Performer(
        engine, store, pool, candidates, key, wal, nobody, nodes, nobody, nobody, pool_of_evidence, World(), duty, told
    )  # fmt: skip


def signs_at(folder: Path, start: int, height: int, resumed: bool, hears: bool = False) -> dict[int, bool]:
    """Whether the node votes at each height, from `start` on, as its chain grows to `height`; `resumed` begins as after a restart.

    Everybody has signed every block, MEA too: in the life that its guard remembers, or in one that it does not.
    """
    chain, found = GrownChain(height), dict[int, bool]()
    engine = Engine(PARAMS, account("mea-node"))

    async def run(store: LedgerStore) -> None:
        one = performer(store, engine, folder, hears)
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


def test_a_node_whose_key_is_new_votes_on_the_first_block(tmp_path: Path) -> None:
    guard_above(tmp_path / "guard", CHAIN, keys_of("mea-node"), 0)
    assert signs_at(tmp_path, 1, 1, resumed=True) == {1: True}


def test_a_node_without_a_guard_votes_on_no_block_before_it_has_heard_others(tmp_path: Path) -> None:
    """Not on the first, and on no other: its chain grows by commits that somebody sends, and says nothing of how old they are."""
    assert signs_at(tmp_path, 1, 6, resumed=True) == dict.fromkeys(range(1, 7), False)


def test_it_votes_above_what_it_may_have_signed_once_it_has_heard_them(tmp_path: Path) -> None:
    """At tip 2: it may have signed at 3 and 4."""
    data_of(tmp_path / "data", 2)
    assert signs_at(tmp_path, 3, 5, resumed=True, hears=True) == {3: False, 4: False, 5: True}


@pytest.mark.parametrize("hears", [False, True])
def test_a_guard_from_a_backup_is_a_lost_one(tmp_path: Path, hears: bool) -> None:
    """It remembers height 3; commits up to 40 have the node's precommit, the newest that it has to know far above its own memory."""
    data_of(tmp_path / "data", 40)
    sign(tmp_path)
    assert signs_at(tmp_path, 41, 43, resumed=True, hears=hears) == {41: False, 42: False, 43: hears}
