"""Order sheets: every rule and result code, escrow to the last unit, and that a sheet is taken whole or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import PlaceSheet, SheetEntry
from gridnode.modules.market.queries import order, orders_of_mtu, orders_of_sheet, sheets_of
from gridnode.modules.market.sources import ANY_SOURCE
from gridnode.modules.market.tables import ESCROW_ACCOUNT, OrderStatus, Side, Terms
from gridnode.modules.registry.codes import RegistryCode
from gridnode.modules.registry.messages import SuspendParticipant, Withdraw
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from tests.energy_world import (
    FEE_MICRO,
    MTU_MS,
    SOLAR,
    WIND,
    World,
    account,
    bid,
    offer,
    sheet,
    two_zones,
)

AHEAD = 5
BOUNDS = {
    "bounds": {
        "min_order_wh": 100,
        "max_order_wh": 10_000,
        "price_tick_micro": 1_000,
        "price_floor_micro": 500_000,
        "price_cap_micro": 8_000_000,
    },
    "open_ahead_mtus": AHEAD,
}


@pytest.fixture(scope="module")
def strict() -> World:
    """A market with narrow bounds; for what is refused: nothing in it changes but time."""
    return two_zones(market=BOUNDS)


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 2


def test_a_bid_puts_its_cost_in_escrow_exactly() -> None:
    world = two_zones()
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("bob", 1, bid(mtu, 333, 3_141_593), bid(mtu + 1, 1, 1)))
    held = 333 * (3_141_593 + FEE_MICRO) + 1 * (1 + FEE_MICRO)
    assert world.thb("bob") == before - held
    assert world.held(ESCROW_ACCOUNT, Denomination.THB) == held


def test_an_offer_puts_nothing_in_escrow() -> None:
    world = two_zones()
    before = world.thb("alice")
    world.ok(sheet("alice", 1, offer(_next(world), 500, 3_000_000)))
    assert world.thb("alice") == before


def test_orders_are_numbered_in_the_order_of_entries_and_sheets() -> None:
    world = two_zones()
    mtu = _next(world)
    world.ok(
        sheet("bob", 7, bid(mtu + 1, 10, 1_000_000), bid(mtu, 20, 1_000_000)),
        sheet("carol", 7, bid(mtu, 30, 1_000_000)),
    )
    assert [(row.number, row.mtu, row.order.energy_wh) for row in orders_of_sheet(world.reader, account("bob"), 7)] == [
        (1, mtu + 1, 10),
        (2, mtu, 20),
    ]
    assert [row.number for row in orders_of_mtu(world.reader, mtu, 10)] == [2, 3]
    assert [row.number for row in orders_of_mtu(world.reader, mtu, 10, after=2)] == [3]
    found = order(world.reader, 3)
    assert found is not None
    assert (found.mtu, found.order.owner, found.order.zone) == (mtu, account("carol"), "NORTH")
    assert (found.order.side, found.order.status) == (Side.BID, OrderStatus.ACTIVE)
    assert order(world.reader, 4) is None
    assert order(world.reader, 2**64 - 1) is None
    assert [(first, found.sheet_id) for first, found in sheets_of(world.reader, account("bob"), 10)] == [(1, 7)]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (bid(0, 0, 3_000_000), MarketCode.ENERGY_TOO_SMALL),
        (bid(0, -5, 3_000_000), MarketCode.ENERGY_TOO_SMALL),
        (offer(0, -(2**63), 3_000_000), MarketCode.ENERGY_TOO_SMALL),
        (bid(0, 99, 3_000_000), MarketCode.ENERGY_TOO_SMALL),
        (bid(0, 10_001, 3_000_000), MarketCode.ENERGY_TOO_LARGE),
        (bid(0, 2**63 - 1, 3_000_000), MarketCode.ENERGY_TOO_LARGE),
        (bid(0, 100, 499_000), MarketCode.PRICE_OUT_OF_RANGE),
        (offer(0, 100, 8_001_000), MarketCode.PRICE_OUT_OF_RANGE),
        (bid(0, 100, -1_000_000), MarketCode.PRICE_OUT_OF_RANGE),
        (bid(0, 100, 3_000_001), MarketCode.PRICE_OFF_TICK),
        (bid(0, 100, 3_000_000, sources=0), MarketCode.UNKNOWN_SOURCE),
        (bid(0, 100, 3_000_000, sources=ANY_SOURCE + 1), MarketCode.UNKNOWN_SOURCE),
        (offer(0, 100, 3_000_000, sources=SOLAR | WIND), MarketCode.NOT_ONE_SOURCE),
        (offer(0, 100, 3_000_000, sources=1 << 3), MarketCode.SOURCE_NOT_METERED),
        (offer(0, 100, 3_000_000, sources=1 << 0), MarketCode.SOURCE_NOT_METERED),
        (bid(AHEAD, 100, 3_000_000), MarketCode.MTU_NOT_OPEN),
        (bid(-1, 100, 3_000_000), MarketCode.GATE_CLOSED),
        (bid(-2, 100, 3_000_000), MarketCode.GATE_CLOSED),
    ],
)
def test_bad_entry_rejects_the_sheet_and_is_named(strict: World, entry: SheetEntry, code: MarketCode) -> None:
    mtu = strict.time_ms // MTU_MS + 1
    good = bid(mtu + 1, 100, 3_000_000)
    bad = replace(entry, mtu=mtu + entry.mtu)
    before = strict.thb("alice")
    assert strict.block(sheet("alice", 1, good, bad, good), after_ms=1) == [code]
    assert strict.block(sheet("alice", 1, good, good, bad, bad), after_ms=1) == [code]
    assert strict.thb("alice") == before
    assert orders_of_sheet(strict.reader, account("alice"), 1) == []


@pytest.mark.parametrize("terms", list(Terms))
def test_an_mtu_at_the_end_of_time_is_not_open(strict: World, terms: Terms) -> None:
    limit = 0 if terms is Terms.MARKET else 3_000_000
    for entry in (bid(2**64 - 1, 100, limit, terms=terms), offer(2**64 - 1, 100, limit, terms=terms, good_until_ms=2**64 - 1)):
        codes = strict.block(sheet("alice", 1, entry), after_ms=1)
        assert (codes, strict.writes) == ([MarketCode.MTU_NOT_OPEN], {})


def test_the_first_bad_entry_decides(strict: World) -> None:
    mtu = strict.time_ms // MTU_MS + 2
    small, dear = bid(mtu, 1, 3_000_000), bid(mtu, 100, 9_000_000)
    assert strict.block(sheet("bob", 1, small, dear), after_ms=1) == [MarketCode.ENERGY_TOO_SMALL]
    assert strict.block(sheet("bob", 1, dear, small), after_ms=1) == [MarketCode.PRICE_OUT_OF_RANGE]
    both = bid(mtu, 1, 9_000_000)
    assert strict.block(sheet("bob", 1, both), after_ms=1) == [MarketCode.ENERGY_TOO_SMALL]


def test_bounds_are_inclusive() -> None:
    world = two_zones(market=BOUNDS)
    mtu = world.time_ms // MTU_MS + AHEAD
    world.ok(
        sheet("bob", 1, bid(mtu, 100, 500_000), bid(mtu, 10_000, 8_000_000)),
        after_ms=1,
    )


def test_the_gate_closes_to_the_millisecond() -> None:
    world = two_zones()
    mtu = _next(world)
    gate_ms = mtu * MTU_MS - 1_000
    world.until(gate_ms - 2)
    assert world.block(sheet("bob", 1, bid(mtu, 10, 1_000_000)), after_ms=1) == [0]
    assert world.block(sheet("bob", 2, bid(mtu, 10, 1_000_000)), after_ms=1) == [MarketCode.GATE_CLOSED]


def test_the_mtu_opens_so_many_ahead() -> None:
    world = two_zones(market={"open_ahead_mtus": 3})
    mtu = world.time_ms // MTU_MS + 4
    world.until((mtu - 3) * MTU_MS - 2)
    assert world.block(sheet("bob", 1, bid(mtu, 10, 1_000_000)), after_ms=1) == [MarketCode.MTU_NOT_OPEN]
    assert world.block(sheet("bob", 1, bid(mtu, 10, 1_000_000)), after_ms=1) == [0]


def test_unknown_and_foreign_points(strict: World) -> None:
    entry = bid(strict.time_ms // MTU_MS + 2, 100, 3_000_000)
    assert strict.block(("bob", PlaceSheet(1, "nowhere", (entry,))), after_ms=1) == [RegistryCode.UNKNOWN_POINT]
    assert strict.block(("bob", PlaceSheet(1, "alice-point", (entry,))), after_ms=1) == [MarketCode.NOT_OWNER]


def test_suspended_and_withdrawn_participants_do_not_order() -> None:
    world = two_zones()
    mtu = _next(world)
    world.ok(("erc", SuspendParticipant(account("bob"), "why")), ("carol", Withdraw("why")))
    calls = sheet("bob", 1, bid(mtu, 10, 1_000_000)), sheet("carol", 1, offer(mtu, 10, 1_000_000))
    assert world.block(*calls) == [RegistryCode.NOT_ACTIVE] * 2


def test_a_sheet_id_is_used_once() -> None:
    world = two_zones()
    mtu = _next(world)
    call = sheet("bob", 5, bid(mtu, 10, 1_000_000))
    assert world.block(call, call) == [0, MarketCode.SHEET_EXISTS]
    assert world.block(call) == [MarketCode.SHEET_EXISTS]
    world.ok(sheet("carol", 5, bid(mtu, 10, 1_000_000)))  # numbers are each owner's own


def test_the_balance_must_cover_all_bids_together() -> None:
    world = two_zones()
    mtu = _next(world)
    each = bid(mtu, 50_000, 5_000_000)
    due = 50_000 * (5_000_000 + FEE_MICRO)
    world.ok(("bob", Transfer(account("bank"), Denomination.THB, world.thb("bob") - 2 * due + 1)))
    assert world.block(sheet("bob", 1, each, each)) == [MarketCode.ESCROW_UNPAID]
    world.ok(("bank", Transfer(account("bob"), Denomination.THB, 1)))
    world.ok(sheet("bob", 1, each, each))
    assert world.thb("bob") == 0
    assert world.block(sheet("bob", 2, bid(mtu, 1, 0))) == [MarketCode.ESCROW_UNPAID]
