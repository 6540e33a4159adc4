"""Explanations in English: whole sentences with the figures that decide, in THB per kWh and Wh."""

from __future__ import annotations

from gridnode.modules.market.benefit import Benefit
from gridnode.modules.market.explanation import Cause, OrderExplanation, Standing, WhichBook
from gridnode.modules.market.reach import Counter, Obstacle
from gridnode.modules.market.tables import Ending, Order, OrderStatus, Side, Terms
from gridnode.modules.market.trade_explanation import PriceRule, TradeExplanation
from gridnode.modules.registry.tables import Source
from gridnode.primitives.units import THB_DECIMALS, cost, format_amount

PRICE_DECIMALS = 6
ENDED = {
    Ending.OWNER: "its owner took it back",
    Ending.REPLACED: "its owner replaced its sheet",
    Ending.IMMEDIATE: "what could not trade at once was cancelled",
    Ending.KILLED: "it was to be filled whole or not at all, and was killed",
    Ending.POSTED: "it was only to rest, and would have traded at once",
    Ending.DATE: "the time until which it was good had come",
    Ending.GATE: "the gate closed",
}


def price_text(micro: int) -> str:
    """A price in THB per kWh, without its unit."""
    return format_amount(micro, PRICE_DECIMALS)


# Trades


def trade_text(found: TradeExplanation) -> str:
    """Why two orders met, in a few sentences."""
    return " ".join([*_meeting(found), _build_up(found), *_lines(found), *_gains(found)])


def _meeting(found: TradeExplanation) -> list[str]:
    trade = found.trade
    taker = trade.buyer_order + trade.seller_order - found.resting
    parties = f"bid {trade.buyer_order} in {trade.buyer_zone} and offer {trade.seller_order} in {trade.seller_zone}"
    met = f"Trade {found.number}: {trade.energy_wh} Wh of {trade.source.name.lower()} energy between {parties}."
    if found.rule is PriceRule.ZONE_PRICE:
        why = f"The call auction accepted both; the seller gets the price of zone {trade.seller_zone}, {price_text(trade.price_micro)}."
    elif found.rule is PriceRule.RESTING_OFFER:
        why = f"Offer {found.resting} rested when bid {taker} came, so its limit is the price: {price_text(trade.price_micro)}."
    else:
        paid = f"its limit, {price_text(found.bid.limit_micro)}, is what the buyer pays delivered"
        got = f"the seller gets it less wheeling {price_text(trade.wheeling_micro)}: {price_text(trade.price_micro)}"
        why = f"Bid {found.resting} rested when offer {taker} came: {paid}, and {got}."
    if found.preference is None:
        return [met, why]
    return [met, why, f"Order {taker} took it by its preference number {found.preference + 1}."]


def _build_up(found: TradeExplanation) -> str:
    trade = found.trade
    shares = ", ".join(f"{share.name} {price_text(share.price_micro)}" for share in found.shares)
    vat = f", {price_text(found.wheeling_vat_micro)} of it VAT" if found.wheeling_vat_micro else ""
    parts = [f"{price_text(trade.price_micro)} to the seller", f"wheeling {price_text(trade.wheeling_micro)} ({shares}{vat})"]
    if trade.rent_micro:
        parts.append(f"congestion rent {price_text(trade.rent_micro)}")
    parts.append(f"fee {price_text(trade.fee_micro)}")
    total = format_amount(cost(trade.energy_wh, found.total_micro), THB_DECIMALS)
    return f"The buyer pays {price_text(found.total_micro)} THB/kWh, {total} THB in all: {', '.join(parts)}."


def _lines(found: TradeExplanation) -> list[str]:
    return [
        f"Line {use.line} carries {use.flow_wh} of {use.capacity_wh} Wh in this direction, {use.energy_wh} of it for this trade."
        for use in found.lines
    ]


def _gains(found: TradeExplanation) -> list[str]:
    limits = f"{price_text(found.buyer_gain_micro)} below the bid's limit and {price_text(found.seller_gain_micro)} above the offer's"
    buyer = _against(found.buyer_saving_micro, "saves", "loses", "the retail price", found.benefit.retail_micro)
    seller = _against(found.seller_surplus_micro, "gains", "loses", "feed-in", found.benefit.feed_in_micro)
    told = [f"It is {limits}.", f"Against the utility's tariff the buyer {buyer} and the seller {seller} per kWh."]
    return [*told, no_benefit_text(found.benefit)] if found.benefit.spare_micro <= 0 else told


def _against(gain_micro: int, gains: str, loses: str, what: str, price_micro: int) -> str:
    verb = gains if gain_micro >= 0 else loses
    return f"{verb} {price_text(abs(gain_micro))} against {what} of {price_text(price_micro)}"


def no_benefit_text(found: Benefit) -> str:
    """That a tariff leaves nothing to share over a way."""
    tariff = f"{found.band}: the utility sells at {price_text(found.retail_micro)} and buys at {price_text(found.feed_in_micro)}"
    charges = f"wheeling {price_text(found.wheeling_micro)} and fee {price_text(found.fee_micro)}"
    return f"In tariff band {tariff}; with {charges} no price leaves both buyer and seller better off."


# Orders


def order_text(found: OrderExplanation) -> str:
    """Why an order did or did not trade, in a few sentences."""
    sentences = [_head(found), *_why(found)]
    if found.cause is not Cause.NONE and found.standing is not Standing.FILLED:
        sentences += _tariff(found)
    return " ".join(sentences)


def _head(found: OrderExplanation) -> str:
    order = found.order
    filled_wh = order.energy_wh - order.remaining_wh
    bound = "at most" if order.side is Side.BID else "at least"
    what = f"{_side(order.side).capitalize()} {found.number} in {order.zone} for MTU {found.mtu}"
    terms = "" if order.terms is Terms.REST else f", {order.terms.name.lower().replace('_', '-')}"
    wanted = f"{order.energy_wh} Wh, {bound} {price_text(order.limit_micro)} THB/kWh{terms}"
    if order.status is OrderStatus.FILLED:
        trades = ", ".join(map(str, found.trades))
        return f"{what} ({wanted}) is filled by trade{'s' if len(found.trades) > 1 else ''} {trades}."
    traded = f"{filled_wh} Wh were traded, " if filled_wh else "nothing was traded, "
    return f"{what} ({wanted}): {traded}{_where(found)}."


def _where(found: OrderExplanation) -> str:
    standing = {
        Standing.WAITS: "it waits for its turn to be matched",
        Standing.RESTS: f"{found.order.remaining_wh} Wh rest in the book",
        Standing.IN_CALL: "it waits for the call auction at gate closure",
        Standing.GATE_CLOSED: "the gate is closed and its end is being written",
    }
    return standing.get(found.standing) or ENDED[found.order.ending]


def _why(found: OrderExplanation) -> list[str]:
    order, auction = found.order, found.auction
    other = _side(_other(order.side))
    if found.cause is Cause.NOBODY:
        return [f"{_when(found)} no {other} for this MTU."]
    if found.cause is Cause.AUCTION_SOURCE:
        return ["A bid that names sources takes no part in the call auction: it has one product and one price."]
    if auction is not None and found.cause in (Cause.AUCTION_PRICE, Cause.AUCTION_TIME):
        return [_auction_why(found)]
    told = [] if found.best is None else [_counter_text(found, found.best)]
    if found.blocked is not None:
        told.append(_blocked_text(order, found.blocked))
    if order.ending is Ending.KILLED:
        told.append(f"{found.in_reach_wh} of {order.energy_wh} Wh were in reach.")
        if found.in_reach_wh == order.energy_wh:
            told.append("The steps of a whole block did not suffice to meet so many orders.")
    return told


def _auction_why(found: OrderExplanation) -> str:
    order, auction = found.order, found.auction
    if auction is None:
        return ""
    zone = f"The call auction gave zone {order.zone} the price {price_text(auction.zone_price_micro)}"
    if order.side is Side.BID:
        delivered = auction.zone_price_micro + auction.delivery_micro
        zone += f", {price_text(delivered)} with delivery {price_text(auction.delivery_micro)}"
    if found.cause is Cause.AUCTION_TIME:
        return f"{zone}: the limit itself, where older orders are served first."
    return f"{zone}, {'above' if order.side is Side.BID else 'below'} the limit of {price_text(order.limit_micro)}."


def _counter_text(found: OrderExplanation, best: Counter) -> str:
    order, past = found.order, found.book is not WhichBook.PRESENT
    buys = order.side is Side.BID
    adjective, other = ("cheapest", "offer") if buys else ("highest", "bid")
    is_, costs = ("was", "cost") if past else ("is", "costs")
    head = f"The {adjective} {other} {is_} {best.number} at {price_text(best.limit_micro)} in {best.zone}"
    if best.way is None:
        return f"{head}, to which no way leads."
    wheeling = price_text(best.way.wheeling_micro)
    if buys:
        delivered = price_text(best.limit_micro + best.way.wheeling_micro)
        head += f"; with wheeling {wheeling} it {costs} {delivered} delivered"
    else:
        got = price_text(best.limit_micro - best.way.wheeling_micro)
        head += f"; less wheeling {wheeling} it {'left' if past else 'leaves'} {got} for the seller"
    if best.obstacle is Obstacle.PRICE:
        gap = f"{price_text(best.gap_micro)} {'above' if buys else 'below'} the {_side(order.side)}'s {price_text(order.limit_micro)}"
        return f"{head}, {gap}."
    return f"{head}, and the prices meet{_hindrance(order, best)}."


def _hindrance(order: Order, counter: Counter) -> str:
    """What keeps two orders apart whose prices meet, as the end of a sentence."""
    way = counter.way
    return {
        Obstacle.NONE: "",
        Obstacle.PRICE: "",
        Obstacle.OWN: ", but it is of the same account",
        Obstacle.AUCTION_ONLY: ", but one of the two trades in the call auction only",
        Obstacle.NO_WAY: ", but no way leads there",
        Obstacle.PARTNER: ", but it is not of a partner that the order names",
        Obstacle.SOURCE: f", but the bid does not take {_sources(order, counter)}",
        Obstacle.LINE_FULL: f", but line {way.line if way else ''} is full: {way.room_wh if way else 0} Wh of room",
    }[counter.obstacle]


def _blocked_text(order: Order, blocked: Counter) -> str:
    what = f"{_side(_other(order.side)).capitalize()} {blocked.number} at {price_text(blocked.limit_micro)} in {blocked.zone}"
    return f"{what} would do by its price{_hindrance(order, blocked)}."


def _tariff(found: OrderExplanation) -> list[str]:
    """That the tariff leaves nothing to share, over the way at hand or over any."""
    if found.widest is not None and found.widest.spare_micro <= 0:
        return [no_benefit_text(found.widest)]
    if found.benefit is not None and found.benefit.spare_micro <= 0:
        return [no_benefit_text(found.benefit)]
    return []


def _when(found: OrderExplanation) -> str:
    return {
        WhichBook.PRESENT: "There is",
        WhichBook.MATCHED: "When it was matched there was",
        WhichBook.GATE: "When the gate closed there was",
    }[found.book]


def _sources(order: Order, counter: Counter) -> str:
    mask = counter.sources if order.side is Side.BID else order.sources
    return " or ".join(source.name.lower() for source in Source if mask >> source & 1)


def _side(side: Side) -> str:
    return "bid" if side is Side.BID else "offer"


def _other(side: Side) -> Side:
    return Side.OFFER if side is Side.BID else Side.BID
