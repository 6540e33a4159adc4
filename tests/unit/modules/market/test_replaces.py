"""Sheets are replaced: both or neither, escrow over, revisions, and what a replayed one does."""

from __future__ import annotations

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import CancelSheet, ReplaceSheet
from gridnode.modules.market.queries import depth, order, orders_of_sheet, recent_trades, sheets_of
from gridnode.modules.market.tables import ESCROW_ACCOUNT, SHEETS, Ending, OrderStatus
from gridnode.modules.registry.codes import RegistryCode
from gridnode.modules.registry.messages import RegisterPoint, SuspendParticipant
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from tests.energy_world import (
    FEE_MICRO,
    MTU_MS,
    World,
    account,
    bid,
    offer,
    replacement,
    sheet,
    two_zones,
)


@pytest.fixture
def world() -> World:
    return two_zones()


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _endings(world: World, *numbers: int) -> list[tuple[OrderStatus, Ending]]:
    found = [order(world.reader, number) for number in numbers]
    return [(row.order.status, row.order.ending) for row in found if row is not None]


ACTIVE = (OrderStatus.ACTIVE, Ending.NONE)
REPLACED = (OrderStatus.CANCELLED, Ending.REPLACED)


def test_what_is_left_of_the_old_sheet_ends_and_the_new_one_comes_in_its_place(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 4, bid(mtu, 100, 3_000_000), bid(mtu + 1, 100, 3_000_000)))
    world.ok(sheet("alice", 1, offer(mtu, 30, 2_000_000)))
    world.ok(replacement("bob", 4, 1, bid(mtu, 50, 2_500_000)))
    assert _endings(world, 1, 2, 4) == [REPLACED, REPLACED, ACTIVE]
    assert [(row.number, row.order.energy_wh) for row in orders_of_sheet(world.reader, account("bob"), 4)] == [(4, 50)]
    assert [(level.limit_micro, level.energy_wh) for level in depth(world.reader, mtu)] == [(2_500_000, 50)]
    [(first, newest)] = sheets_of(world.reader, account("bob"), 9)
    assert (first, newest.revision, SHEETS.require(world.reader, 1).revision) == (4, 1, 0)
    found = order(world.reader, 2)
    assert found is not None
    assert found.mtu == mtu + 1
    events = [decode(EVENTS[event.kind], event.body) for event in world.events if event.kind.startswith("market")]
    assert [(type(event).__name__, getattr(event, "orders", None)) for event in events] == [
        ("OrdersCancelled", (1, 2)),
        ("SheetPlaced", 1),
    ]
    assert events[1].revision == 1


def test_escrow_of_the_old_orders_pays_for_the_new_ones(world: World) -> None:
    mtu = _next(world)
    due = 50_000 * (5_000_000 + FEE_MICRO)
    world.ok(("bob", Transfer(account("bank"), Denomination.THB, world.thb("bob") - due)))
    world.ok(sheet("bob", 1, bid(mtu, 50_000, 5_000_000)))
    assert world.thb("bob") == 0
    world.ok(replacement("bob", 1, 1, bid(mtu + 1, 50_000, 5_000_000)))
    assert (world.thb("bob"), world.held(ESCROW_ACCOUNT, Denomination.THB)) == (0, due)
    assert world.block(replacement("bob", 1, 2, bid(mtu, 50_000, 5_000_001))) == [MarketCode.ESCROW_UNPAID]
    assert not world.writes
    world.ok(replacement("bob", 1, 2, bid(mtu, 49_999, 5_000_000)))
    assert world.thb("bob") == 5_000_000 + FEE_MICRO


@pytest.mark.parametrize("revision", [0, 1, 3, 4, 2**32 - 1])
def test_only_the_next_revision_replaces(world: World, revision: int) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000)))
    world.ok(replacement("bob", 1, 1, bid(mtu, 10, 3_000_000)))
    assert world.block(replacement("bob", 1, revision, bid(mtu, 10, 3_000_000))) == [MarketCode.STALE_REVISION]
    assert not world.writes
    world.ok(replacement("bob", 1, 2, bid(mtu, 10, 3_000_000)))


def test_a_replaced_sheet_is_not_placed_again(world: World) -> None:
    mtu = _next(world)
    placed, replaced = sheet("bob", 1, bid(mtu, 10, 3_000_000)), replacement("bob", 1, 1, bid(mtu, 20, 3_000_000))
    assert world.block(placed, replaced, replaced, placed) == [
        0,
        0,
        MarketCode.STALE_REVISION,
        MarketCode.SHEET_EXISTS,
    ]


def test_a_bad_entry_leaves_the_old_sheet_as_it_is(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000)))
    codes = world.block(replacement("bob", 1, 1, bid(mtu, 10, 3_000_000), bid(mtu, 0, 3_000_000)))
    assert (codes, world.writes) == ([MarketCode.ENERGY_TOO_SMALL], {})
    assert _endings(world, 1) == [ACTIVE]
    assert [row[0] for row in world.books.orders(mtu)] == [1]


def test_replacements_refused(world: World) -> None:
    mtu = _next(world)
    entry = bid(mtu, 10, 3_000_000)
    world.ok(sheet("bob", 1, entry))
    world.ok(("erc", SuspendParticipant(account("carol"), "why")))
    calls = {
        replacement("alice", 1, 1, entry): MarketCode.UNKNOWN_SHEET,
        replacement("bob", 2, 1, entry): MarketCode.UNKNOWN_SHEET,
        ("bob", ReplaceSheet(1, 1, "alice-point", (entry,))): MarketCode.NOT_OWNER,
        ("bob", ReplaceSheet(1, 1, "nowhere", (entry,))): RegistryCode.UNKNOWN_POINT,
        replacement("carol", 1, 1, entry): RegistryCode.NOT_ACTIVE,
    }
    for call, code in calls.items():
        assert (world.block(call), world.writes) == ([code], {})


def test_the_new_sheet_may_be_for_another_point_of_the_sender(world: World) -> None:
    mtu = _next(world)
    world.ok(("pea", RegisterPoint("bobs-farm", account("bob"), "NORTH")))
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000)))
    world.ok(("bob", ReplaceSheet(1, 1, "bobs-farm", (bid(mtu, 10, 3_000_000),))))
    found = order(world.reader, 2)
    assert found is not None
    assert (found.order.point, found.order.zone) == ("bobs-farm", "NORTH")


def test_orders_whose_gate_is_closed_stay_as_they_are(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000), bid(mtu + 1, 10, 3_000_000)))
    world.until(mtu * MTU_MS - 1_001)
    world.ok(replacement("bob", 1, 1, bid(mtu + 1, 20, 3_000_000)), after_ms=1)
    assert _endings(world, 1, 2, 3) == [(OrderStatus.EXPIRED, Ending.GATE), REPLACED, ACTIVE]


def test_cancelling_a_sheet_means_its_newest_revision(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000)))
    world.ok(replacement("bob", 1, 1, bid(mtu, 20, 3_000_000)), ("bob", CancelSheet(1)))
    assert _endings(world, 1, 2) == [REPLACED, (OrderStatus.CANCELLED, Ending.OWNER)]
    world.ok(replacement("bob", 1, 2, bid(mtu, 30, 3_000_000)))
    assert _endings(world, 3) == [ACTIVE]


def test_a_replaced_order_trades_no_more_and_the_new_one_waits_behind_others(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000)), sheet("carol", 1, bid(mtu, 10, 3_000_000)))
    codes = world.block(
        sheet("alice", 1, offer(mtu, 10, 2_000_000)), replacement("bob", 1, 1, bid(mtu, 10, 3_000_000))
    )
    assert codes == [0, 0]
    assert [row.trade.buyer for row in recent_trades(world.reader, 9)] == [account("carol")]
    world.ok(sheet("alice", 2, offer(mtu, 10, 2_000_000)))
    assert recent_trades(world.reader, 1)[0].trade.buyer_order == 4
