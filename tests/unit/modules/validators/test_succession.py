"""A name that another operator gets: what the one before has signed, bonded or missed is his alone, and his money comes home to him."""

import pytest

from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators.codes import ValidatorsCode as Code
from gridnode.modules.validators.events import Convicted, Missed, Released
from gridnode.modules.validators.messages import Bond, Revoke, Unbond
from gridnode.modules.validators.queries import convictions, total_stake
from gridnode.modules.validators.tables import (
    CONVICTIONS,
    FULL,
    KEYS,
    UNBONDINGS,
    Conviction,
    KeyOwner,
    Standing,
    Status,
    Unbonding,
)
from gridnode.primitives.ids import Address, PublicKey
from gridnode.primitives.limits import MAX_UNBONDINGS
from gridnode.primitives.units import Amount, Height, Round, TimeMs
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from tests.chain_in_memory import GRID, account
from tests.validators_world import ValidatorsWorld, address, double_proposal, double_vote, licence, node_key

START = 1_000_000 * GRID
STAKER = "solar"
"""The name: alice's at first, then bob's."""


@pytest.fixture
def world() -> ValidatorsWorld:
    """Alice has bonded 400 GRID under the name; a few blocks have gone by."""
    made = ValidatorsWorld()
    made.know("first", "second", "third")
    made.ok(("erc", licence(STAKER, "alice", key="first")), ("alice", Bond(STAKER, 400 * GRID)))
    made.next()
    made.next()
    return made


def hand_over(world: ValidatorsWorld, bonded: int = 400 * GRID) -> int:
    """Bob gets the name, a key of his own, and bonds. Returns the last height at which alice had her seat."""
    world.ok(
        ("erc", Revoke(STAKER)),
        ("erc", licence(STAKER, "bob", key="second")),
        ("bob", Bond(STAKER, bonded)),
    )
    return world.height


def held(world: ValidatorsWorld, name: str) -> int:
    """GRID of an account."""
    return balance(world.reader, account(name), Denomination.GRID)


def test_the_old_key_convicts_the_old_operator_alone(world: ValidatorsWorld) -> None:
    at = hand_over(world)
    before = world.row(STAKER)
    assert before.licence.operator == account("bob")
    world.next(evidence=[double_proposal("first", at)])
    [event] = world.seen(Convicted)
    assert (event.operator, event.key, event.slashed) == (account("alice"), node_key("first"), 20 * GRID)
    after = world.row(STAKER)
    assert (after.licence, after.standing, after.seat) == (before.licence, before.standing, before.seat)
    [(convicted, conviction)] = convictions(world.reader)
    assert (convicted, conviction.name, conviction.operator) == (address("first"), STAKER, account("alice"))
    world.next(after_ms=90_000)
    assert (held(world, "alice"), held(world, "bob")) == (START - 20 * GRID, START - 400 * GRID)


def test_the_successor_pays_for_his_own_key(world: ValidatorsWorld) -> None:
    hand_over(world, 200 * GRID)
    world.next()
    world.next(evidence=[double_vote("second", world.height)])
    assert world.seen(Convicted)[0].slashed == 10 * GRID, "and nothing of what alice has on its way home"
    assert world.row(STAKER).licence.status is Status.CONVICTED
    world.next(after_ms=90_000)
    assert (held(world, "alice"), held(world, "bob")) == (START, START - 10 * GRID)


def test_who_gets_the_name_back_answers_for_the_time_before(world: ValidatorsWorld) -> None:
    at = hand_over(world)
    world.ok(("erc", Revoke(STAKER)), ("erc", licence(STAKER, "alice", key="third")), ("alice", Bond(STAKER, 200 * GRID)))
    world.next(evidence=[double_vote("first", at)])
    assert world.row(STAKER).licence.status is Status.CONVICTED
    assert world.seen(Convicted)[0].slashed == 30 * GRID, "of 400 on their way and 200 bonded"


def test_a_key_is_never_another_operators(world: ValidatorsWorld) -> None:
    assert KEYS.get(world.reader, address("first")) == KeyOwner(STAKER, account("alice"), node_key("first"))
    world.ok(("erc", Revoke(STAKER)))
    assert world.codes(("erc", licence(STAKER, "bob", key="first"))) == [Code.KEY_TAKEN]
    world.ok(("erc", licence(STAKER, "alice", key="first")))


def test_two_operators_leave_one_name_in_one_block(world: ValidatorsWorld) -> None:
    """Both rows have the same time and name; each has its own amount, and its own owner."""
    hand_over(world, 300 * GRID)
    world.ok(("bob", Unbond(STAKER, 10 * GRID)))
    world.ok(
        ("bob", Unbond(STAKER, 20 * GRID)),
        ("erc", Revoke(STAKER)),
        ("erc", licence(STAKER, "carol", key="third")),
        ("carol", Bond(STAKER, 200 * GRID)),
        ("carol", Unbond(STAKER, 50 * GRID)),
    )
    due = world.ledger.tip.time_ms + 90_000
    rows = {key[2]: row.amount for key, row in UNBONDINGS.scan(world.reader, due)}
    assert rows == {account("bob"): 290 * GRID, account("carol"): 50 * GRID}
    assert [(owner, row.amount) for _, owner, row in world.row(STAKER).unbonding][:2] == [
        (account("alice"), 400 * GRID),
        (account("bob"), 10 * GRID),
    ]
    world.next(after_ms=90_000)
    assert sum(event.amount for event in world.seen(Released)) == 750 * GRID
    assert (held(world, "alice"), held(world, "bob"), held(world, "carol")) == (START, START, START - 150 * GRID)
    assert total_stake(world.reader) == 150 * GRID


def test_what_others_have_on_its_way_is_not_counted(world: ValidatorsWorld) -> None:
    for _ in range(MAX_UNBONDINGS):
        world.ok(("alice", Unbond(STAKER, 1)))
    hand_over(world)
    world.ok(("bob", Unbond(STAKER, 1)))


def test_turns_missed_before_are_not_the_successors(world: ValidatorsWorld) -> None:
    """The block of the change is committed in a round after the old key's turn; who begins then lacks nothing."""
    order = world.ledger.tip.proposers
    turn = order.index(address("first"))
    hand_over(world)
    assert world.row(STAKER).standing == Standing(0, 0, 0, 0, FULL, TimeMs(0))
    world.next(round_=turn + 1)
    assert STAKER not in [event.name for event in world.seen(Missed)]
    assert world.row(STAKER).standing == Standing(0, 0, 0, 0, FULL, TimeMs(0))


def test_the_same_operator_keeps_its_standing(world: ValidatorsWorld) -> None:
    turn = world.ledger.tip.proposers.index(address("first"))
    world.next()
    world.next(round_=turn + 1)
    was = world.row(STAKER).standing
    assert was.missed == 1
    world.ok(("erc", Revoke(STAKER)), ("erc", licence(STAKER, "alice", key="third")))
    assert world.row(STAKER).standing.missed == 1


def test_frozen_bytes() -> None:
    """Rows as they are on every chain that exists: whose a key is, what is on its way home, who was convicted of what."""
    key, operator, name = PublicKey(b"\x01" * 32), Address(b"\x02" * 20), b"\xa5" + STAKER.encode()
    state = State(MemoryReader())
    KEYS.put(state, operator, KeyOwner(STAKER, operator, key))
    assert state.get(KEYS.key(operator)) == b"\x93" + name + b"\xc4\x14" + operator + b"\xc4\x20" + key
    row = UNBONDINGS.key(TimeMs(256), STAKER, operator)
    assert row == bytes([3, 7]) + (256).to_bytes(8, "big") + STAKER.encode() + b"\0" + operator
    UNBONDINGS.put(state, TimeMs(256), STAKER, operator, Unbonding(Amount(1), Height(7)))
    assert state.get(row) == b"\x92\xc4\x01\x01\x07"
    CONVICTIONS.put(state, operator, Conviction(STAKER, operator, Height(1), Round(2), Height(3), Amount(4)))
    assert state.get(CONVICTIONS.key(operator)) == b"\x96" + name + b"\xc4\x14" + operator + b"\x01\x02\x03\xc4\x01\x04"
