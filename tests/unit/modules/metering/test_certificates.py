"""Only what a device signed becomes lots and GRID; what it takes back is owed and paid by what it generates next."""

from __future__ import annotations

import pytest

from gridnode.chain.kinds import to_event
from gridnode.modules.lots.tables import HOLD, LOTS
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.events import DebtChanged
from gridnode.modules.metering.queries import debt
from gridnode.modules.metering.tables import DEBTS, LATE, SUMS
from gridnode.modules.registry.messages import BindMeter
from gridnode.modules.registry.tables import Direction, Source
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.limits import MAX_POINT_LOTS
from gridnode.primitives.units import grid_of
from tests.energy_world import device
from tests.meters_alone import WINDOW_MS, Meters


@pytest.fixture
def meters() -> Meters:
    """Meters in whose world three MTUs have just ended."""
    made = Meters()
    made.after(2)
    return made


def _held(meters: Meters) -> int:
    return balance(meters.state, HOLD, Denomination.GRID)


def test_more_becomes_a_lot_of_the_difference(meters: Meters) -> None:
    assert meters.measure("alice-pv", 2, 100) == 0
    assert meters.measure("alice-pv", 2, 130, 1) == 0
    assert [LOTS.require(meters.state, number).energy_wh for number in (1, 2)] == [100, 30]
    assert {LOTS.require(meters.state, number).mtu for number in (1, 2)} == {meters.first + 2}
    assert SUMS.require(meters.state, meters.first + 2, "alice-point").lots == (1, 2)
    assert _held(meters) == grid_of(130)
    meters.end_block()


def test_less_claws_nothing_back_and_is_paid_by_what_comes_next(meters: Meters) -> None:
    meters.measure("alice-pv", 0, 100)
    assert meters.measure("alice-pv", 0, 60, 1) == 0
    assert (meters.issued_wh("alice-pv"), debt(meters.state, "alice-pv"), _held(meters)) == (100, 40, grid_of(100))
    meters.end_block()
    assert meters.measure("alice-pv", 1, 30) == 0  # pays 30 of 40
    assert (meters.issued_wh("alice-pv"), debt(meters.state, "alice-pv")) == (100, 10)
    assert SUMS.require(meters.state, meters.first + 1, "alice-point").lots == ()
    assert meters.measure("alice-pv", 2, 25) == 0  # pays 10, the rest is issued
    assert (meters.issued_wh("alice-pv"), debt(meters.state, "alice-pv")) == (115, 0)
    assert not DEBTS.has(meters.state, "alice-pv")
    told = [event for event in meters.context.events if event.kind == "metering.debt_changed"]
    assert told == [to_event(DebtChanged("alice-pv", 10)), to_event(DebtChanged("alice-pv", 0))]
    meters.end_block()


def test_a_debt_is_the_meters_own(meters: Meters) -> None:
    meters.measure("alice-pv", 0, 100)
    meters.measure("alice-pv", 0, 0, 1)
    meters.measure("alice-wind", 0, 70)
    meters.measure("carol-pv", 0, 80)
    assert (meters.issued_wh("alice-wind"), meters.issued_wh("carol-pv"), debt(meters.state, "alice-pv")) == (70, 80, 100)
    meters.end_block()


def test_up_again_pays_before_it_issues(meters: Meters) -> None:
    for version, energy_wh in enumerate((100, 20, 90, 150)):
        assert meters.measure("alice-pv", 0, energy_wh, version) == 0
    assert (meters.issued_wh("alice-pv"), debt(meters.state, "alice-pv")) == (150, 0)
    meters.end_block()


def test_what_a_dso_says_is_never_issued(meters: Meters) -> None:
    assert meters.substitute("alice-pv", 0, 500, 0) == 0
    assert (meters.issued_wh("alice-pv"), _held(meters)) == (0, 0)
    assert SUMS.require(meters.state, meters.first, "alice-point").generated_wh == 500
    assert meters.measure("alice-pv", 0, 480) == 0
    assert meters.issued_wh("alice-pv") == 480
    assert meters.substitute("alice-pv", 0, 700, 2) == 0
    assert (meters.issued_wh("alice-pv"), debt(meters.state, "alice-pv")) == (480, 0)
    meters.end_block()


def test_what_a_dso_takes_away_is_owed(meters: Meters) -> None:
    meters.measure("alice-pv", 0, 100)
    assert meters.substitute("alice-pv", 0, 70, 1) == 0
    assert debt(meters.state, "alice-pv") == 30
    assert meters.substitute("alice-pv", 0, 90, 2) == 0  # more, but no device says so
    assert debt(meters.state, "alice-pv") == 30
    assert meters.measure("alice-pv", 0, 100, 1) == 0
    assert (meters.issued_wh("alice-pv"), debt(meters.state, "alice-pv")) == (100, 0)
    meters.end_block()


def test_a_late_version_certifies_alike(meters: Meters) -> None:
    meters.measure("alice-pv", 0, 100)
    meters.after(0, WINDOW_MS)
    assert meters.measure("alice-pv", 0, 140, 1) == 0
    assert meters.measure("carol-pv", 0, 50) == 0
    assert LATE.require(meters.state, meters.first, "alice-point").lots == (2,)
    assert LATE.require(meters.state, meters.first, "carol-point").lots == (3,)
    assert _held(meters) == grid_of(190)
    meters.end_block()


@pytest.mark.parametrize("late", [False, True])
def test_corrections_fill_the_lots_of_a_point_too(late: bool) -> None:
    meters = Meters()
    key = device("carol-more").public_key
    meters.world.full_checks = False
    meters.world.ok(("pea", BindMeter("carol-more", "carol-point", key, Direction.GENERATION, Source.WIND, 9)), after_ms=1)
    meters.first = meters.world.time_ms // 3_000
    meters.end_block()
    meters.after(0)
    before = 10 if late else MAX_POINT_LOTS
    for version in range(before):
        assert meters.measure("carol-pv", 0, version + 1, version) == 0
    meters.after(0, WINDOW_MS if late else 0)
    for version in range(before, MAX_POINT_LOTS):  # those that wait for settlement count, too
        assert meters.measure("carol-pv", 0, version + 1, version) == 0
    assert meters.measure("carol-more", 0, 1) == MeteringCode.TOO_MANY_LOTS
    assert meters.measure("carol-more", 0, 0) == 0
    assert meters.measure("carol-pv", 0, 1, MAX_POINT_LOTS) == 0  # less needs none
    assert meters.measure("carol-pv", 0, 2, MAX_POINT_LOTS + 1) == 0  # and paying the debt needs none
    assert debt(meters.state, "carol-pv") == MAX_POINT_LOTS - 2
    meters.end_block()
