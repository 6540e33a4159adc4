"""Readings: every rule and result code, what a reading mints, and what its device signs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.crypto.keys import verify
from gridnode.modules.lots.queries import energy as lot_energy
from gridnode.modules.lots.tables import HOLD
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.messages import (
    SubmitReading,
    SubstituteReading,
    device_checks,
    sign_reading,
)
from gridnode.modules.metering.queries import debt, energy, energy_by_mtu, readings
from gridnode.modules.metering.queries import reading as reading_of
from gridnode.modules.metering.tables import SUMS, Quality, Reading
from gridnode.modules.registry.messages import BindMeter, SuspendParticipant, UnbindMeter
from gridnode.modules.registry.tables import Direction, Source
from gridnode.modules.settlement.queries import statements
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.limits import MAX_POINT_LOTS
from gridnode.primitives.units import GRID_PER_WH
from tests.chain_in_memory import CHAIN
from tests.energy_world import (
    MAX_METER_WH,
    MTU_MS,
    WINDOW_MS,
    World,
    account,
    device,
    reading,
    two_zones,
)


@pytest.fixture
def world() -> World:
    """A world in which an MTU has just ended."""
    world = two_zones()
    world.until((world.time_ms // MTU_MS + 1) * MTU_MS)
    return world


def _ended(world: World) -> int:
    return world.time_ms // MTU_MS - 1


def test_generation_mints_exactly_and_waits_in_the_hold(world: World) -> None:
    mtu = _ended(world)
    world.ok(("bob", reading("alice-pv", mtu, generated_wh=123)))
    assert world.held(HOLD, Denomination.GRID) == 123 * GRID_PER_WH == 123 * 10**15
    assert world.held(account("alice"), Denomination.GRID) == 0
    assert SUMS.require(world.reader, mtu, "alice-point").lots == (1,)
    assert lot_energy(world.reader).issued_wh == 123
    assert (world.totals.generated_wh, world.totals.generated_by_source_wh) == (123, {"solar": 123})


def test_consumption_mints_nothing(world: World) -> None:
    mtu = _ended(world)
    world.ok(("bob", reading("bob-load", mtu, consumed_wh=77)))
    assert world.held(HOLD, Denomination.GRID) == 0
    assert world.totals.consumed_wh == 77
    assert world.totals.generated_by_source_wh == {}


def test_meters_of_a_point_are_summed(world: World) -> None:
    mtu = _ended(world)
    world.ok(
        (
            "carol",
            [
                reading("alice-pv", mtu, generated_wh=10),
                reading("alice-wind", mtu, generated_wh=20),
                reading("alice-load", mtu, consumed_wh=5),
            ],
        )
    )
    sums = SUMS.require(world.reader, mtu, "alice-point")
    assert (sums.generated_wh, sums.consumed_wh, sums.lots) == (30, 5, (1, 2))
    assert world.totals.generated_by_source_wh == {"solar": 10, "wind": 20}
    totals = energy(world.reader)
    assert (totals.generated_wh, totals.consumed_wh, totals.readings) == (30, 5, 3)
    assert energy_by_mtu(world.reader, 10) == [(mtu, totals)]


def test_a_reading_of_zero_counts_and_issues_no_lot(world: World) -> None:
    mtu = _ended(world)
    world.ok(("bob", reading("alice-pv", mtu)))
    assert reading_of(world.reader, "alice-pv", mtu) == Reading(0, 0, 0, Quality.MEASURED, world.time_ms, 1, 0)
    assert SUMS.require(world.reader, mtu, "alice-point").lots == ()
    assert world.block(("bob", reading("alice-pv", mtu))) == [MeteringCode.STALE_VERSION]


def test_once_for_each_meter_and_mtu(world: World) -> None:
    mtu = _ended(world)
    again = "bob", reading("alice-pv", mtu, generated_wh=5)
    assert world.block(again, again) == [0, MeteringCode.STALE_VERSION]
    assert world.block(("carol", reading("alice-pv", mtu, generated_wh=6))) == [MeteringCode.STALE_VERSION]
    world.until((mtu + 2) * MTU_MS)
    world.ok(("bob", reading("alice-pv", mtu + 1, generated_wh=6)))
    assert [number for number, _ in readings(world.reader, "alice-pv", 10)] == [mtu, mtu + 1]
    assert [number for number, _ in readings(world.reader, "alice-pv", 1, latest_first=True)] == [mtu + 1]


def test_the_window_is_from_the_end_until_its_length_later() -> None:
    world = two_zones()
    mtu = world.time_ms // MTU_MS
    end_ms = (mtu + 1) * MTU_MS
    world.until(end_ms - 2)
    call = "bob", reading("alice-pv", mtu, generated_wh=5)
    assert world.block(call, after_ms=1) == [MeteringCode.TOO_EARLY]
    assert world.block(call, after_ms=1) == [0]
    world.until(end_ms + WINDOW_MS - 2)
    assert world.block(("bob", reading("bob-load", mtu, consumed_wh=5)), after_ms=1) == [0]
    assert world.block(("bob", reading("carol-load", mtu, consumed_wh=5)), after_ms=1) == [
        MeteringCode.WINDOW_CLOSED
    ]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (reading("nobody", 0), MeteringCode.UNKNOWN_DEVICE),
        (reading("alice-pv", 2**64 - 1), MeteringCode.TOO_EARLY),
        (reading("alice-pv", 0), MeteringCode.WINDOW_CLOSED),
    ],
)
def test_refused_whatever_the_time(world: World, message: SubmitReading, code: MeteringCode) -> None:
    assert world.block(("bob", message)) == [code]


@pytest.mark.parametrize(
    ("meter", "generated_wh", "consumed_wh", "code"),
    [
        ("alice-pv", 0, 1, MeteringCode.WRONG_DIRECTION),
        ("alice-pv", 5, 1, MeteringCode.WRONG_DIRECTION),
        ("alice-load", 1, 0, MeteringCode.WRONG_DIRECTION),
        ("alice-pv", MAX_METER_WH + 1, 0, MeteringCode.IMPLAUSIBLE),
        ("alice-load", 0, MAX_METER_WH + 1, MeteringCode.IMPLAUSIBLE),
        ("alice-pv", MAX_METER_WH, 0, 0),
        ("alice-load", 0, MAX_METER_WH, 0),
    ],
)
def test_direction_and_plausibility(
    world: World, meter: str, generated_wh: int, consumed_wh: int, code: int
) -> None:
    assert world.block(("bob", reading(meter, _ended(world), generated_wh, consumed_wh))) == [code]


def test_a_point_has_so_many_lots_at_most(world: World) -> None:
    for number in range(MAX_POINT_LOTS - 1):
        key = device(f"more-{number}").public_key
        binding = BindMeter(f"more-{number}", "bob-point", key, Direction.GENERATION, Source.SOLAR, 9)
        world.full_checks = False
        world.ok(("mea", binding), after_ms=1)
    for name in ("first", "last"):
        binding = BindMeter(
            name, "bob-point", device(name).public_key, Direction.GENERATION, Source.SOLAR, 9
        )
        world.ok(("mea", binding), after_ms=1)
    mtu = _ended(world)
    world.ok(("bob", [reading(f"more-{number}", mtu, 1) for number in range(MAX_POINT_LOTS - 1)]))
    calls = [("bob", reading(name, mtu, 1)) for name in ("first", "last")]
    assert world.block(*calls) == [0, MeteringCode.TOO_MANY_LOTS]
    world.ok(("bob", reading("last", mtu)))  # zero issues no lot
    world.settle(mtu)
    world.check()


def test_suspension_does_not_stop_the_meter_but_unbinding_does(world: World) -> None:
    mtu = _ended(world)
    world.ok(("erc", SuspendParticipant(account("alice"), "unpaid")))
    world.ok(("bob", reading("alice-pv", mtu, generated_wh=5)))
    world.ok(("mea", UnbindMeter("alice-wind")))
    assert world.block(("bob", reading("alice-wind", mtu, generated_wh=5))) == [MeteringCode.UNKNOWN_DEVICE]


def test_settlement_reads_the_latest_version(world: World) -> None:
    mtu = _ended(world)
    world.ok(("bob", [reading("carol-pv", mtu, generated_wh=100), reading("carol-load", mtu, consumed_wh=10)]))
    world.ok(("bob", [reading("carol-pv", mtu, 130, version=1), reading("carol-load", mtu, 0, 25, version=1)]))
    world.settle(mtu)
    [(_, statement)] = statements(world.reader, mtu, 10)
    assert (statement.generated_wh, statement.consumed_wh, statement.self_consumed_wh) == (130, 25, 25)
    assert statement.quality is Quality.MEASURED
    assert lot_energy(world.reader).issued_wh == 130


def test_settlement_does_with_the_lots_there_are(world: World) -> None:
    mtu = _ended(world)
    world.ok(("bob", reading("carol-pv", mtu, generated_wh=100)))
    world.ok(("bob", reading("carol-pv", mtu, generated_wh=60, version=1)))
    world.settle(mtu)  # 60 count as generated, and lots of 100 leave the hold
    assert world.held(HOLD, Denomination.GRID) == 0
    world.ok(("pea", SubstituteReading("carol-pv", mtu + 1, 70, 0, 0, "display read")))
    world.ok(("bob", reading("carol-load", mtu + 1, consumed_wh=50)))
    world.settle(mtu + 1)  # 50 are consumed at the point itself, and no lot says so
    [(_, statement)] = statements(world.reader, mtu + 1, 10)
    assert (statement.generated_wh, statement.consumed_wh, statement.excess_wh) == (70, 50, 20)
    assert statement.quality is Quality.SUBSTITUTED
    assert (lot_energy(world.reader).issued_wh, debt(world.reader, "carol-pv")) == (100, 40)


def test_a_bad_reading_takes_its_whole_transaction_along(world: World) -> None:
    mtu = _ended(world)
    good, bad = reading("alice-pv", mtu, generated_wh=5), reading("alice-load", mtu, generated_wh=5)
    assert world.block(("bob", [good, bad])) == [MeteringCode.WRONG_DIRECTION]
    assert world.totals.generated_wh == 0
    assert reading_of(world.reader, "alice-pv", mtu) is None
    world.ok(("bob", good))


def test_the_device_signs_every_figure_and_the_chain() -> None:
    message = sign_reading(CHAIN, device("alice-pv"), 7, 5, 0)
    [check] = device_checks(message, CHAIN)
    assert verify(*check)
    for changed in (
        replace(message, mtu=8),
        replace(message, generated_wh=6),
        replace(message, consumed_wh=1),
        replace(message, version=1),
        replace(message, device_key=device("bob-load").public_key),
    ):
        assert not verify(*device_checks(changed, CHAIN)[0])
    assert not verify(*device_checks(message, "other-chain")[0])
