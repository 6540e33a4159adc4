"""How records of the market look in answers: orders, trades, prices of a time, books, auctions, bounds.

Beside a price `..._micro` (1e-6 THB per kWh) stands `..._thb_per_kwh`, beside an amount (1e-9 THB) `..._thb`; see `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridnode.api.shapes import address, price, source_names, thb
from gridnode.chain.clearing import ClearingSummary
from gridnode.codec.records import to_json
from gridnode.modules.market.auction_tables import Auction, AuctionPath
from gridnode.modules.market.delivered import Reached
from gridnode.modules.market.queries import Level, NumberedOrder, NumberedTrade
from gridnode.modules.market.tables import Bounds, Ending, Preference, Statistics
from gridnode.primitives.units import cost


def order(found: NumberedOrder) -> dict[str, Any]:
    """An order with its number and MTU; sources by name; `ending` and `good_until_ms` are null where there is none."""
    value = found.order
    return {
        "number": found.number,
        "mtu": found.mtu,
        **to_json(value),
        "sources": source_names(value.sources),
        "preferences": [_preference(one) for one in value.preferences],
        "good_until_ms": value.good_until_ms or None,
        "ending": None if value.ending is Ending.NONE else value.ending.name.lower(),
        "filled_wh": value.energy_wh - value.remaining_wh,
        **price("limit", value.limit_micro),
    }


def _preference(found: Preference) -> dict[str, Any]:
    return {"partner": address(found.partner) if found.partner else None, "sources": source_names(found.sources)}


def trade(found: NumberedTrade) -> dict[str, Any]:
    """A trade with its number and MTU, the phase in which it was made, what the seller gets (`value`) and the buyer pays (`cost`)."""
    value = found.trade
    paid = value.price_micro + value.wheeling_micro + value.rent_micro + value.fee_micro
    return {
        "number": found.number,
        "mtu": found.mtu,
        **to_json(value),
        "phase": "auction" if value.path else "continuous",
        **price("price", value.price_micro),
        **price("wheeling", value.wheeling_micro),
        **price("rent", value.rent_micro),
        **price("fee", value.fee_micro),
        **price("paid", paid),
        **thb("value", cost(value.energy_wh, value.price_micro)),
        **thb("cost", cost(value.energy_wh, paid)),
    }


def statistics(found: Statistics) -> dict[str, Any]:
    """Trades of one MTU or of all; prices are null when there is none."""
    prices = _prices(found, ("vwap", "high", "low", "last"))
    return {"trades": found.trades, "traded_wh": found.volume_wh, **thb("value", found.value), **prices}


def candle(found: Statistics) -> dict[str, Any]:
    """Trades of an interval: first, highest, lowest and last price, volume, volume-weighted average; prices are null without trades."""
    prices = _prices(found, ("open", "high", "low", "close", "vwap"))
    return {"trades": found.trades, "volume_wh": found.volume_wh, **thb("value", found.value), **prices}


def _prices(found: Statistics, names: Sequence[str]) -> dict[str, Any]:
    traded = found.volume_wh > 0
    micro = {
        "open": found.open_micro,
        "high": found.high_micro,
        "low": found.low_micro,
        "close": found.last_micro,
        "last": found.last_micro,
        "vwap": int(found.value) // found.volume_wh if traded else 0,
    }
    shaped = {key: value for name in names for key, value in price(name, micro[name]).items()}
    return shaped if traded else dict.fromkeys(shaped)


def level(found: Level) -> dict[str, Any]:
    """All orders of one side and zone at one limit."""
    return {
        "zone": found.zone,
        **price("limit", found.limit_micro),
        "energy_wh": found.energy_wh,
        "orders": found.orders,
    }


def reached(found: Reached) -> dict[str, Any]:
    """The best level of a zone as another zone sees it; `room_wh` is null within a zone."""
    return {
        **level(found.level),
        **price("wheeling", found.wheeling_micro),
        **price("price", found.price_micro),
        "room_wh": found.room_wh,
    }


def auction(found: Auction) -> dict[str, Any]:
    """A call auction that was held, with its MTU."""
    return {
        "mtu": found.summary.mtu,
        "height": found.height,
        "time_ms": found.time_ms,
        **cleared(found.summary, found.volume_wh, found.value, found.rent),
    }


def cleared(summary: ClearingSummary, volume_wh: int, value: int, rent: int) -> dict[str, Any]:
    """What a clearing gave: its certificate, volume, what sellers get, congestion rent."""
    return {
        "volume_wh": volume_wh,
        **thb("value", value),
        **thb("rent", rent),
        "summary": {
            **to_json(summary),
            "zones": [to_json(zone) | price("price", zone.price_micro) for zone in summary.zones],
            "lines": [to_json(line) | price("wheeling", line.wheeling_micro) for line in summary.lines],
        },
    }


def auction_path(number: int, found: AuctionPath, zones: Sequence[str], lines: Sequence[str]) -> dict[str, Any]:
    """A path of an auction with its number, zones and lines by name; `left_wh` waits to be written as trades."""
    return {
        "path": number,
        "seller_zone": zones[found.seller_zone],
        "buyer_zone": zones[found.buyer_zone],
        "lines": [{"line": lines[hop.line], "direction": hop.direction} for hop in found.hops],
        **price("price", found.price_micro),
        **price("wheeling", found.wheeling_micro),
        **price("rent", found.rent_micro),
        "energy_wh": found.energy_wh,
        "left_wh": found.left_wh,
    }


def bounds(found: Bounds) -> dict[str, Any]:
    """What orders may say."""
    return {
        "min_order_wh": found.min_order_wh,
        "max_order_wh": found.max_order_wh,
        **price("price_tick", found.price_tick_micro),
        **price("price_floor", found.price_floor_micro),
        **price("price_cap", found.price_cap_micro),
    }
