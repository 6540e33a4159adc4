"""Why two orders met: who rested, which price rule applied, what the buyer pays to whom, which lines were used, who gained what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gridnode.modules.grid.clock import tariff_at
from gridnode.modules.grid.network import capacities, lines
from gridnode.modules.grid.tariffs import vat_part
from gridnode.modules.market.benefit import Benefit, benefit_of
from gridnode.modules.market.shares import trade_hops, trade_shares
from gridnode.modules.market.sources import preferred_sources
from gridnode.modules.market.tables import FLOWS, ORDERS, TRADE_MTUS, TRADES, Order, Side, Trade
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_U64
from gridnode.state.kv import Reader


class PriceRule(StrEnum):
    """What made the price. Names are for programs and stay."""

    RESTING_OFFER = "resting_offer"  # an offer that rested gets its limit
    RESTING_BID = "resting_bid"  # a bid that rested pays its limit, the seller gets it less wheeling
    ZONE_PRICE = "zone_price"  # of the call auction, in the seller's zone


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the wheeling."""

    name: str
    """Of the zone of delivery, or of the line."""
    account: Address
    """Who gets it."""
    price_micro: int
    """Per kWh, VAT included."""


@dataclass(frozen=True, slots=True)
class LineUse:
    """A line that the energy passes."""

    line: str
    """Its name."""
    is_forward: bool
    """From its start to its end."""
    energy_wh: int
    """Of this trade."""
    flow_wh: int
    """What it carries by now, net, in the direction of this trade."""
    capacity_wh: int
    """What it can carry in that direction."""


@dataclass(frozen=True, slots=True)
class TradeExplanation:
    """A trade and why it is as it is. Prices per kWh."""

    number: int
    """Its number."""
    mtu: int
    """Delivery period."""
    trade: Trade
    """As it stands."""
    bid: Order
    """As it is now."""
    offer: Order
    """As it is now."""
    rule: PriceRule
    """What made the price."""
    resting: int
    """Number of the order that rested, 0 in an auction."""
    preference: int | None
    """Place of the younger order's preference by which it took the other, from 0; None when by none."""
    shares: tuple[Share, ...]
    """Of the wheeling: delivery, then each line."""
    wheeling_vat_micro: int
    """Value-added tax contained in the wheeling, rounded down."""
    total_micro: int
    """What the buyer pays for a kWh: price, wheeling, rent and fee."""
    lines: tuple[LineUse, ...]
    """Lines passed, in order of travel; none within a zone."""
    buyer_gain_micro: int
    """How far the buyer stayed below its limit, which leaves the fee aside."""
    seller_gain_micro: int
    """How far the seller got above its limit."""
    buyer_saving_micro: int
    """Against the utility's retail price, all in; negative when the utility would have been cheaper."""
    seller_surplus_micro: int
    """Against the utility's feed-in price; negative when the utility would have paid more."""
    benefit: Benefit
    """What the tariff left for both."""


def explain_trade(reader: Reader, number: int) -> TradeExplanation | None:
    """Why a trade is as it is; None when there is no such trade."""
    mtu = TRADE_MTUS.get(reader, number) if number < MAX_U64 else None
    if mtu is None:
        return None
    trade = TRADES.require(reader, mtu, number)
    bid = ORDERS.require(reader, mtu, trade.buyer_order)
    offer = ORDERS.require(reader, mtu, trade.seller_order)
    prices = tariff_at(reader, mtu)
    delivered = trade.price_micro + trade.wheeling_micro + trade.rent_micro
    total = delivered + trade.fee_micro
    rule, resting = _rule(trade)
    return TradeExplanation(
        number,
        mtu,
        trade,
        bid,
        offer,
        rule,
        resting,
        _preference(trade, bid, offer),
        _shares(reader, mtu, trade),
        vat_part(trade.wheeling_micro, prices.vat_ppm),
        total,
        _line_uses(reader, mtu, trade),
        bid.limit_micro - delivered,
        trade.price_micro - offer.limit_micro,
        prices.retail_micro_per_kwh - total,
        trade.price_micro - prices.feed_in_micro_per_kwh,
        benefit_of(reader, mtu, trade.wheeling_micro),
    )


def _rule(trade: Trade) -> tuple[PriceRule, int]:
    """Which rule made the price, and which order rested: of a continuous trade the older one, which has the lower number."""
    if trade.path:
        return PriceRule.ZONE_PRICE, 0
    if trade.seller_order < trade.buyer_order:
        return PriceRule.RESTING_OFFER, trade.seller_order
    return PriceRule.RESTING_BID, trade.buyer_order


def _preference(trade: Trade, bid: Order, offer: Order) -> int | None:
    """The younger order's first preference that the other one meets: it is tried before all behind it, so it is the one that took it."""
    if trade.path:
        return None
    taker, other = (bid, offer) if trade.buyer_order > trade.seller_order else (offer, bid)
    for place, preference in enumerate(taker.preferences):
        sources = preferred_sources(taker, preference.sources)
        meets = other.sources & sources if taker.side is Side.BID else True
        if preference.partner in (b"", other.owner) and meets:
            return place
    return None


def _shares(reader: Reader, mtu: int, trade: Trade) -> tuple[Share, ...]:
    known = lines(reader)
    names = [str(trade.buyer_zone), *(known[hop.line].name for hop in trade_hops(reader, mtu, trade))]
    return tuple(
        Share(name, share.account, share.micro_per_kwh)
        for name, share in zip(names, trade_shares(reader, mtu, trade), strict=True)
    )


def _line_uses(reader: Reader, mtu: int, trade: Trade) -> tuple[LineUse, ...]:
    known, limits = lines(reader), capacities(reader, mtu)
    uses = []
    for hop in trade_hops(reader, mtu, trade):
        ahead = hop.direction > 0
        flow_wh = (FLOWS.get(reader, hop.line, mtu) or 0) * hop.direction
        capacity_wh = limits.forward_wh[hop.line] if ahead else limits.backward_wh[hop.line]
        uses.append(LineUse(known[hop.line].name, ahead, trade.energy_wh, flow_wh, capacity_wh))
    return tuple(uses)
