"""Clocks that jump and drift: the chain goes on, its time rises and stays near what the other clocks show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS
from gridnode.simulation.plan import Plan, Wish
from gridnode.simulation.run import Simulation, shared_world

HOUR_MS = 3_600_000
RUN_MS = 9_000
SLOWEST_MS = 6_000
"""A height at worst: as many rounds as there are wrong clocks are lost, and one is good."""

Trouble = Callable[[Simulation], None]


def jump(by_ms: int, *numbers: int) -> Trouble:
    """These machines' clocks jump once, a second after the start."""

    def trouble(simulation: Simulation) -> None:
        for number in numbers:
            machine = simulation.machines[number]
            simulation.clock.at(1_000, partial(setattr, machine, "clock_offset_ms", by_ms))

    return trouble


def to_and_fro(*numbers: int) -> Trouble:
    """An hour ahead, right, an hour behind, right, every two seconds."""

    def trouble(simulation: Simulation) -> None:
        for number in numbers:
            for turn in range(RUN_MS // 2_000):
                offset_ms = (HOUR_MS, 0, -HOUR_MS, 0)[turn % 4]
                machine = simulation.machines[number]
                simulation.clock.at(2_000 * turn, partial(setattr, machine, "clock_offset_ms", offset_ms))

    return trouble


def drift(by_ms: int, *numbers: int) -> Trouble:
    """The clocks go wrong slowly: by so many ms in each second."""

    def trouble(simulation: Simulation) -> None:
        for number in numbers:
            for second in range(RUN_MS // 1_000):
                machine = simulation.machines[number]
                simulation.clock.at(1_000 * second, partial(setattr, machine, "clock_offset_ms", by_ms * second))

    return trouble


@pytest.mark.parametrize(
    ("validators", "trouble"),
    [
        (4, jump(HOUR_MS, 0)),
        (4, jump(-HOUR_MS, 0)),
        (4, jump(-HOUR_MS, 3)),
        (7, jump(HOUR_MS, 1, 4)),
        (7, jump(-HOUR_MS, 1, 4)),
        (4, to_and_fro(2)),
        (4, drift(2_000, 1)),
        (4, drift(-2_000, 1)),
        (7, drift(-20_000, 0, 1)),
    ],
    ids=["+1h", "-1h", "-1h other", "f at +1h", "f at -1h", "to and fro", "drift ahead", "drift behind", "f drift behind"],
)
def test_wrong_clocks_do_not_stop_or_lead_the_chain(validators: int, trouble: Trouble) -> None:
    """The nodes with wrong clocks come along, too."""
    with shared_world():
        simulation = Simulation(Plan(Wish(1, validators), (1,) * validators, {}))
        trouble(simulation)
        genesis_ms = simulation.chain.genesis.time_ms
        height, since_ms, previous_ms = 0, 0, genesis_ms
        for now_ms in range(100, RUN_MS, 100):
            simulation.clock.run(now_ms, simulation.checkers.is_over)
            simulation.checkers.look()
            best = simulation.checkers.best
            if best > height:
                time_ms = simulation.checkers.chain_time_ms()
                assert time_ms > previous_ms
                assert now_ms - SLOWEST_MS <= time_ms - genesis_ms <= now_ms + MAX_CLOCK_DRIFT_MS
                height, since_ms, previous_ms = best, now_ms, time_ms
            assert now_ms - since_ms <= SLOWEST_MS, f"height {height} since {since_ms}"
        assert min(simulation.checkers.heights.values()) >= height - 1
        assert height >= 5


def test_after_an_outage_the_chain_has_the_time_of_the_day() -> None:
    """All were down for longer than a block may be old: nobody's block is too old, for it is made now."""
    away_ms = 600_000
    with shared_world():
        simulation = Simulation(Plan(Wish(1), (1,) * 4, {}))
        simulation.clock.run(1_000, simulation.checkers.is_over)
        for machine in simulation.machines:
            machine.stop()
        simulation.clock.run(away_ms, simulation.checkers.is_over)
        for machine in simulation.machines:
            machine.start()
        height = simulation.checkers.best
        simulation.clock.run(away_ms + 6_000, simulation.checkers.is_over)
        simulation.checkers.look()
        assert simulation.checkers.best >= height + 3
        assert simulation.checkers.chain_time_ms() >= simulation.chain.genesis.time_ms + away_ms
