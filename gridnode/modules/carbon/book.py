"""The book of open orders: who comes first, which orders meet, and what an open order holds in escrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from gridnode.modules.carbon.tables import BOOK, OPEN, Order
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_PRICE_MICRO
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

EXACT: Final = 10**6
"""1e-9 credit x 1e-6 THB per credit, over this, is 1e-9 THB."""
OPPOSITE: Final = {Side.BID: Side.OFFER, Side.OFFER: Side.BID}
OPEN_STATUSES: Final = (OrderStatus.ACTIVE, OrderStatus.PARTLY_FILLED)


class Held(NamedTuple):
    """What an order has to hand over for all that is left of it."""

    denomination: Denomination
    """THB of a bid, credits of an offer."""
    amount: int
    """Smallest units."""


def value_of(amount_nano: int, micro: int) -> int:
    """Price of credits in 1e-9 THB, exact: genesis sees to it that steps of amount times ticks of price are multiples of `EXACT`."""
    value, rest = divmod(amount_nano * micro, EXACT)
    if rest:
        raise InvariantBroken("carbon", f"{amount_nano} x {micro} is no whole number of 1e-9 THB")
    return value


def left_nano(order: Order) -> int:
    """Credits that the order still asks for or offers."""
    return order.amount_nano - order.filled_nano


def is_open(order: Order) -> bool:
    """Whether the order may still trade."""
    return order.status in OPEN_STATUSES


def needs(order: Order) -> Held:
    """What the order has to hand over for what is left of it: of a bid limit and fee, of an offer credits."""
    left = left_nano(order)
    if order.side is Side.BID:
        return Held(Denomination.THB, value_of(left, order.price_micro + order.fee_micro))
    return Held(Denomination.CO2, left)


def meets(order: Order, other: Order) -> bool:
    """Whether two orders of opposite sides can trade: the bid's limit is not below the offer's."""
    bid, offer = (order, other) if order.side is Side.BID else (other, order)
    return bid.price_micro >= offer.price_micro


def enter(state: State, number: int, order: Order) -> None:
    """Put an open order into the book."""
    place = place_of(number, order)
    BOOK.put(state, *place, True)
    OPEN.put(state, order.owner, *place, True)


def leave(state: State, number: int, order: Order) -> None:
    """Take an order out of the book."""
    place = place_of(number, order)
    BOOK.delete(state, *place)
    OPEN.delete(state, order.owner, *place)


def in_turn(reader: Reader, side: Side, limit: int | None = None) -> Iterator[tuple[int, int]]:
    """Open orders of a side as others meet them: the best price first, then the lowest number. (number, price)."""
    for (_, rank, number), _ in BOOK.scan(reader, side, limit=limit):
        yield number, rank_of(side, rank)


def best(reader: Reader, side: Side) -> int | None:
    """Highest bid or lowest offer, 1e-6 THB per credit; None when there is none."""
    return next((price for _, price in in_turn(reader, side, 1)), None)


def open_of(reader: Reader, account: Address) -> list[int]:
    """Numbers of an account's open orders, at most as many as genesis allows: bids, then offers, each from the best limit."""
    return [number for (_, _, _, number), _ in OPEN.scan(reader, account)]


def own_best(reader: Reader, account: Address, side: Side) -> int | None:
    """Number of an account's open order with the best limit of a side; None when it has none there."""
    return next((number for (_, _, _, number), _ in OPEN.scan(reader, account, side, limit=1)), None)


def place_of(number: int, order: Order) -> tuple[Side, int, int]:
    """Key of an order in the book: side, rank of its limit, number."""
    return order.side, rank_of(order.side, order.price_micro), number


def rank_of(side: Side, price_micro: int) -> int:
    """Part of the book's key that sorts better prices first; applied to such a part it gives the price."""
    return price_micro if side is Side.OFFER else MAX_PRICE_MICRO - price_micro
