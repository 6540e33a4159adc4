"""An order comes and goes: its row, and every index that lists it while it may still trade."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gridnode.modules.market.escrow import Releases, add_escrow, escrow_of
from gridnode.modules.market.tables import (
    DEADLINES,
    OPEN_COUNTS,
    OPEN_ORDERS,
    ORDERS,
    PENDING,
    PERIODS,
    Ending,
    MarketGenesis,
    Order,
    OrderStatus,
    Period,
    Phase,
    Side,
    Terms,
)
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount, EnergyWh
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

OPEN: Final = (OrderStatus.ACTIVE, OrderStatus.PARTLY_FILLED)


def is_open(order: Order) -> bool:
    """Whether the order may still trade, as far as its own row says."""
    return order.status in OPEN


def rests(reader: Reader, number: int, order: Order) -> bool:
    """Whether an order for an MTU whose matching is continuous waits in the kernel's book: open, matched, and not for the auction only."""
    return is_open(order) and order.terms is not Terms.AUCTION and not PENDING.has(reader, number)


def open_orders(reader: Reader, mtu: int) -> list[tuple[int, Order]]:
    """Orders for an MTU that may still trade, in order of number: (number, order)."""
    numbers = sorted(number for (_, _, number), _ in OPEN_ORDERS.scan(reader, mtu))
    return [(number, ORDERS.require(reader, mtu, number)) for number in numbers]


def open_count(reader: Reader, owner: Address, side: Side) -> int:
    """How many open bids or offers an account has."""
    return OPEN_COUNTS.get(reader, owner, side) or 0


def open_orders_of(reader: Reader, owner: Address) -> int:
    """How many open orders an account has."""
    return sum(open_count(reader, owner, side) for side in Side)


def count_open(state: State, owner: Address, side: Side, change: int) -> None:
    """Count `change` more (less, when negative) open orders of an account."""
    left = open_count(state, owner, side) + change
    if left:
        OPEN_COUNTS.put(state, owner, side, left)
    else:
        OPEN_COUNTS.delete(state, owner, side)


def enter_order(state: State, params: MarketGenesis, mtu: int, number: int, order: Order, phase: Phase) -> None:
    """Write a new order; its escrow is counted, not moved. The caller counts it among its owner's, many at once (`count_open`).

    It waits for matching when `phase`, that of its period now, is continuous, unless it is for the auction only.
    """
    ORDERS.put(state, mtu, number, order)
    OPEN_ORDERS.put(state, mtu, order.owner, number, order.side)
    if order.good_until_ms:
        DEADLINES.put(state, order.good_until_ms, number, mtu)
    if phase is Phase.CONTINUOUS and order.terms is not Terms.AUCTION:
        PENDING.put(state, number, mtu)
    period = PERIODS.get(state, mtu) or Period(phase, 0, 0)
    PERIODS.put(state, mtu, replace(period, open_orders=period.open_orders + 1))
    due = escrow_of(params, order)
    if due:
        add_escrow(state, mtu, Amount(due))


def filled(state: State, mtu: int, number: int, order: Order, energy_wh: int) -> Order:
    """The order after a trade of `energy_wh`, written; when nothing is left of it, it leaves every list of open orders."""
    left = order.remaining_wh - energy_wh
    status = OrderStatus.PARTLY_FILLED if left else OrderStatus.FILLED
    after = replace(order, remaining_wh=EnergyWh(left), status=status)
    ORDERS.put(state, mtu, number, after)
    if not left:
        _unlist(state, mtu, number, order)
    return after


def end_order(
    state: State, params: MarketGenesis, releases: Releases, mtu: int, number: int, order: Order, ending: Ending
) -> None:
    """End an open order that is not filled; what is left of its escrow goes back."""
    status = OrderStatus.EXPIRED if ending in (Ending.GATE, Ending.DATE) else OrderStatus.CANCELLED
    ORDERS.put(state, mtu, number, replace(order, status=status, ending=ending))
    releases.add(mtu, order.owner, escrow_of(params, order))
    _unlist(state, mtu, number, order)


def _unlist(state: State, mtu: int, number: int, order: Order) -> None:
    OPEN_ORDERS.delete(state, mtu, order.owner, number)
    count_open(state, order.owner, order.side, -1)
    if order.good_until_ms:
        DEADLINES.delete(state, order.good_until_ms, number)
    PENDING.delete(state, number)
    period = PERIODS.require(state, mtu)
    PERIODS.put(state, mtu, replace(period, open_orders=period.open_orders - 1))
