"""Jail in the simulation: it happens, whoever is jailed comes back, and a chain that jails wrongly or keeps people is found out."""

from __future__ import annotations

import pytest

from gridnode.modules.validators import turns
from gridnode.modules.validators.standing import count_missed
from gridnode.simulation.jail import Operators
from gridnode.simulation.plan import Wish, plan_of
from gridnode.simulation.run import Result, simulate
from tests.simulation.bugs import instead

SEEDS = (56, 65, 142)
"""Seeds in which somebody is jailed."""
TWO_MISSES = 148
"""A seed in which two turns must be missed."""


def results() -> list[Result]:
    """Of those seeds."""
    return [simulate(Wish(seed)) for seed in SEEDS]


def test_somebody_is_jailed_and_comes_back() -> None:
    """In each of these seeds, and every promise is kept: a seat is lost, and had again once its operator asks."""
    for result in results():
        assert result.violation is None, result.plan.wish.command
        assert result.jailed, result.plan.wish.command


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_impaired_for_good_where_there_is_a_jail(seed: int) -> None:
    plan = plan_of(Wish(seed))
    assert plan.misses_to_jail
    assert not (plan.liars)
    assert not (plan.dead)
    assert not (plan.wrong_clocks)


def test_a_turn_that_is_counted_twice_is_found() -> None:
    """The blocks say how often somebody has missed its turn; all nodes agree on another number."""

    def twice(context: object, name: str, height: int) -> None:
        count_missed(context, name, height)  # type: ignore[arg-type]
        count_missed(context, name, height)  # type: ignore[arg-type]

    with instead(turns, "count_missed", twice):
        violation = simulate(Wish(TWO_MISSES)).violation
    assert str(violation).startswith("jail: "), violation


def test_who_does_not_ask_stays_in_jail_and_that_is_found() -> None:
    with instead(Operators, "_ask", lambda _self: None):
        violation = simulate(Wish(SEEDS[-1])).violation
    assert "did not come back" in str(violation), violation
