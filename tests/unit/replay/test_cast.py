"""Who acts and what they want: drawn from the seed alone, inside the tariff, covered by money, signed by the device."""

from __future__ import annotations

from dataclasses import replace

from gridnode.crypto.keys import verify
from gridnode.modules.market.sources import ANY_SOURCE
from gridnode.modules.market.tables import Side, Terms
from gridnode.modules.metering.messages import reading_hash
from gridnode.modules.registry.messages import BindMeter, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.replay.cast import Cast, sheet_entry
from gridnode.replay.day import MTUS, Day
from gridnode.replay.intentions import forecast_wh, net_wh, wants
from gridnode.replay.rules import DSO_OF_ZONE, limits_micro
from tests.unit.replay.days import NOON, small


def cast(day: Day, seed: int = 1) -> Cast:
    """The cast of a small day."""
    return Cast(day, seed, "test-chain", {zone: DSO_OF_ZONE[zone] for zone in day.zones})


def test_who_acts_depends_on_the_seed_alone() -> None:
    """The same keys each time, others with another seed."""
    first, again, other = cast(small()), cast(small()), cast(small(), 2)
    assert first.enrolment() == again.enrolment()
    assert first.bindings("PEA") == again.bindings("PEA")
    assert {each.account for each in first.enrolment()}.isdisjoint(each.account for each in other.enrolment())


def test_one_participant_a_point_and_one_device_a_meter() -> None:
    """Whoever feeds in is a prosumer; a DSO registers its own zones, points before meters."""
    made = cast(small())
    assert [(each.kind, each.name) for each in made.enrolment()] == [
        (Kind.PROSUMER, "P-1"),
        (Kind.CONSUMER, "P-2"),
        (Kind.PROSUMER, "P-3"),
    ]
    bindings = made.bindings("PEA")
    assert [type(each) for each in bindings] == [RegisterPoint] * 3 + [BindMeter] * 5
    assert made.bindings("MEA") == []
    by_meter = {each.meter: each for each in bindings if isinstance(each, BindMeter)}
    assert (by_meter["PV-1"].direction, by_meter["PV-1"].source) == (Direction.GENERATION, Source.SOLAR)
    assert (by_meter["HOME-2"].direction, by_meter["HOME-2"].source) == (Direction.CONSUMPTION, Source.GRID)
    assert len({each.device_key for each in by_meter.values()}) == 5


def test_a_reading_is_signed_by_its_device() -> None:
    """Feed-in or consumption, never both."""
    day = small()
    made = cast(day)
    for meter in day.meters:
        reading = made.reading(meter, NOON, 1_000 + NOON)
        assert (reading.generated_wh, reading.consumed_wh) == (
            (meter.energy_wh[NOON], 0) if meter.generates else (0, meter.energy_wh[NOON])
        )
        assert reading.device_key == made.devices[meter.meter_id].public_key
        signed = reading_hash(
            "test-chain", reading.device_key, reading.mtu, reading.generated_wh, reading.consumed_wh
        )
        assert verify(reading.device_key, signed, reading.signature)


def test_everybody_can_pay_for_the_day() -> None:
    """What is bought at the dearest limit is covered twice."""
    day = small()
    funds = {each.recipient: each.amount for each in cast(day).funding()}
    orders = wants(day, 1, limits_micro)
    for who in cast(day).participants:
        cost = sum(want.energy_wh * want.limit_micro for want in orders[who.point] if not want.offers)
        assert funds[who.wallet.address] >= 2 * cost


def test_wants_are_the_net_of_each_point() -> None:
    """Surplus is offered, lack is bid for, nothing is wanted where both are equal; limits are within the tariff of the hour."""
    day = small()
    orders = wants(day, 7, limits_micro)
    assert {point: len(rows) for point, rows in orders.items()} == {"P-1": MTUS, "P-2": MTUS, "P-3": 0}
    assert all(want.offers and want.energy_wh == 200 for want in orders["P-1"])
    assert all(not want.offers and want.energy_wh == 250 for want in orders["P-2"])
    for want in (*orders["P-1"], *orders["P-2"]):
        low, high = limits_micro(want.mtu)
        assert low <= want.limit_micro <= high
    assert [want.mtu for want in orders["P-1"]] == list(range(MTUS))
    assert net_wh(day)["P-3"] == [0] * MTUS


def test_wants_depend_on_seed_and_point_alone() -> None:
    """Also when only a part of the day is played, or somebody else leaves."""
    day = small()
    whole = wants(day, 7, limits_micro)
    assert wants(small(), 7, limits_micro) == whole
    assert wants(small(), 8, limits_micro) != whole
    assert wants(Day(day.meters[:2]), 7, limits_micro)["P-1"] == whole["P-1"]
    part = wants(day.during(NOON, NOON + 3), 7, limits_micro)
    assert part["P-2"] == whole["P-2"][NOON : NOON + 3]


def test_a_forecast_is_off_by_at_most_its_error() -> None:
    """Each direction by its own draw; without an error it is what will be measured."""
    day = small()
    assert forecast_wh(day, 7, 0) == net_wh(day)
    guessed = forecast_wh(day, 7, 10)
    assert guessed == forecast_wh(small(), 7, 10) != forecast_wh(day, 8, 10)
    moved = sum(meter.energy_wh[0] for meter in day.meters if meter.point == "P-1")
    assert all(abs(energy - 200) <= moved // 10 + 1 for energy in guessed["P-1"])
    assert len(set(guessed["P-1"])) > 10
    limits = [[want.limit_micro for want in wants(day, 7, limits_micro, error)["P-1"]] for error in (0, 10)]
    assert limits[0] == limits[1]


def test_one_point_in_five_waits_for_the_auction() -> None:
    """The same ones all day, and for each seed others."""
    points = [f"P-{number}" for number in range(200)]
    meters = tuple(replace(small().meters[0], meter_id=f"M-{point}", point=point) for point in points)
    orders = wants(Day(meters), 7, limits_micro)
    closing = {point for point, rows in orders.items() if any(want.closing for want in rows)}
    assert 20 <= len(closing) <= 60
    assert all(want.closing for point in closing for want in orders[point])
    assert sheet_entry(orders[min(closing)][0], 1_000).terms is Terms.AUCTION


def test_an_order_says_what_is_wanted() -> None:
    """Offers are solar, bids take any source; the quarter hour becomes the chain's MTU."""
    orders = wants(small(), 1, limits_micro)
    offer, bid = sheet_entry(orders["P-1"][3], 1_000), sheet_entry(orders["P-2"][3], 1_000)
    assert (offer.side, offer.mtu, offer.energy_wh, offer.sources) == (
        Side.OFFER,
        1_003,
        200,
        1 << Source.SOLAR,
    )
    assert (bid.side, bid.mtu, bid.energy_wh, bid.sources) == (Side.BID, 1_003, 250, ANY_SOURCE)
