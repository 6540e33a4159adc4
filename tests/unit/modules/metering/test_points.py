"""What settlement gets: figures of a point completed by estimates, which then stay, and differences that came later."""

from __future__ import annotations

import pytest

from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.points import (
    Late,
    complete_point,
    drop_sum,
    estimate,
    point_quality,
    point_sum,
    take_late,
)
from gridnode.modules.metering.queries import reading as latest
from gridnode.modules.metering.tables import LATE, SUMS, LateSum, PointSum, Quality, Reading
from gridnode.modules.registry.tables import METERS
from gridnode.primitives.ids import PublicKey
from gridnode.primitives.limits import MTUS_PER_DAY
from tests.meters_alone import WINDOW_MS, Meters

ALICE, BOB, CAROL = "alice-point", "bob-point", "carol-point"
MEASURED, SUBSTITUTED, ESTIMATED = Quality.MEASURED, Quality.SUBSTITUTED, Quality.ESTIMATED


@pytest.fixture
def meters() -> Meters:
    """Meters in whose world the first MTU may just be settled."""
    made = Meters()
    made.after(0)
    return made


def _close(meters: Meters, mtu: int = 0) -> int:
    meters.after(mtu, WINDOW_MS)
    return meters.first + mtu


def test_nothing_is_estimated_where_nothing_lacks(meters: Meters) -> None:
    meters.measure("carol-pv", 0, 30)
    meters.measure("carol-load", 0, 20)
    mtu = _close(meters)
    events = list(meters.context.events)
    assert complete_point(meters.context, mtu, CAROL) == PointSum(30, 20, (1,), MEASURED)
    assert meters.context.events == events
    assert latest(meters.state, "carol-pv", mtu).version == 0
    meters.end_block()


def test_a_consumer_is_supposed_to_do_what_it_did_the_day_before(meters: Meters) -> None:
    meters.measure("bob-load", 0, 70)
    meters.substitute("bob-load", 0, 65, 1)
    _close(meters)
    mtu = _close(meters, MTUS_PER_DAY)
    assert complete_point(meters.context, mtu, BOB) == PointSum(0, 65, (), ESTIMATED)
    assert latest(meters.state, "bob-load", mtu) == Reading(0, 65, 0, ESTIMATED, meters.time_ms, 0, 0)
    assert meters.context.totals.consumed_wh == 65
    meters.end_block()


def test_no_day_before_means_zero(meters: Meters) -> None:
    mtu = _close(meters)
    assert complete_point(meters.context, mtu, BOB) == PointSum(0, 0, (), ESTIMATED)
    assert latest(meters.state, "bob-load", mtu) == Reading(0, 0, 0, ESTIMATED, meters.time_ms, 0, 0)
    assert estimate(meters.context, "carol-load", METERS.require(meters.state, "carol-load"), 3).consumed_wh == 0
    meters.end_block()


def test_an_estimate_is_plausible(meters: Meters) -> None:
    meters.measure("bob-load", 0, 70)
    mtu = _close(meters, MTUS_PER_DAY)
    known = METERS.require(meters.state, "bob-load")
    smaller = type(known)(known.point, known.device_key, known.direction, known.source, 50)
    METERS.put(meters.state, "bob-load", smaller)
    assert complete_point(meters.context, mtu, BOB).consumed_wh == 50


def test_generation_is_never_estimated(meters: Meters) -> None:
    meters.measure("alice-pv", 0, 500)
    meters.measure("alice-load", 0, 40)
    mtu = _close(meters, MTUS_PER_DAY)
    assert complete_point(meters.context, mtu, ALICE) == PointSum(0, 40, (), ESTIMATED)
    assert meters.issued_wh("alice-pv") == 500
    meters.end_block()


def test_a_meter_without_a_device_is_not_estimated(meters: Meters) -> None:
    known = METERS.require(meters.state, "bob-load")
    unbound = type(known)(known.point, PublicKey(b""), known.direction, known.source, known.max_energy_wh)
    METERS.put(meters.state, "bob-load", unbound)
    mtu = _close(meters)
    assert complete_point(meters.context, mtu, BOB) == PointSum(0, 0, (), ESTIMATED)
    assert latest(meters.state, "bob-load", mtu) is None


def test_quality_is_the_lowest_of_the_points_readings(meters: Meters) -> None:
    mtu = meters.first
    assert point_quality(meters.state, mtu, ALICE) is ESTIMATED
    for meter in ("alice-pv", "alice-load", "alice-wind"):
        meters.measure(meter, 0, 5)
    assert point_quality(meters.state, mtu, ALICE) is MEASURED
    meters.substitute("alice-load", 0, 6, 1)
    _close(meters)
    assert complete_point(meters.context, mtu, ALICE).quality is SUBSTITUTED
    assert point_quality(meters.state, mtu, ALICE) is SUBSTITUTED
    meters.end_block()


def test_completed_figures_stay(meters: Meters) -> None:
    meters.measure("bob-load", 0, 70)
    mtu = _close(meters)
    completed = complete_point(meters.context, mtu, BOB)
    assert meters.measure("bob-load", 0, 90, 1) == 0
    assert complete_point(meters.context, mtu, BOB) == completed == PointSum(0, 70, (), MEASURED)
    assert point_sum(meters.state, mtu, BOB) == completed
    drop_sum(meters.state, mtu, BOB)
    assert not SUMS.has(meters.state, mtu, BOB)
    assert meters.measure("bob-load", 0, 60, 2) == 0
    assert take_late(meters.state, mtu + 1, 9) == [Late(mtu, BOB, LateSum(0, -10, ()))]
    meters.end_block()


def test_the_device_comes_after_its_estimate(meters: Meters) -> None:
    meters.measure("carol-pv", 0, 80)
    meters.measure("carol-load", 0, 20)
    mtu = _close(meters, MTUS_PER_DAY)
    assert complete_point(meters.context, mtu, CAROL) == PointSum(0, 20, (), ESTIMATED)
    drop_sum(meters.state, mtu, CAROL)
    assert meters.measure("carol-pv", MTUS_PER_DAY, 50, 1) == MeteringCode.VERSION_GAP
    assert meters.measure("carol-pv", MTUS_PER_DAY, 50) == 0
    assert meters.measure("carol-load", MTUS_PER_DAY, 20) == 0  # the same, and of better quality
    found = latest(meters.state, "carol-pv", mtu)
    assert (found.version, found.quality, found.measured, found.certified_wh) == (1, MEASURED, 1, 50)
    assert take_late(meters.state, mtu + 1, 9) == [Late(mtu, CAROL, LateSum(50, 0, (2,)))]
    assert point_quality(meters.state, mtu, CAROL) is MEASURED
    meters.end_block()


def test_what_was_late_before_is_taken_in(meters: Meters) -> None:
    meters.measure("carol-pv", 0, 80)
    mtu = _close(meters)
    meters.measure("carol-pv", 0, 95, 1)
    meters.measure("carol-load", 0, 20)
    meters.end_block()
    assert SUMS.require(meters.state, mtu, CAROL) == PointSum(80, 0, (1,), Quality.OPEN)
    assert LATE.require(meters.state, mtu, CAROL) == LateSum(15, 20, (2,))
    assert complete_point(meters.context, mtu, CAROL) == PointSum(95, 20, (1, 2), MEASURED)
    assert take_late(meters.state, mtu + 1, 9) == []
    meters.end_block()


def test_late_rows_are_taken_in_order_and_once(meters: Meters) -> None:
    meters.after(2, WINDOW_MS)
    for mtu in (2, 1, 0):
        for meter in ("carol-load", "bob-load"):
            meters.measure(meter, mtu, 10 + mtu)
    meters.end_block()
    first = meters.first
    taken = take_late(meters.state, first + 2, 3)
    assert [(late.mtu - first, late.point) for late in taken] == [(0, BOB), (0, CAROL), (1, BOB)]
    assert take_late(meters.state, first + 2, 9) == [Late(first + 1, CAROL, LateSum(0, 11, ()))]
    assert take_late(meters.state, first + 2, 9) == []
    assert len(take_late(meters.state, first + 3, 9)) == 2
    meters.end_block()
