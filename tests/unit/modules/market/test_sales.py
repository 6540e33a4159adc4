"""Nobody sells what he could not have: offers and sales of a point are bounded by its meters and what it bought."""

from __future__ import annotations

import pytest

from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import CancelOrder, SheetEntry
from gridnode.modules.registry.tables import Direction, Source
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from tests.chain_in_memory import THB
from tests.energy_world import MAX_METER_WH, MTU_MS, World, account, bid, offer, replacement, sheet, two_zones

MOST = 2 * MAX_METER_WH
"""alice has two plants at one point."""
ALONE = MAX_METER_WH


@pytest.fixture
def world() -> World:
    return two_zones()


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _refused(world: World, name: str, *entries: SheetEntry) -> str:
    assert world.block(sheet(name, 99, *entries), after_ms=1) == [MarketCode.MORE_THAN_METERED]
    assert not world.writes
    return world.details[0]


def test_a_point_offers_what_its_meters_can_generate_and_no_more(world: World) -> None:
    mtu = _next(world)
    assert "at most 200000 Wh" in _refused(world, "alice", offer(mtu, MOST + 1, 3_000_000))
    assert "at most 0 Wh" in _refused(world, "alice", offer(mtu, MOST, 3_000_000), offer(mtu, 1, 3_000_000))
    world.ok(sheet("alice", 1, offer(mtu, MOST - 5, 3_000_000), offer(mtu + 1, MOST, 3_000_000)))
    _refused(world, "alice", offer(mtu, 6, 3_000_000))
    world.ok(sheet("alice", 2, offer(mtu, 5, 3_000_000)))


def test_what_was_sold_counts_and_what_was_taken_back_does_not(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, MOST, 3_000_000)), sheet("bob", 1, bid(mtu, 600, 4_000_000)))
    world.ok(("alice", CancelOrder(1)))
    _refused(world, "alice", offer(mtu, MOST - 599, 3_000_000))
    world.ok(sheet("alice", 2, offer(mtu, MOST - 600, 3_000_000)))
    world.ok(replacement("alice", 2, 1, offer(mtu, MOST - 600, 3_500_000)))


def test_what_was_bought_may_be_sold_again(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 700, 2_000_000)), sheet("carol", 1, bid(mtu, 700, 4_000_000)))
    _refused(world, "carol", offer(mtu, ALONE + 701, 5_000_000))
    world.ok(sheet("carol", 2, offer(mtu, ALONE + 700, 5_000_000)))


def test_an_account_with_nothing_to_lose_gains_little_and_once() -> None:
    world = World()
    world.join("shell", "CITY", ("shell-pv", Direction.GENERATION, Source.SOLAR))
    world.join("friend", "CITY")
    world.ok(("egat", Transfer(account("friend"), Denomination.THB, 1_000 * THB)))
    mtu = _next(world)
    assert world.block(sheet("shell", 1, offer(mtu, 10 * ALONE, 0))) == [MarketCode.MORE_THAN_METERED]
    world.ok(sheet("shell", 1, offer(mtu, ALONE, 0)), sheet("friend", 1, bid(mtu, ALONE, 2_000_000)))
    world.settle(mtu)
    later = _next(world)
    assert world.block(sheet("shell", 2, offer(later, ALONE, 0))) == [MarketCode.IN_ARREARS]
