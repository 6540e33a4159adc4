"""Why an order traded, or did not: where it stands, the best order of the other side, and what keeps the two apart. `wording` says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gridnode.modules.grid.network import distribution_micro_per_kwh, lines, zone_number, zones
from gridnode.modules.market.auction_tables import AUCTIONS
from gridnode.modules.market.benefit import Benefit, benefit_of
from gridnode.modules.market.cancels import mtu_of_order
from gridnode.modules.market.past_books import Book, book_at_gate, book_when_matched, present_book
from gridnode.modules.market.reach import Counter, Obstacle, Reach
from gridnode.modules.market.sources import takes_any_source
from gridnode.modules.market.tables import (
    ORDERS,
    PARAMS,
    PENDING,
    PERIODS,
    TRADES,
    Ending,
    Mode,
    Order,
    OrderStatus,
    Phase,
    Side,
    Terms,
)
from gridnode.primitives.ids import ZoneId
from gridnode.primitives.limits import MAX_EXPLAINED_TRADES, MAX_U64
from gridnode.state.kv import Reader


class Standing(StrEnum):
    """Where an order stands. Names are for programs and stay."""

    FILLED = "filled"
    WAITS = "waits"  # for the matching of a block, whose steps did not suffice
    RESTS = "rests"  # in the book, for somebody to meet it
    IN_CALL = "in_call"  # for the call auction
    GATE_CLOSED = "gate_closed"  # the gate is closed; its auction is being held, or it is about to expire
    ENDED = "ended"  # `ending` says how


class Cause(StrEnum):
    """Why an order is not filled. Names are for programs and stay."""

    NONE = "none"  # it is filled, or nothing keeps it from being
    NOBODY = "nobody"  # no order of the other side
    OBSTACLE = "obstacle"  # `best` says which
    AUCTION_SOURCE = "auction_source"  # a bid that names sources has no part in an auction
    AUCTION_PRICE = "auction_price"  # the auction's price was beyond its limit
    AUCTION_TIME = "auction_time"  # the price was its limit, and older orders were served first
    TERMS = "terms"  # its terms ended it, though somebody was in reach
    OWNER = "owner"  # its owner ended it


class WhichBook(StrEnum):
    """Of which moment the book is."""

    PRESENT = "present"
    MATCHED = "matched"  # when the order had been matched as it came
    GATE = "gate"  # when the gate had closed


@dataclass(frozen=True, slots=True)
class AuctionView:
    """The call auction as an order saw it."""

    zone_price_micro: int
    """Price of its zone, per kWh: what sellers get."""
    delivery_micro: int
    """What a buyer pays on top for delivery."""
    limit_micro: int
    """The order's limit in the auction: of a bid less delivery."""


@dataclass(frozen=True, slots=True)
class OrderExplanation:
    """An order and why it is where it is. Prices per kWh."""

    number: int
    """Its number."""
    mtu: int
    """Delivery period."""
    order: Order
    """As it is now."""
    standing: Standing
    """Where it stands."""
    cause: Cause
    """Why it is not filled."""
    trades: tuple[int, ...]
    """Numbers of its trades, ascending; the first MAX_EXPLAINED_TRADES."""
    book: WhichBook
    """What `best` and the counts are about."""
    counters: int
    """Orders of the other side in it."""
    best: Counter | None
    """The one with the best price that a way leads to, whatever keeps it apart; one that only the price keeps apart before others."""
    blocked: Counter | None
    """One whose price would do, kept apart by something else, where that is not what keeps `best` apart; None when there is none."""
    in_reach_wh: int
    """What the order could trade at once in this book."""
    auction: AuctionView | None
    """The call auction, where one was held that decided about the order."""
    benefit: Benefit | None
    """Over the way to `best`, or within the zone; None where no way is at hand."""
    widest: Benefit | None
    """Over the cheapest way to or from any zone."""


def explain_order(reader: Reader, number: int) -> OrderExplanation | None:
    """Why an order did or did not trade; None when there is no such order."""
    mtu = mtu_of_order(reader, number) if number < MAX_U64 else None
    if mtu is None:
        return None
    order = ORDERS.require(reader, mtu, number)
    standing = _standing(reader, mtu, number, order)
    which, book = _book(reader, mtu, number, order)
    in_auction = standing in (Standing.IN_CALL, Standing.GATE_CLOSED) or order.ending is Ending.GATE
    reach = Reach(reader, mtu, order, book, in_auction, which is not WhichBook.MATCHED)
    counters = [counter for counter in reach.counters() if counter.number != number]
    best, blocked = _best(counters)
    auction = _auction(reader, mtu, order)
    ways = [way for way in (reach.way_of(zone.name) for zone in zones(reader)) if way is not None]
    at_hand = best.way if best is not None else reach.way_of(order.zone)
    return OrderExplanation(
        number,
        mtu,
        order,
        standing,
        _cause(order, standing, best, auction, PARAMS.require(reader).mode),
        _trades(reader, mtu, number),
        which,
        len(counters),
        best,
        blocked,
        reach.within_reach_wh(counters),
        auction,
        None if at_hand is None else benefit_of(reader, mtu, at_hand.wheeling_micro),
        None if not ways else benefit_of(reader, mtu, min(way.wheeling_micro for way in ways)),
    )


def _standing(reader: Reader, mtu: int, number: int, order: Order) -> Standing:
    if order.status is OrderStatus.FILLED:
        return Standing.FILLED
    if order.ending is not Ending.NONE:
        return Standing.ENDED
    phase = PERIODS.require(reader, mtu).phase
    if phase > Phase.CALL:
        return Standing.GATE_CLOSED
    if phase is Phase.CALL or order.terms is Terms.AUCTION:
        return Standing.IN_CALL
    return Standing.WAITS if PENDING.has(reader, number) else Standing.RESTS


def _book(reader: Reader, mtu: int, number: int, order: Order) -> tuple[WhichBook, Book]:
    if order.status is OrderStatus.FILLED:
        return WhichBook.PRESENT, Book([], [0] * len(lines(reader)))
    if order.ending in (Ending.IMMEDIATE, Ending.KILLED, Ending.POSTED):
        return WhichBook.MATCHED, book_when_matched(reader, mtu, number)
    if not PERIODS.has(reader, mtu) or order.ending is Ending.GATE:
        return WhichBook.GATE, book_at_gate(reader, mtu)
    return WhichBook.PRESENT, present_book(reader, mtu)


def _best(counters: list[Counter]) -> tuple[Counter | None, Counter | None]:
    """The best counter that nothing but its price or nothing at all keeps apart, else the best at all; and one that is kept apart else."""
    plain = next((one for one in counters if one.obstacle in (Obstacle.NONE, Obstacle.PRICE)), None)
    hindered = (one for one in counters if one.obstacle not in (Obstacle.NONE, Obstacle.PRICE))
    if plain is None:
        return next(hindered, None), None
    return plain, next((one for one in hindered if one.way is not None and one.gap_micro <= 0), None)


def _auction(reader: Reader, mtu: int, order: Order) -> AuctionView | None:
    held = AUCTIONS.get(reader, mtu)
    decided = order.ending is Ending.GATE or (held is not None and order.ending is Ending.NONE)
    if held is None or not decided or not takes_any_source(order.side, order.sources):
        return None
    price = next((zone.price_micro for zone in held.summary.zones if zone.name == order.zone), None)
    if price is None:
        return None
    delivery = distribution_micro_per_kwh(reader, zone_number(reader, ZoneId(order.zone)), mtu)
    limit = order.limit_micro - (delivery if order.side is Side.BID else 0)
    return AuctionView(price, delivery, limit)


def _cause(
    order: Order, standing: Standing, best: Counter | None, auction: AuctionView | None, mode: Mode
) -> Cause:
    if standing is Standing.FILLED:
        return Cause.NONE
    if order.ending in (Ending.OWNER, Ending.REPLACED):
        return Cause.OWNER
    if auction is not None:
        beyond = auction.limit_micro - auction.zone_price_micro
        if order.side is Side.OFFER:
            beyond = -beyond
        return Cause.AUCTION_PRICE if beyond < 0 else Cause.AUCTION_TIME
    at_gate = order.ending is Ending.GATE and mode is not Mode.CONTINUOUS
    if at_gate and not takes_any_source(order.side, order.sources):
        return Cause.AUCTION_SOURCE
    if best is None:
        return Cause.NOBODY
    if best.obstacle is not Obstacle.NONE:
        return Cause.OBSTACLE
    return Cause.TERMS if standing is Standing.ENDED else Cause.NONE


def _trades(reader: Reader, mtu: int, number: int) -> tuple[int, ...]:
    found = (
        one for (_, one), trade in TRADES.scan(reader, mtu) if number in (trade.buyer_order, trade.seller_order)
    )
    return tuple(one for _, one in zip(range(MAX_EXPLAINED_TRADES), found, strict=False))
