"""Who takes part in a call auction, what decides among orders, and who gets the wheeling of a trade."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.market.queries import order, trades_of_mtu
from gridnode.modules.market.shares import trade_shares
from gridnode.modules.market.tables import Ending, Mode, OrderStatus, Trade
from gridnode.primitives.errors import InvariantBroken
from tests.energy_world import MTU_MS, SOLAR, World, account, bid, offer, sheet, two_zones

NORTH, BETWEEN = 150_000, 220_000
"""Delivery in NORTH off-peak, and wheeling of both lines, micro per kWh."""
GATE_MS, CALL_MS = 1_000, 1_000


def _world(mode: Mode) -> tuple[World, int]:
    world = two_zones(market={"mode": mode, "call_ms": CALL_MS if mode is Mode.BOTH else 0})
    return world, world.time_ms // MTU_MS + 3


def _to_gate(world: World, mtu: int) -> None:
    world.until(mtu * MTU_MS - GATE_MS)


def _trades(world: World, mtu: int) -> list[Trade]:
    return [found.trade for found in trades_of_mtu(world.reader, mtu, 100)]


def _status(world: World, number: int) -> tuple[OrderStatus, Ending, int]:
    found = order(world.reader, number)
    assert found is not None
    return found.order.status, found.order.ending, found.order.remaining_wh


def test_bids_that_name_sources_stay_out_and_expire() -> None:
    world, mtu = _world(Mode.BOTH)
    world.ok(sheet("bob", 1, bid(mtu, 10, 9_000_000, SOLAR)), sheet("carol", 1, bid(mtu, 10, 3_000_000)))
    world.until(mtu * MTU_MS - GATE_MS - CALL_MS)
    world.ok(sheet("alice", 1, offer(mtu, 5, 1_000_000)))
    assert not _trades(world, mtu)
    _to_gate(world, mtu)
    [found] = _trades(world, mtu)
    assert found.buyer == account("carol")
    assert _status(world, 1) == (OrderStatus.EXPIRED, Ending.GATE, 10)
    [event] = [event for event in world.events if event.kind == "market.auction_rows"]
    assert [row.order for row in decode(EVENTS[event.kind], event.body).rows] == [2, 3]


def test_an_order_that_is_good_until_the_gate_is_too_late_for_the_auction() -> None:
    world, mtu = _world(Mode.AUCTION)
    last_ms = mtu * MTU_MS - GATE_MS
    world.ok(
        sheet("bob", 1, replace(bid(mtu, 10, 5_000_000), good_until_ms=last_ms)),
        sheet("carol", 1, bid(mtu, 10, 4_000_000)),
        sheet("alice", 1, offer(mtu, 20, 1_000_000)),
    )
    _to_gate(world, mtu)
    assert [trade.buyer for trade in _trades(world, mtu)] == [account("carol")]
    assert _status(world, 1) == (OrderStatus.EXPIRED, Ending.DATE, 10)


@pytest.mark.parametrize("names", [("alice", "bob"), ("bob", "alice")])
def test_only_the_number_of_an_order_decides_not_its_owner(names: tuple[str, str]) -> None:
    world, mtu = _world(Mode.AUCTION)
    first, second = names
    world.ok(
        sheet(first, 1, bid(mtu, 10, 4_000_000)),
        sheet(second, 1, bid(mtu, 10, 4_000_000)),
        sheet(first, 2, bid(mtu, 10, 4_000_000)),
        sheet("carol", 1, offer(mtu, 25, 1_000_000)),
    )
    _to_gate(world, mtu)
    assert [(trade.buyer_order, trade.energy_wh) for trade in _trades(world, mtu)] == [(1, 10), (2, 10), (3, 5)]


def test_shares_of_a_continuous_trade_follow_the_way_between_its_zones() -> None:
    world, mtu = _world(Mode.CONTINUOUS)
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000)), sheet("carol", 1, bid(mtu, 60, 4_000_000)))
    [found] = _trades(world, mtu)
    shares = trade_shares(world.reader, mtu, found)
    assert [share.account for share in shares] == [account("pea"), account("egat"), account("egat")]
    assert sum(share.micro_per_kwh for share in shares) == found.wheeling_micro == BETWEEN + NORTH
    with pytest.raises(InvariantBroken, match="do not make the wheeling"):
        trade_shares(world.reader, mtu, replace(found, wheeling_micro=1))
