"""Bonds: in at once, out after the delay, power by bond, and no GRID made or lost on the way."""

import pytest

from gridnode.modules.token.codes import TokenCode
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators.codes import ValidatorsCode as Code
from gridnode.modules.validators.events import Bonded, Released, Unbonded
from gridnode.modules.validators.messages import Bond, Revoke, Unbond
from gridnode.modules.validators.queries import total_stake
from gridnode.modules.validators.tables import BONDS
from gridnode.primitives.limits import MAX_UNBONDINGS
from tests.chain_in_memory import GRID, account
from tests.validators_world import ValidatorsWorld, licence

START = 1_000_000 * GRID


@pytest.fixture
def world() -> ValidatorsWorld:
    made = ValidatorsWorld()
    made.know("alice", "bob")
    made.ok(("erc", licence("alice", "alice")), ("erc", licence("bob", "bob")))
    return made


def held(world: ValidatorsWorld, name: str) -> int:
    """GRID of an account."""
    return balance(world.reader, account(name), Denomination.GRID)


def test_power_follows_bonds(world: ValidatorsWorld) -> None:
    assert "alice" not in world.powers()
    world.ok(("alice", Bond("alice", 300 * GRID)))
    assert world.seen(Bonded)[0].bond == 300 * GRID
    powers = world.powers()
    assert powers == {"egat": 40_960, "mea": 40_960, "pea": 40_960, "alice": 81_920}
    world.ok(("bob", Bond("bob", 100 * GRID)))
    assert (world.powers()["alice"], world.powers()["bob"]) == (61_440, 20_480)
    assert (held(world, "alice"), total_stake(world.reader)) == (START - 300 * GRID, 400 * GRID)


def test_too_small_a_bond_does_not_count(world: ValidatorsWorld) -> None:
    world.ok(("alice", Bond("alice", 100 * GRID - 1)))
    assert world.powers() == {"egat": 10, "mea": 10, "pea": 10}
    world.ok(("alice", Bond("alice", 1)))
    assert "alice" in world.powers()
    world.ok(("alice", Unbond("alice", 1)))
    assert world.powers() == {"egat": 10, "mea": 10, "pea": 10}


def test_unbonded_grid_comes_home_after_the_delay(world: ValidatorsWorld) -> None:
    world.ok(("alice", Bond("alice", 300 * GRID)))
    world.ok(("alice", Unbond("alice", 120 * GRID)), ("alice", Unbond("alice", 30 * GRID)))
    due = world.seen(Unbonded)[0].release_ms
    assert due == world.ledger.tip.time_ms + 90_000
    world.next(after_ms=89_999)
    assert held(world, "alice") == START - 300 * GRID
    world.next(after_ms=1)
    assert held(world, "alice") == START - 150 * GRID
    assert [event.amount for event in world.seen(Released)] == [150 * GRID]
    assert total_stake(world.reader) == 150 * GRID


def test_a_revoked_bond_goes_home(world: ValidatorsWorld) -> None:
    world.ok(("alice", Bond("alice", 300 * GRID)), ("erc", Revoke("alice")))
    assert "alice" not in world.powers()
    world.next(after_ms=90_000)
    assert (held(world, "alice"), total_stake(world.reader)) == (START, 0)


def test_bonds_refused(world: ValidatorsWorld) -> None:
    assert world.codes(
        ("alice", Bond("nobody", 1)),
        ("bob", Bond("alice", 1)),
        ("egat", Bond("egat", 1)),
        ("alice", Bond("alice", 0)),
        ("alice", Bond("alice", START + 1)),
        ("alice", Unbond("alice", 1)),
        ("alice", Unbond("alice", 0)),
        ("erc", Revoke("bob")),
        ("bob", Bond("bob", 1)),
    ) == [
        Code.UNKNOWN_VALIDATOR,
        Code.NOT_OPERATOR,
        Code.WRONG_KIND,
        Code.ZERO_AMOUNT,
        TokenCode.INSUFFICIENT_BALANCE,
        Code.INSUFFICIENT_BOND,
        Code.ZERO_AMOUNT,
        0,
        Code.NOT_LICENSED,
    ]


def test_so_many_amounts_may_be_on_their_way(world: ValidatorsWorld) -> None:
    world.ok(("alice", Bond("alice", 300 * GRID)))
    for _ in range(MAX_UNBONDINGS):
        world.ok(("alice", Unbond("alice", 1)))
    assert world.codes(("alice", Unbond("alice", 1))) == [Code.TOO_MANY_UNBONDINGS]
    world.next(after_ms=90_000)
    world.ok(("alice", Unbond("alice", 1)))


def test_nobody_pays_into_the_account_of_bonds(world: ValidatorsWorld) -> None:
    from gridnode.modules.token.messages import Transfer

    assert world.codes(("alice", Transfer(BONDS, Denomination.GRID, 1))) == [TokenCode.RESERVED_ACCOUNT]
