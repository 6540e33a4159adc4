"""What orders may say, by MTU: the regulator sets it ahead, and each entry is held against its own MTU's bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.market.bounds import bounds_at
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import SetBounds
from gridnode.modules.market.tables import Bounds
from tests.energy_world import MTU_MS, World, bid, sheet, two_zones

AHEAD = 4
NARROW = Bounds(100, 1_000, 1_000, 1_000_000, 2_000_000)


@pytest.fixture
def world() -> World:
    return two_zones(market={"open_ahead_mtus": AHEAD})


def _now(world: World) -> int:
    return world.time_ms // MTU_MS


def test_bounds_hold_from_their_mtu_on(world: World) -> None:
    start = _now(world) + AHEAD + 1
    before = bounds_at(world.reader, 0)
    later = replace(NARROW, max_order_wh=500)
    world.ok(("erc", SetBounds(start + 1, later)), ("erc", SetBounds(start, NARROW)), after_ms=1)
    told = [decode(EVENTS[event.kind], event.body) for event in world.events if event.kind == "market.bounds_set"]
    assert [(body.from_mtu, body.bounds) for body in told] == [(start + 1, later), (start, NARROW)]
    assert [bounds_at(world.reader, start + ahead) for ahead in (-1, 0, 1, 9)] == [before, NARROW, later, later]
    world.until((start - 2) * MTU_MS)
    wide, narrow = bid(start - 1, 5, 10_000_000), bid(start, 1_000, 2_000_000)
    world.ok(sheet("bob", 1, wide, narrow, bid(start + 1, 500, 2_000_000)), after_ms=1)
    for entry, code in (
        (replace(wide, mtu=start), MarketCode.ENERGY_TOO_SMALL),
        (replace(narrow, mtu=start + 1), MarketCode.ENERGY_TOO_LARGE),
        (replace(narrow, limit_micro=2_001_000), MarketCode.PRICE_OUT_OF_RANGE),
        (replace(narrow, limit_micro=1_999_999), MarketCode.PRICE_OFF_TICK),
    ):
        codes = world.block(sheet("bob", 2, wide, entry), after_ms=1)
        assert (codes, world.writes) == ([code], {})


def test_bounds_are_set_again_before_they_hold(world: World) -> None:
    start = _now(world) + AHEAD + 1
    world.ok(("erc", SetBounds(start, NARROW)), after_ms=1)
    again = replace(NARROW, max_order_wh=2_000)
    world.ok(("erc", SetBounds(start, again)), after_ms=1)
    assert bounds_at(world.reader, start) == again


def test_bounds_refused(world: World) -> None:
    open_until = (world.time_ms + 1) // MTU_MS + AHEAD
    small_is_great = replace(NARROW, min_order_wh=1_001)
    floor_is_high = replace(NARROW, price_floor_micro=2_000_001)
    for sender, message, code in (
        ("egat", SetBounds(open_until + 1, NARROW), MarketCode.NOT_REGULATOR),
        ("bob", SetBounds(open_until, small_is_great), MarketCode.NOT_REGULATOR),
        ("erc", SetBounds(open_until, small_is_great), MarketCode.BAD_BOUNDS),
        ("erc", SetBounds(open_until + 1, floor_is_high), MarketCode.BAD_BOUNDS),
        ("erc", SetBounds(open_until, NARROW), MarketCode.TOO_SOON),
        ("erc", SetBounds(0, NARROW), MarketCode.TOO_SOON),
    ):
        codes = world.block((sender, message), after_ms=1)
        assert (codes, world.writes) == ([code], {})
    world.ok(("erc", SetBounds(open_until + 1, NARROW)), after_ms=1)
