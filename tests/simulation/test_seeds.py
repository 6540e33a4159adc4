"""A few hundred seeds hold every promise; many more are a command away: `gridnode simulate --seeds 10000 --jobs 2`.

A seed that fails prints its command.
"""

from __future__ import annotations

import pytest

from gridnode.consensus.machine import RULES
from gridnode.simulation.campaign import Report, campaign
from gridnode.simulation.plan import Wish
from gridnode.simulation.run import simulate

SEEDS = 200
"""About half a minute on one core."""


@pytest.fixture(scope="module")
def report() -> Report:
    """What came of the first seeds."""
    return campaign(Wish(0), range(SEEDS), 2, lambda outcome: None)


def told(report: Report) -> str:
    """Failures, each with its command."""
    return "\n".join(f"{outcome.broken}\n  {outcome.wish.command}" for outcome in report.failed)


def test_every_promise_is_kept(report: Report) -> None:
    """In every kind of bad weather, with up to f liars."""
    assert not report.failed, told(report)
    assert report.forks == 0


def test_every_line_of_algorithm_1_is_exercised(report: Report) -> None:
    """Each rule of the machine's table changed something on the way."""
    assert sorted(report.rules) == sorted({rule.line for rule in RULES.values()})
    assert min(report.rules.values()) >= 10


@pytest.mark.parametrize("validators", [1, 2, 3, 7])
def test_other_sizes(validators: int) -> None:
    """One validator alone, two without a spare, and more."""
    report = campaign(Wish(0, validators), range(10_000, 10_008), 1, lambda outcome: None)
    assert not report.failed, told(report)


def test_beyond_f_a_fork_convicts_more_than_f() -> None:
    """Two of four are twins that keep the others apart: forks happen, and what honest nodes have heard is enough."""
    report = campaign(Wish(0, byzantine=2), range(20_000, 20_020), 2, lambda outcome: None)
    assert not report.failed, told(report)
    assert report.forks >= 5


@pytest.mark.slow
def test_two_thousand_seeds() -> None:
    """A longer look."""
    report = campaign(Wish(0), range(30_000, 32_000), 2, lambda outcome: None)
    assert not report.failed, told(report)


def test_a_node_that_died_when_its_block_was_on_the_disk() -> None:
    """Seed 2480: its seat ends with a block that it had stored and nobody had heard of; it rightly does not vote when it comes back."""
    result = simulate(Wish(2480))
    assert result.violation is None, result.plan.wish.command
