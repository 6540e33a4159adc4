"""Versions of a reading: who may write which number when, what stays of the earlier ones, and what the sums become."""

from __future__ import annotations

import pytest

from gridnode.chain.kinds import to_event
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.events import ReadingAccepted
from gridnode.modules.metering.messages import SubstituteReading
from gridnode.modules.metering.queries import Correction, corrections, energy, registers, versions
from gridnode.modules.metering.queries import reading as latest
from gridnode.modules.metering.tables import LATE, SUMS, LateSum, PointSum, Quality, Reading
from gridnode.modules.registry.messages import UnbindMeter
from gridnode.primitives.errors import OperatorError
from tests.energy_world import MAX_METER_WH, MTU_MS, reading, two_zones
from tests.meters_alone import CORRECTION_MS, WINDOW_MS, Meters

MEASURED, SUBSTITUTED, ESTIMATED = Quality.MEASURED, Quality.SUBSTITUTED, Quality.ESTIMATED


@pytest.fixture
def meters() -> Meters:
    """Meters in whose world the first MTU has just ended."""
    made = Meters()
    made.after(0)
    return made


def test_every_version_stays(meters: Meters) -> None:
    start_ms = meters.time_ms
    assert meters.measure("bob-load", 0, 100) == 0
    meters.after(0, 10)
    assert meters.measure("bob-load", 0, 70, 1) == 0
    assert meters.substitute("bob-load", 0, 90, 2) == 0
    meters.end_block()
    rows = versions(meters.reader, "bob-load", meters.first, 10)
    assert [row.reading for row in rows] == [
        Reading(0, 100, 0, MEASURED, start_ms, 1, 0),
        Reading(0, 70, 1, MEASURED, start_ms + 10, 2, 0),
        Reading(0, 90, 2, SUBSTITUTED, start_ms + 10, 2, 0),
    ]
    assert [row.reason for row in rows] == [None, None, "because of 90"]
    assert latest(meters.reader, "bob-load", meters.first) == rows[-1].reading
    assert registers(rows[-1].reading) == {"1-0:1.8.0": 90, "1-0:2.8.0": 0}


def test_versions_in_pages(meters: Meters) -> None:
    for version, energy_wh in enumerate((5, 6, 7)):
        assert meters.measure("bob-load", 0, energy_wh, version) == 0
    meters.end_block()

    def numbers(limit: int, after: int | None) -> list[int]:
        found = versions(meters.reader, "bob-load", meters.first, limit, after)
        return [row.reading.version for row in found]

    assert numbers(3, None) == [0, 1, 2]
    assert (numbers(2, None), numbers(2, 1), numbers(1, 0), numbers(9, 2)) == ([0, 1], [2], [1], [])
    assert versions(meters.reader, "bob-load", meters.first + 1, 9) == []


def test_a_device_counts_its_own_versions(meters: Meters) -> None:
    assert meters.substitute("bob-load", 0, 60, 0) == 0
    assert meters.substitute("bob-load", 0, 50, 1) == 0
    assert meters.measure("bob-load", 0, 40, 2) == MeteringCode.VERSION_GAP
    assert meters.measure("bob-load", 0, 40, 0) == 0
    assert meters.measure("bob-load", 0, 41, 0) == MeteringCode.STALE_VERSION
    assert meters.measure("bob-load", 0, 41, 2) == MeteringCode.VERSION_GAP
    assert meters.measure("bob-load", 0, 41, 1) == 0
    found = latest(meters.state, "bob-load", meters.first)
    assert found is not None
    assert (found.version, found.measured) == (3, 2)
    meters.end_block()


def test_a_dso_names_the_number_that_the_chain_gives(meters: Meters) -> None:
    assert meters.substitute("bob-load", 0, 60, 1) == MeteringCode.VERSION_GAP
    assert meters.measure("bob-load", 0, 40) == 0
    assert meters.substitute("bob-load", 0, 60, 0) == MeteringCode.STALE_VERSION
    assert meters.substitute("bob-load", 0, 60, 2) == MeteringCode.VERSION_GAP
    assert meters.substitute("bob-load", 0, 60, 1) == 0
    meters.end_block()


@pytest.mark.parametrize("later_ms", [0, WINDOW_MS - 1, WINDOW_MS, CORRECTION_MS - 1])
def test_the_windows(meters: Meters, later_ms: int) -> None:
    meters.after(0, later_ms)
    assert meters.measure("bob-load", 0, 40) == 0
    assert meters.measure("bob-load", 0, 30, 1) == 0
    sums, late = SUMS.get(meters.state, meters.first, "bob-point"), LATE.get(meters.state, meters.first, "bob-point")
    if later_ms < WINDOW_MS:
        assert (sums, late) == (PointSum(0, 30, (), Quality.OPEN), None)
    else:
        assert (sums, late) == (None, LateSum(0, 30, ()))
    meters.end_block()


def test_before_and_after_the_windows(meters: Meters) -> None:
    assert meters.measure("bob-load", 1, 40) == MeteringCode.TOO_EARLY
    assert meters.substitute("bob-load", 1, 40, 0) == MeteringCode.TOO_EARLY
    assert meters.measure("bob-load", 0, 40) == 0
    meters.after(0, CORRECTION_MS)
    assert meters.measure("bob-load", 0, 30, 1) == MeteringCode.CORRECTION_CLOSED
    assert meters.substitute("bob-load", 0, 30, 1) == MeteringCode.CORRECTION_CLOSED
    assert meters.measure("carol-load", 0, 30) == MeteringCode.WINDOW_CLOSED
    assert meters.substitute("carol-load", 0, 30, 0) == MeteringCode.WINDOW_CLOSED


@pytest.mark.parametrize(
    ("sender", "meter", "figures", "version", "code"),
    [
        ("mea", "no-meter", (0, 1), 0, MeteringCode.UNKNOWN_METER),
        ("pea", "bob-load", (0, 1), 0, MeteringCode.NOT_DSO),
        ("bob", "bob-load", (0, 1), 0, MeteringCode.NOT_DSO),
        ("erc", "bob-load", (0, 1), 0, MeteringCode.NOT_DSO),
        ("mea", "carol-load", (0, 1), 0, MeteringCode.NOT_DSO),
        ("mea", "bob-load", (1, 0), 0, MeteringCode.WRONG_DIRECTION),
        ("mea", "alice-pv", (0, 1), 0, MeteringCode.WRONG_DIRECTION),
        ("mea", "bob-load", (0, MAX_METER_WH + 1), 0, MeteringCode.IMPLAUSIBLE),
        ("mea", "alice-pv", (MAX_METER_WH + 1, 0), 0, MeteringCode.IMPLAUSIBLE),
        ("mea", "bob-load", (0, MAX_METER_WH), 0, 0),
        ("pea", "carol-load", (0, 1), 0, 0),
    ],
)
def test_what_a_dso_may_substitute(
    meters: Meters, sender: str, meter: str, figures: tuple[int, int], version: int, code: int
) -> None:
    before = dict(meters.state.writes())
    assert meters.run(sender, SubstituteReading(meter, meters.first, *figures, version, "broken")) == code
    assert (meters.state.writes() == before) is (code != 0)


def test_the_first_code_that_applies(meters: Meters) -> None:
    worst = SubstituteReading("no-meter", 2**64 - 1, 1, MAX_METER_WH, 9, "")
    assert meters.run("bob", worst) == MeteringCode.UNKNOWN_METER
    assert meters.run("pea", SubstituteReading("bob-load", 2**64 - 1, 1, 0, 9, "")) == MeteringCode.NOT_DSO
    assert meters.run("mea", SubstituteReading("bob-load", 2**64 - 1, 1, 0, 9, "")) == MeteringCode.TOO_EARLY
    assert meters.run("mea", SubstituteReading("bob-load", 0, 1, 0, 9, "")) == MeteringCode.WINDOW_CLOSED
    assert meters.run("mea", SubstituteReading("bob-load", meters.first, 1, 0, 9, "")) == MeteringCode.VERSION_GAP
    most = reading("bob-load", meters.first, MAX_METER_WH, MAX_METER_WH)
    assert meters.run("mea", most) == MeteringCode.WRONG_DIRECTION
    assert meters.measure("bob-load", 0, MAX_METER_WH + 1) == MeteringCode.IMPLAUSIBLE


def test_the_same_again_must_be_of_better_quality(meters: Meters) -> None:
    assert meters.substitute("bob-load", 0, 60, 0) == 0
    assert meters.substitute("bob-load", 0, 60, 1) == MeteringCode.NO_CHANGE
    assert meters.measure("bob-load", 0, 60) == 0
    assert meters.measure("bob-load", 0, 60, 1) == MeteringCode.NO_CHANGE
    assert meters.substitute("bob-load", 0, 60, 2) == MeteringCode.NO_CHANGE
    assert meters.substitute("bob-load", 0, 61, 2) == 0
    assert meters.measure("bob-load", 0, 60, 1) == 0
    meters.end_block()


def test_an_unbound_meter_can_be_substituted() -> None:
    world = two_zones()
    world.ok(("mea", UnbindMeter("bob-load")))
    mtu = world.time_ms // MTU_MS
    world.until((mtu + 1) * MTU_MS)
    world.ok(("mea", SubstituteReading("bob-load", mtu, 0, 9, 0, "no device")))
    assert latest(world.reader, "bob-load", mtu) == Reading(0, 9, 0, SUBSTITUTED, world.time_ms, 0, 0)


def test_sums_follow_the_latest_version_and_totals_never_fall(meters: Meters) -> None:
    meters.measure("bob-load", 0, 100)
    meters.measure("alice-pv", 0, 500)
    meters.measure("bob-load", 0, 40, 1)
    meters.measure("alice-pv", 0, 300, 1)
    totals = meters.context.totals
    assert (totals.consumed_wh, totals.generated_wh, totals.generated_by_source_wh) == (100, 500, {"solar": 500})
    meters.measure("bob-load", 0, 70, 2)
    meters.substitute("alice-pv", 0, 350, 2)
    assert (totals.consumed_wh, totals.generated_wh, totals.generated_by_source_wh) == (130, 550, {"solar": 550})
    sums = energy(meters.state)
    assert (sums.consumed_wh, sums.generated_wh, sums.readings) == (70, 350, 2)
    meters.end_block()


def test_what_is_told_of_a_version(meters: Meters) -> None:
    meters.measure("alice-pv", 0, 500)
    meters.substitute("alice-pv", 0, 600, 1)
    told = [
        ReadingAccepted("alice-pv", "alice-point", meters.first, 0, MEASURED, 500, 0, 1),
        ReadingAccepted("alice-pv", "alice-point", meters.first, 1, SUBSTITUTED, 600, 0, 0),
    ]
    expected = [to_event(value) for value in told]
    assert [event for event in meters.context.events if event.kind == "metering.reading_accepted"] == expected


def test_corrections_are_found(meters: Meters) -> None:
    meters.after(3)
    for mtu, figures in ((0, (5,)), (1, (6, 7, 8)), (2, (9,)), (3, (1, 0))):
        for version, energy_wh in enumerate(figures):
            assert meters.measure("bob-load", mtu, energy_wh, version) == 0
    meters.end_block()
    found = corrections(meters.reader, "bob-load", 10)
    one, two = meters.first + 1, meters.first + 3
    assert [(row.mtu, row.first.consumed_wh, row.latest.consumed_wh) for row in found] == [(one, 6, 8), (two, 1, 0)]
    assert corrections(meters.reader, "bob-load", 1) == found[:1]
    assert corrections(meters.reader, "bob-load", 9, after=one) == found[1:]
    assert isinstance(found[0], Correction)
    assert corrections(meters.reader, "carol-load", 9) == []


def test_corrections_cannot_end_before_readings() -> None:
    with pytest.raises(OperatorError, match="correction_window_ms"):
        two_zones(metering={"reading_window_ms": 9_000, "correction_window_ms": 8_999})
