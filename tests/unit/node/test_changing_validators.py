"""A store knows who votes on each height, whatever changes the set: made new, after a restart, on LevelDB and on a simulated disk.

What changes the set here is a hook of the test's own, by height, so that every way of changing is tried: power, members in and out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio

from gridnode.chain.commit import Commit, commit_hash
from gridnode.chain.genesis import genesis_hash
from gridnode.chain.light_block import LightBlocks
from gridnode.chain.validators import ValidatorSet, validators_hash
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.codec.records import decode
from gridnode.execution import block
from gridnode.execution.validation import BlockInvalid
from gridnode.light.climb import climb
from gridnode.light.terms import Terms
from gridnode.light.walk import begin_with_genesis
from gridnode.mempool.pool import Pool
from gridnode.modules.context import Context
from gridnode.modules.validators.tables import SEATS, Seat
from gridnode.modules.validators.turns import draw_turns
from gridnode.node.ledger_store import LedgerStore, Pace, store_over
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Hash, Signature
from gridnode.simulation.disk import Rows
from gridnode.storage.leveldb import Database
from gridnode.sync.messages import LightRequest
from gridnode.sync.responder import answer_light
from tests.chain_in_memory import CHAIN, account, genesis, keys_of
from tests.light_chain import Run

POWERS = ({"egat": 1, "mea": 1, "pea": 1}, {"egat": 5, "mea": 1, "pea": 1}, {"egat": 5, "mea": 2}, {"mea": 2, "pea": 1})
GENESIS = genesis()
BY_NAME = {member.address: member for member in GENESIS.validators.members}
BLOCKS = 7


def set_after(height: int) -> ValidatorSet:
    """Who votes on the block after this one: every second block changes it."""
    powers = POWERS[(height // 2) % len(POWERS)]
    by_address = {account(f"{name}-node"): power for name, power in powers.items()}
    members = (replace(BY_NAME[address], power=power) for address, power in sorted(by_address.items()))
    return ValidatorSet(tuple(members))


def change(context: Context) -> None:
    """The hook: seats as `set_after` says."""
    for address in sorted(BY_NAME):
        SEATS.delete(context.state, address)
    for member in set_after(context.height).members:
        SEATS.put(context.state, member.address, Seat(member, True))
    draw_turns(context, context.proposer)


@pytest.fixture(autouse=True)
def changing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of the validators has the hook, and no invariant that forbids it."""
    modules = tuple(
        replace(module, end_block=change, check_block=lambda base, writes: None) if module.name == "validators" else module
        for module in block.MODULES
    )
    monkeypatch.setattr(block, "MODULES", modules)


@pytest.fixture(params=["leveldb", "simulated"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Opens the one database again and again; the store of before is closed."""
    rows, opened = Rows(None), []

    def reopen() -> LedgerStore:
        if opened:
            opened.pop().close()
        engine = rows if request.param == "simulated" else None
        database = Database(tmp_path, genesis_hash(GENESIS), engine)
        try:
            opened.append(store_over(database, GENESIS, Pace(trio.Lock(), trio.lowlevel.checkpoint)))
        except BaseException:
            database.close()
            raise
        return opened[0]

    yield reopen
    for store in opened:
        store.close()


def commit_of(height: int, block_hash: Hash, voters: ValidatorSet) -> Commit:
    """Signed by all of a set."""
    names = {account(f"{name}-node"): name for name in ("egat", "mea", "pea")}
    signed = vote_hash(CHAIN, VoteKind.PRECOMMIT, height, 0, block_hash)
    signatures = (keys_of(f"{names[member.address]}-node").sign(signed) for member in voters.members)
    return Commit(height, 0, block_hash, tuple(Signature(one) for one in signatures))


def grow(store: LedgerStore) -> None:
    """One more block, made by the first of who votes on it and signed by all of them."""

    async def build() -> None:
        maker = store.validators.members[0].address
        executed = await store.build(Pool(), GENESIS.time_ms + 1_000 * store.next_height, maker)
        store.commit(executed, commit_of(store.next_height, executed.block_hash, store.validators))

    trio.run(build)


def test_every_height_has_the_set_that_votes_on_it(opening: Any) -> None:
    """New from genesis, while it grows, and after each restart; the next block's last commit is checked with the set that voted."""
    store = opening()
    expected = [GENESIS.validators]
    assert store.validators_at(1) == GENESIS.validators
    for height in range(1, BLOCKS + 1):
        grow(store)
        expected.append(set_after(height))
        for _ in range(2):
            assert [store.validators_at(number) for number in range(1, height + 2)] == expected
            assert store.validators == expected[-1]
            assert store.validators_at(0) is store.validators_at(height + 2) is None
            header = store.header
            assert header is not None
            assert header.validators_hash == validators_hash(expected[-2])
            assert header.next_validators_hash == validators_hash(expected[-1])
            store = opening()


def test_a_restarted_node_checks_the_last_commit_with_who_signed_it(opening: Any) -> None:
    """A commit of the set that votes now, on the block that changed it, is refused: the two differ."""
    store = opening()
    for _ in range(4):
        grow(store)
    voted = store.validators_at(store.height)
    assert voted is not None
    assert len(voted.members) > len(store.validators.members)
    store = opening()

    async def propose(voters: ValidatorSet) -> None:
        executed = await store.build(Pool(), GENESIS.time_ms + 1_000 * store.next_height, store.validators.members[0].address)
        last = commit_of(store.height, store.tip_hash, voters)
        header = replace(executed.block.header, last_commit_hash=commit_hash(last))
        await store.execute(replace(executed.block, header=header, last_commit=last), ())

    trio.run(propose, voted)
    with pytest.raises(BlockInvalid, match="last_commit"):
        trio.run(propose, store.validators)


def test_light_blocks_of_every_height_are_whole(opening: Any) -> None:
    """Header, commit and who voted then: each is checked by itself, and from the first one all others follow."""
    store = opening()
    for _ in range(BLOCKS):
        grow(store)
    terms, now_ms = Terms(CHAIN), GENESIS.time_ms + 1_000 * BLOCKS
    answer = answer_light(LightRequest((*range(BLOCKS, 0, -1), 0, BLOCKS + 1)), store.height, store.light_block)
    blocks = decode(LightBlocks, answer).blocks
    assert [one.header.height for one in blocks] == [*range(BLOCKS, 0, -1), BLOCKS]
    first = Run(begin_with_genesis(GENESIS, terms), store.light_block, now_ms).result
    for one in blocks[: BLOCKS - 1]:
        trace = Run(climb(first, one, now_ms, terms), store.light_block, now_ms).result
        assert trace[-1] == one
    assert store.light_block(0) is store.light_block(BLOCKS + 1) is None


def test_a_store_whose_sets_do_not_fit_its_tip_is_not_opened(opening: Any) -> None:
    """A wrong row is noticed at the start, not by the votes of others."""
    store = opening()
    for _ in range(3):
        grow(store)
    batch = store._database.batch()
    store._blocks.put_validators(batch, store.height, set_after(7))
    batch.commit()
    with pytest.raises(InvariantBroken, match="expected the set that voted on block 3"):
        opening()
