"""Invariants of metering notice each row of versions, debts and late differences that a broken rule could leave behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gridnode.modules.metering import invariants
from gridnode.modules.metering.tables import (
    DEBTS,
    LATE,
    METERED,
    MTUS,
    READINGS,
    REASONS,
    SUMS,
    VERSIONS,
    LateSum,
    Quality,
)
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.overlay import State
from tests.meters_alone import WINDOW_MS, Meters

Damage = Callable[[State], None]
PV, LOAD, POINT = "carol-pv", "carol-load", "carol-point"


@pytest.fixture(scope="module")
def meters() -> Meters:
    """carol-pv measured 100, was substituted by 80 and owes 20; carol-load has three versions of which one is late."""
    made = Meters()
    made.after(0)
    assert made.measure(PV, 0, 100) == made.substitute(PV, 0, 80, 1) == 0
    assert made.measure(LOAD, 0, 40) == made.measure(LOAD, 0, 50, 1) == 0
    made.after(0, WINDOW_MS)
    assert made.measure(LOAD, 0, 45, 2) == 0
    assert made.measure(LOAD, 1, 7) == 0
    made.end_block()
    return made


FIRST = Meters().first


def _change(table: Any, key: tuple[Any, ...], **fields: Any) -> Damage:
    return lambda state: table.put(state, *key, replace(table.require(state, *key), **fields))


def _next(**fields: Any) -> Damage:
    """A further version of the load's reading, right in all but these fields."""

    def damage(state: State) -> None:
        old = READINGS.require(state, LOAD, FIRST)
        VERSIONS.put(state, LOAD, FIRST, old.version, old)
        READINGS.put(state, LOAD, FIRST, replace(old, **{"version": 3, **fields}))

    return damage


BLOCK_AND_WHOLE: dict[str, Damage] = {
    "a reading goes away": lambda state: READINGS.delete(state, LOAD, FIRST),
    "a reading changes without a version": _change(READINGS, (LOAD, FIRST), consumed_wh=46),
    "a number is left out": _next(version=4),
    "a version is forgotten": _change(READINGS, (LOAD, FIRST), version=3),
    "a version of no reading": lambda state: VERSIONS.put(
        state, "bob-load", FIRST, 0, READINGS.require(state, LOAD, FIRST)
    ),
    "time goes back": _next(time_ms=0),
    "the device's count goes back": _next(measured=0),
    "a superseded version goes away": lambda state: VERSIONS.delete(state, LOAD, FIRST, 0),
    "a superseded version under another number": _change(VERSIONS, (LOAD, FIRST, 0), version=1),
    "consumption from nowhere": _next(consumed_wh=46),
    "certified without a device": _change(READINGS, (PV, FIRST), measured=0),
    "certified beyond what was generated": _change(READINGS, (PV, FIRST), certified_wh=81),
    "measured and not certified": _change(READINGS, (PV, FIRST), quality=Quality.MEASURED, certified_wh=79),
    "a reading of no quality": _next(quality=Quality.OPEN),
    "an MTU miscounted": _change(MTUS, (FIRST,), consumed_wh=46),
    "all miscounted": _change(METERED, (), readings=4),
    "a debt grows": lambda state: DEBTS.put(state, PV, 21),
    "a debt is forgotten": lambda state: DEBTS.delete(state, PV),
}
BLOCK_ONLY: dict[str, Damage] = {
    "a superseded version changes": _change(VERSIONS, (LOAD, FIRST, 0), consumed_wh=41),
    "a reason changes": lambda state: REASONS.put(state, PV, FIRST, 1, "another"),
    "a reason goes away": lambda state: REASONS.delete(state, PV, FIRST, 1),
    "a debt of nothing": lambda state: DEBTS.put(state, LOAD, 0),
}
WHOLE_ONLY: dict[str, Damage] = {
    "sums of a point miscounted": _change(SUMS, (FIRST, POINT), generated_wh=81),
    "a late difference miscounted": _change(LATE, (FIRST, POINT), consumed_wh=-4),
    "a late difference forgotten": lambda state: LATE.delete(state, FIRST, POINT),
    "late beyond all readings": lambda state: LATE.put(state, FIRST, "bob-point", LateSum(0, 1, ())),
}


def _damaged(meters: Meters, damage: Damage) -> State:
    state = State(meters.reader)
    damage(state)
    assert state.writes()
    return state


@pytest.mark.parametrize("name", [*BLOCK_AND_WHOLE, *BLOCK_ONLY])
def test_the_check_of_a_block_notices(meters: Meters, name: str) -> None:
    state = _damaged(meters, (BLOCK_AND_WHOLE | BLOCK_ONLY)[name])
    with pytest.raises(InvariantBroken):
        invariants.check_block(meters.reader, state.writes())


@pytest.mark.parametrize("name", [*BLOCK_AND_WHOLE, *WHOLE_ONLY])
def test_the_audit_notices(meters: Meters, name: str) -> None:
    state = _damaged(meters, (BLOCK_AND_WHOLE | WHOLE_ONLY)[name])
    with pytest.raises(InvariantBroken):
        invariants.check_whole(state)


def test_nothing_is_found_where_nothing_is_wrong(meters: Meters) -> None:
    state = _damaged(meters, lambda state: _next()(state))
    invariants.check_block(meters.reader, state.writes())
    invariants.check_whole(state)
