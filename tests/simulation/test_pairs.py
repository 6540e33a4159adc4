"""Two honest machines of one key under every fault: never two signatures for one step, no false alarm, and the lease changes hands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.simulation.plan import ALL, Fault, Wish, plan_of
from gridnode.simulation.run import Result
from tests.simulation.pairs import PairSimulation

HEIGHTS = 24
SAFE = tuple(fault for fault in ALL if fault not in (Fault.DEAD, Fault.CLOCK))
"""The pair is down by turns anyway; of four validators no other may stay away for good, or prevote nil because its clock is wrong."""


def among_seven(seed: int) -> tuple[Result, PairSimulation]:
    """A run in which one clock besides is wrong, and a spare validator comes and goes."""
    plan = plan_of(Wish(seed, 7, ALL, HEIGHTS, 0))
    percent = {fault: percent for fault, percent in plan.percent.items() if fault is not Fault.DEAD}
    percent.setdefault(Fault.CLOCK, 5)
    plan = replace(plan, powers=(1,) * 7, dead=(), liars={}, wrong_clocks=(1 + seed % 6,), percent=percent, misses_to_jail=0)
    simulation = PairSimulation(plan)
    return simulation.run(), simulation


def simulated(seed: int, faults: tuple[Fault, ...]) -> tuple[Result, PairSimulation]:
    """A run of a seed; the checkers of every simulation look on, `signing` and `locks` by validator, not by machine."""
    plan = plan_of(Wish(seed, faults=faults, heights=HEIGHTS, byzantine=0))
    plan = replace(plan, powers=(1, 1, 1, 1), dead=(), liars={})
    simulation = PairSimulation(plan)
    return simulation.run(), simulation


@pytest.mark.parametrize("seed", range(6))
def test_in_good_weather_the_standby_takes_over(seed: int) -> None:
    """The primary dies, the standby signs; both come to the same end, and one of them has the lease."""
    result, simulation = simulated(seed, ())
    assert result.violation is None, result.violation
    pair = (simulation.primary, simulation.standby)
    assert sum(machine.takes for machine in pair) > 0
    assert not [alarm for machine in pair for alarm in machine.alarms]
    leases = {machine.lease() for machine in pair if machine.node is not None and machine.node.store.height >= HEIGHTS}
    assert None not in leases
    signed = [machine.node.guard.last for machine in pair if machine.node is not None]
    assert any(last is not None for last in signed)


@pytest.mark.parametrize("seed", range(24))
def test_under_every_fault(seed: int) -> None:
    """Loss, delay, repetition, partitions, crashes, power cuts and full disks: no step is signed twice."""
    result, simulation = simulated(seed, SAFE)
    assert result.violation is None, result.violation
    for machine in (simulation.primary, simulation.standby):
        assert machine.alarms == []


@pytest.mark.parametrize("seed", range(6))
def test_among_seven_with_a_wrong_clock_and_a_set_that_changes(seed: int) -> None:
    """Then there is room for one whose clock is wrong, and for a validator that comes and goes; for the pair all is as before."""
    result, simulation = among_seven(seed)
    assert result.violation is None, result.violation
    for machine in (simulation.primary, simulation.standby):
        assert machine.alarms == []
