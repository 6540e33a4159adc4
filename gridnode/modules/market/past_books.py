"""The book of an MTU as an order met it: now, when the order was matched, or when the gate closed. Made from rows that stay.

Orders keep what is left of them and trades their numbers, so the past can be told from the present: in one MTU every fill until an order
is matched comes before the first fill of a younger one. Only of orders that their owners took back, or whose time came, nobody can
say whether they were still there; they are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gridnode.modules.grid.network import lines
from gridnode.modules.market.lifecycle import open_orders
from gridnode.modules.market.shares import trade_hops
from gridnode.modules.market.tables import FLOWS, ORDERS, TRADES, Ending, Order, OrderStatus, Trade
from gridnode.state.kv import Reader

UNTIL_GATE = (Ending.NONE, Ending.GATE)
"""Endings of orders that were there as long as they were not filled."""


class Entry(NamedTuple):
    """An order in a book."""

    number: int
    """Its number."""
    order: Order
    """As it is now."""
    left_wh: int
    """What was left of it then."""


class Book(NamedTuple):
    """Orders for an MTU, and what its lines carried."""

    entries: list[Entry]
    """In order of number."""
    flows: list[int]
    """Net flow of each line, Wh, positive forward."""


def present_book(reader: Reader, mtu: int) -> Book:
    """What may still trade."""
    entries = [Entry(number, order, order.remaining_wh) for number, order in open_orders(reader, mtu)]
    return Book(entries, _flows_now(reader, mtu))


def book_at_gate(reader: Reader, mtu: int) -> Book:
    """What was left when the gate closed and nobody traded any more."""
    entries = [
        Entry(number, order, order.remaining_wh)
        for (_, number), order in ORDERS.scan(reader, mtu)
        if order.ending is Ending.GATE or order.status in (OrderStatus.ACTIVE, OrderStatus.PARTLY_FILLED)
    ]
    return Book(entries, _flows_now(reader, mtu))


def book_when_matched(reader: Reader, mtu: int, number: int) -> Book:
    """What an order left when it had been matched as it came: older orders, less what was traded of them until then."""
    earlier = _trades_until(reader, mtu, number)
    taken_wh: dict[int, int] = {}
    flows = [0] * len(lines(reader))
    for trade in earlier:
        for one in (trade.buyer_order, trade.seller_order):
            taken_wh[one] = taken_wh.get(one, 0) + trade.energy_wh
        for hop in trade_hops(reader, mtu, trade):
            flows[hop.line] += hop.direction * trade.energy_wh
    entries = [
        Entry(other, order, order.energy_wh - taken_wh.get(other, 0))
        for (_, other), order in ORDERS.scan(reader, mtu, stop=(mtu, number))
        if order.ending in UNTIL_GATE and order.energy_wh > taken_wh.get(other, 0)
    ]
    return Book(entries, flows)


def _trades_until(reader: Reader, mtu: int, number: int) -> Iterable[Trade]:
    """Continuous trades of an MTU until an order was matched, its own included: until the first one of a younger order."""
    for _, trade in TRADES.scan(reader, mtu):
        if trade.path or max(trade.buyer_order, trade.seller_order) > number:
            return
        yield trade


def _flows_now(reader: Reader, mtu: int) -> list[int]:
    return [FLOWS.get(reader, line, mtu) or 0 for line in range(len(lines(reader)))]
