"""What must hold of orders and trades of credits after every block."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gridnode.modules.carbon.book import best, is_open, needs, place_of, value_of
from gridnode.modules.carbon.matching import NO_TRADES, counted
from gridnode.modules.carbon.tables import (
    BOOK,
    ESCROW_ACCOUNT,
    NEXT_ORDER,
    OPEN,
    ORDERS,
    PLACED,
    STATISTICS,
    TRADED,
    TRADES,
    Order,
)
from gridnode.modules.carbon.trading import FIRST
from gridnode.modules.context import After, Writes
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.units import Amount
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

NAME: Final = "carbon-book"


def check_book(before: Reader, writes: Writes) -> None:
    """Orders change only by trades and cancels, indices agree, escrow holds what open orders need, the book is not crossed.

    Raises InvariantBroken.
    """
    after = After(before, writes)
    traded = _check_trades(before, writes, after)
    held = {Denomination.THB: 0, Denomination.CO2: 0}
    opened = placed = 0
    free = NEXT_ORDER.get(after) or FIRST
    for (number,), old, new in ORDERS.changes(before, writes):
        if new is None or number >= free:
            raise InvariantBroken(NAME, f"order {number} vanished, or has a number not given yet")
        _check_order(number, old, new)
        amount, value = traded.pop(number, (0, 0))
        start = old or _unfilled(new)
        if (new.filled_nano - start.filled_nano, new.value - start.value) != (amount, value):
            raise InvariantBroken(NAME, f"order {number} was not filled by its trades: {new}")
        _check_rows(after, number, new)
        for order, sign in ((old, -1), (new, 1)):
            if order is not None and is_open(order):
                held[needs(order).denomination] += sign * needs(order).amount
                opened += sign
        placed += old is None
    if traded:
        raise InvariantBroken(NAME, f"trades of orders that did not change: {list(traded)}")
    _check_indices(before, writes, opened, placed)
    _check_escrow(before, after, held)
    if any(True for _ in BOOK.changes(before, writes)):
        _check_crossing(before, writes)


def _check_order(number: int, old: Order | None, new: Order) -> None:
    """What the order says of itself makes sense, and what it said before stays."""
    full = new.filled_nano == new.amount_nano
    sensible = {
        OrderStatus.ACTIVE: not new.filled_nano,
        OrderStatus.PARTLY_FILLED: 0 < new.filled_nano < new.amount_nano,
        OrderStatus.FILLED: full,
        OrderStatus.CANCELLED: not full,
    }
    if not sensible.get(new.status, False) or not 0 <= new.filled_nano <= new.amount_nano or not new.amount_nano:
        raise InvariantBroken(NAME, f"an order without sense: {number} {new}")
    if old is None:
        return
    kept = replace(new, filled_nano=old.filled_nano, value=old.value, status=old.status)
    if not is_open(old) or kept != old or new.filled_nano < old.filled_nano:
        raise InvariantBroken(NAME, f"order {number} changed from {old} to {new}")


def _unfilled(order: Order) -> Order:
    """The order as it came in."""
    return replace(order, filled_nano=0, value=Amount(0), status=OrderStatus.ACTIVE)


def _check_rows(after: After, number: int, order: Order) -> None:
    """Exactly open orders are in the book and among their owner's open ones, every order among its owner's."""
    place = place_of(number, order)
    listed = (BOOK.has(after, *place), OPEN.has(after, order.owner, *place))
    if listed != (is_open(order), is_open(order)) or not PLACED.has(after, order.owner, number):
        raise InvariantBroken(NAME, f"order {number} is listed where it does not belong, or not where it does: {order}")


def _check_indices(before: Reader, writes: Writes, opened: int, placed: int) -> None:
    """As many rows came or went as orders were opened or closed."""
    for table, expected in ((BOOK, opened), (OPEN, opened), (PLACED, placed)):
        came = sum((new is not None) - (old is not None) for _, old, new in table.changes(before, writes))
        if came != expected:
            raise InvariantBroken(NAME, f"{table.name}: expected {expected} more rows, got {came}")


def _check_escrow(before: Reader, after: After, held: dict[Denomination, int]) -> None:
    for denomination, amount in held.items():
        now = BALANCES.get(after, ESCROW_ACCOUNT, denomination) or 0
        was = BALANCES.get(before, ESCROW_ACCOUNT, denomination) or 0
        if now - was != amount:
            raise InvariantBroken(NAME, f"{denomination.name} in escrow grew by {now - was}, open orders by {amount}")


def _check_crossing(before: Reader, writes: Writes) -> None:
    state = State(before)
    for key, value in writes.items():
        if key.startswith(BOOK.prefix):
            if value is None:
                state.delete(key)
            else:
                state.put(key, value)
    bid, offer = best(state, Side.BID), best(state, Side.OFFER)
    if bid is not None and offer is not None and bid >= offer:
        raise InvariantBroken(NAME, f"the book is crossed: bid {bid}, offer {offer}")


def _check_trades(before: Reader, writes: Writes, after: After) -> dict[int, tuple[int, int]]:
    """Trades are numbered in a row, never change, and make the statistics; returns credits and value by order."""
    was = STATISTICS.get(before) or NO_TRADES
    sums, listed = was, 0
    traded: dict[int, tuple[int, int]] = {}
    for (number,), old, trade in TRADES.changes(before, writes):
        if old is not None or trade is None or number != sums.trades + 1 or trade.buyer == trade.seller:
            raise InvariantBroken(NAME, f"trade {number} changed, has another's number or one party: {trade}")
        sums = counted(sums, trade)
        listed += 2
        for account in (trade.buyer, trade.seller):
            if not TRADED.has(after, account, number):
                raise InvariantBroken(NAME, f"trade {number} is not listed under its parties")
        value = value_of(trade.amount_nano, trade.price_micro)
        for order in (trade.bid, trade.offer):
            amount, sum_ = traded.get(order, (0, 0))
            traded[order] = amount + trade.amount_nano, sum_ + value
    if (STATISTICS.get(after) or NO_TRADES) != sums:
        raise InvariantBroken(NAME, f"statistics are {STATISTICS.get(after)}, trades make {sums}")
    came = sum((new is not None) - (old is not None) for _, old, new in TRADED.changes(before, writes))
    if came != listed:
        raise InvariantBroken(NAME, f"{came} rows list {listed} parties of trades")
    return traded
