"""Why a trade is as it is, and why an order did or did not trade: figures for programs, sentences for people."""

from __future__ import annotations

from typing import Any

from gridnode.api.market_shapes import order, trade
from gridnode.api.problems import not_found
from gridnode.api.reading import Ask
from gridnode.api.shapes import address, price, source_names, thb
from gridnode.modules.market.benefit import Benefit
from gridnode.modules.market.explanation import AuctionView, OrderExplanation, explain_order
from gridnode.modules.market.queries import NumberedOrder, NumberedTrade
from gridnode.modules.market.reach import UNLIMITED_WH, Counter
from gridnode.modules.market.trade_explanation import TradeExplanation, explain_trade
from gridnode.modules.market.wording import no_benefit_text, order_text, trade_text
from gridnode.primitives.units import cost


def trade_by_number(ask: Ask) -> dict[str, Any]:
    """Why two orders met: who rested, which rule made the price, what the buyer pays to whom, lines used, gains of both."""
    number = ask.parameters.required_integer("number")
    found = explain_trade(ask.reader, number)
    if found is None:
        raise not_found("trade", number)
    return _trade(found)


def order_by_number(ask: Ask) -> dict[str, Any]:
    """Why an order did or did not trade: the best order of the other side, what keeps the two apart, what the tariff leaves."""
    number = ask.parameters.required_integer("number")
    found = explain_order(ask.reader, number)
    if found is None:
        raise not_found("order", number)
    return _order(found)


def _trade(found: TradeExplanation) -> dict[str, Any]:
    value = found.trade
    return {
        "number": found.number,
        "text": trade_text(found),
        "rule": found.rule,
        "resting_order": found.resting or None,
        "preference": found.preference,
        **price("price", value.price_micro),
        **price("wheeling", value.wheeling_micro),
        "wheeling_shares": [
            {"name": share.name, "account": address(share.account), **price("share", share.price_micro)}
            for share in found.shares
        ],
        **price("wheeling_vat", found.wheeling_vat_micro),
        **price("rent", value.rent_micro),
        **price("fee", value.fee_micro),
        **price("total", found.total_micro),
        **thb("cost", cost(value.energy_wh, found.total_micro)),
        "lines": [
            {
                "line": use.line,
                "is_forward": use.is_forward,
                "energy_wh": use.energy_wh,
                "flow_wh": use.flow_wh,
                "capacity_wh": use.capacity_wh,
            }
            for use in found.lines
        ],
        **price("buyer_gain", found.buyer_gain_micro),
        **price("seller_gain", found.seller_gain_micro),
        **price("buyer_saving", found.buyer_saving_micro),
        **price("seller_surplus", found.seller_surplus_micro),
        "benefit": _benefit(found.benefit),
        "trade": trade(NumberedTrade(found.number, found.mtu, value)),
        "bid": order(NumberedOrder(value.buyer_order, found.mtu, found.bid)),
        "offer": order(NumberedOrder(value.seller_order, found.mtu, found.offer)),
    }


def _order(found: OrderExplanation) -> dict[str, Any]:
    return {
        "number": found.number,
        "text": order_text(found),
        "standing": found.standing,
        "cause": found.cause,
        "trades": list(found.trades),
        "book": found.book,
        "counter_orders": found.counters,
        "in_reach_wh": found.in_reach_wh,
        "best": _counter(found.best),
        "blocked": _counter(found.blocked),
        "auction": _auction(found.auction),
        "benefit": _benefit(found.benefit),
        "widest_benefit": _benefit(found.widest),
        "order": order(NumberedOrder(found.number, found.mtu, found.order)),
    }


def _counter(found: Counter | None) -> dict[str, Any] | None:
    if found is None:
        return None
    way = found.way
    limited = way is not None and way.room_wh < UNLIMITED_WH
    return {
        "number": found.number,
        "owner": address(found.owner),
        "zone": found.zone,
        "sources": source_names(found.sources),
        "left_wh": found.left_wh,
        **price("limit", found.limit_micro),
        "wheeling_micro": None if way is None else way.wheeling_micro,
        "gap_micro": None if way is None else found.gap_micro,
        "line": way.line or None if way is not None else None,
        "room_wh": way.room_wh if way is not None and limited else None,
        "obstacle": found.obstacle,
    }


def _auction(found: AuctionView | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        **price("zone_price", found.zone_price_micro),
        **price("delivery", found.delivery_micro),
        **price("limit", found.limit_micro),
    }


def _benefit(found: Benefit | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "band": found.band,
        **price("retail", found.retail_micro),
        **price("feed_in", found.feed_in_micro),
        **price("wheeling", found.wheeling_micro),
        **price("fee", found.fee_micro),
        **price("spare", found.spare_micro),
        "both_can_gain": found.spare_micro > 0,
        "text": no_benefit_text(found) if found.spare_micro <= 0 else None,
    }
