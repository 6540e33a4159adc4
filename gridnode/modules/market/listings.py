"""What must hold of the lists of open orders, over the whole state: each says what the orders themselves say."""

from __future__ import annotations

from typing import Final

from gridnode.modules.market.lifecycle import is_open
from gridnode.modules.market.tables import (
    DEADLINES,
    OPEN_COUNTS,
    OPEN_ORDERS,
    ORDERS,
    PENDING,
    PERIODS,
    Order,
    Phase,
    Side,
    Terms,
)
from gridnode.modules.market.terms import NEVER_WAIT
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address
from gridnode.state.kv import Reader

NAME: Final = "market"

OpenOrders = dict[tuple[int, int], Order]
"""Open orders by MTU and number."""


def check_listings(reader: Reader) -> None:
    """Open orders, their counts and deadlines are listed; none rests that must not; no owner's orders cross. Raises InvariantBroken."""
    open_orders = {(mtu, number): order for (mtu, number), order in ORDERS.scan(reader) if is_open(order)}
    _check_lists(reader, open_orders)
    _check_counts(reader, open_orders)
    _check_own_orders(open_orders)
    for (mtu, number), order in open_orders.items():
        if PERIODS.require(reader, mtu).phase is Phase.CONTINUOUS and not PENDING.has(reader, number):
            _check_may_wait(number, order)


def _check_lists(reader: Reader, open_orders: OpenOrders) -> None:
    listed = {(mtu, number): (owner, side) for (mtu, owner, number), side in OPEN_ORDERS.scan(reader)}
    if listed != {place: (order.owner, order.side) for place, order in open_orders.items()}:
        raise InvariantBroken(NAME, "the list of open orders is not that of the orders that are open")
    due = {(mtu, number): until_ms for (until_ms, number), mtu in DEADLINES.scan(reader)}
    if due != {place: order.good_until_ms for place, order in open_orders.items() if order.good_until_ms}:
        raise InvariantBroken(NAME, "the deadlines are not those of the open orders")


def _check_counts(reader: Reader, open_orders: OpenOrders) -> None:
    by_owner: dict[tuple[Address, Side], int] = {}
    by_mtu: dict[int, int] = {}
    for (mtu, _), order in open_orders.items():
        by_owner[order.owner, order.side] = by_owner.get((order.owner, order.side), 0) + 1
        by_mtu[mtu] = by_mtu.get(mtu, 0) + 1
    if by_owner != {(owner, Side(side)): count for (owner, side), count in OPEN_COUNTS.scan(reader)}:
        raise InvariantBroken(NAME, "the counts of open orders by owner are wrong")
    counted = {mtu: period.open_orders for (mtu,), period in PERIODS.scan(reader) if period.open_orders}
    if by_mtu != counted:
        raise InvariantBroken(NAME, f"books have {by_mtu} open orders, their periods say {counted}")


def _check_may_wait(number: int, order: Order) -> None:
    """An order that was matched as orders come rests only if its terms let it, and with sources."""
    if order.terms in (*NEVER_WAIT, Terms.MARKET) or not order.sources:
        raise InvariantBroken(NAME, f"order {number} rests, against its terms")


def _check_own_orders(open_orders: OpenOrders) -> None:
    """Every open bid of an owner for an MTU is below all its open offers for it."""
    lowest: dict[tuple[Address, int], int] = {}
    for (mtu, _), order in open_orders.items():
        if order.side is Side.OFFER:
            best = lowest.get((order.owner, mtu), order.limit_micro)
            lowest[order.owner, mtu] = min(best, order.limit_micro)
    for (mtu, number), order in open_orders.items():
        offered = lowest.get((order.owner, mtu))
        if order.side is Side.BID and offered is not None and order.limit_micro >= offered:
            raise InvariantBroken(NAME, f"bid {number} of MTU {mtu} reaches an offer of its owner at {offered}")
