"""Random licences, bonds, jails, keys and evidence: the set is never empty, authorities keep their share, no GRID is made or lost.

Every block is executed three times (built, by a ledger that has just started, by the one that goes on) and all invariants are
checked over all rows; what is checked here besides is said without the module's own code.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.modules.validators import queries
from gridnode.modules.validators.events import Convicted, Released
from gridnode.modules.validators.messages import (
    Bond,
    Revoke,
    SetWeight,
    Unbond,
    Unjail,
    sign_rotation,
)
from gridnode.modules.validators.tables import Kind, Status
from tests.chain_in_memory import CHAIN, GRID, account, keys_of
from tests.validators_world import RICH, ValidatorsWorld, double_proposal, double_vote, licence

NAMES = ("egat", "mea", "pea", "alice", "bob", "carol")
NAME = st.sampled_from(NAMES)
AMOUNT = st.sampled_from([1, 99 * GRID, 100 * GRID, 101 * GRID, 5_000 * GRID, 2_000_000 * GRID])


class Validators(RuleBasedStateMachine):
    """A chain, and what its operators, its regulator and liars do to it, one or several things a block."""

    def __init__(self) -> None:
        super().__init__()
        self.world = ValidatorsWorld()
        self.calls: list[tuple[str, Any]] = []
        self.key_of = {name: name for name in NAMES}
        self.keys = 0
        self.total = self.grid()
        self.convicted: dict[str, None] = {}
        self.slashed: dict[bytes, int] = {}

    def grid(self) -> int:
        """All GRID, on whatever account."""
        rows = BALANCES.scan(self.world.reader)
        return sum(amount for (_, number), amount in rows if number == Denomination.GRID)

    def fresh_key(self, name: str) -> str:
        """The name of a new key."""
        self.keys += 1
        key = f"{name}-{self.keys}"
        self.world.know(key)
        return key

    @rule(name=NAME, operator=st.sampled_from(RICH), weight=st.integers(0, 20))
    def license(self, name: str, operator: str, weight: int) -> None:
        """Again or for the first time, to the same operator or another; whether it is refused is for the rules to say."""
        self.calls.append(("erc", licence(name, operator, weight, key=self.fresh_key(name))))

    @rule(name=NAME, operators=st.lists(st.sampled_from(RICH), min_size=2, max_size=4), amount=AMOUNT)
    def pass_on(self, name: str, operators: list[str], amount: int) -> None:
        """A name goes from one operator to the next within a block, each of whom bonds and is sent home."""
        for operator in operators:
            self.calls.append(("erc", licence(name, operator, key=self.fresh_key(name))))
            self.calls += [(operator, Bond(name, amount)), (operator, Unbond(name, amount // 3)), ("erc", Revoke(name))]

    @rule(name=NAME)
    def revoke(self, name: str) -> None:
        self.calls.append(("erc", Revoke(name)))

    @rule(name=NAME, weight=st.integers(1, 2**20))
    def weigh(self, name: str, weight: int) -> None:
        self.calls.append(("erc", SetWeight(name, weight)))

    @rule(name=NAME, operator=st.sampled_from(RICH), amount=AMOUNT)
    def bond(self, name: str, operator: str, amount: int) -> None:
        self.calls.append((operator, Bond(name, amount)))

    @rule(name=NAME, operator=st.sampled_from(RICH), amount=AMOUNT)
    def unbond(self, name: str, operator: str, amount: int) -> None:
        self.calls.append((operator, Unbond(name, amount)))

    @rule(name=NAME, sender=st.sampled_from((*RICH, "egat", "mea", "pea")))
    def unjail(self, name: str, sender: str) -> None:
        self.calls.append((sender, Unjail(name)))

    @rule(name=NAME, sender=st.sampled_from((*RICH, "egat", "mea", "pea")))
    def rotate(self, name: str, sender: str) -> None:
        key = self.fresh_key(name)
        self.calls.append((sender, sign_rotation(CHAIN, name, keys_of(f"{key}-node"))))

    @rule(turn=st.integers(0, 6), after_ms=st.sampled_from([1, 500, 20_000, 90_000]))
    def block(self, turn: int, after_ms: int) -> None:
        """Whoever's turn it is in some round makes it."""
        self.go(turn, after_ms, ())

    @precondition(lambda self: self.world.height > 1)
    @rule(which=st.integers(0, 100), back=st.integers(0, 3), proposals=st.booleans(), twice=st.booleans())
    def lie(self, which: int, back: int, proposals: bool, twice: bool) -> None:
        """Some key that was ever in a set has signed two things at one of the last heights; it may have had a seat then, or not."""
        names = list(self.world.keys.values())
        name, height = names[which % len(names)], max(1, self.world.height - back)
        piece = (double_proposal if proposals else double_vote)(name, height)
        self.go(0, 1_000, (piece, piece) if twice else (piece,))
        for event in self.world.seen(Convicted):
            key = event.key.hex()
            assert key not in self.convicted, "a key is convicted once"
            self.convicted[key] = None
            self.slashed[event.operator] = self.slashed.get(event.operator, 0) + event.slashed

    def go(self, turn: int, after_ms: int, evidence: tuple[Any, ...]) -> None:
        """The next block, with all that was asked for."""
        order = self.world.ledger.tip.proposers
        calls, self.calls = self.calls[:40], self.calls[40:]
        self.world.next(*calls, evidence=evidence, after_ms=after_ms, maker=order[turn % len(order)])

    @invariant()
    def no_grid_is_made_or_lost(self) -> None:
        assert self.grid() == self.total

    @invariant()
    def bonds_are_what_was_bonded(self) -> None:
        rows = queries.validators(self.world.reader)
        there = sum(row.licence.bond + sum(item.amount for _, _, item in row.unbonding) for row in rows)
        assert queries.total_stake(self.world.reader) == there
        for event in self.world.seen(Released):
            assert event.owner in [account(name) for name in RICH]

    @invariant()
    def everybody_has_what_it_began_with_but_for_what_its_own_keys_cost(self) -> None:
        rows = queries.validators(self.world.reader)
        for name in RICH:
            operator = account(name)
            bonded = sum(row.licence.bond for row in rows if row.licence.operator == operator)
            coming = sum(item.amount for row in rows for _, owner, item in row.unbonding if owner == operator)
            free = balance(self.world.reader, operator, Denomination.GRID)
            assert free + bonded + coming + self.slashed.get(operator, 0) == 1_000_000 * GRID

    @invariant()
    def the_set_is_what_it_must_be(self) -> None:
        rows = [row for row in queries.validators(self.world.reader) if row.seat is not None]
        own = [row for row in rows if row.licence.kind is Kind.AUTHORITY]
        assert own, "an authority is left"
        assert all(row.licence.status is Status.ACTIVE for row in rows)
        power = {row.name: row.seat.validator.power for row in rows if row.seat is not None}
        total = sum(power.values())
        held = sum(power[row.name] for row in own)
        assert Fraction(held, total) >= Fraction(600_000, 1_000_000)
        weights = {row.name: row.licence.weight for row in own}
        assert len({Fraction(power[name], weight) for name, weight in weights.items()}) == 1
        staked = [row for row in rows if row.licence.kind is Kind.STAKED]
        assert all(row.licence.bond >= 100 * GRID for row in staked)
        assert self.world.powers() == power
        assert sorted(self.world.ledger.tip.proposers) == sorted(row.address for row in rows)


Validators.TestCase.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
TestValidators = Validators.TestCase
