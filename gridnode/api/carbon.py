"""Questions about carbon credits: who earned them, their order book and trades.

Credits are decimal strings of 1e-9 credit (`amount_nano`) with whole credits beside (`amount_credits`); prices are integers of 1e-6 THB per
credit with THB beside.
"""

from __future__ import annotations

from typing import Any

from gridnode.api.pages import page
from gridnode.api.problems import bad_parameter, not_found
from gridnode.api.reading import Ask
from gridnode.api.shapes import PRICE_DECIMALS, address, thb
from gridnode.codec.records import to_json
from gridnode.modules.carbon import queries
from gridnode.modules.carbon.book import left_nano, value_of
from gridnode.modules.carbon.queries import Level, Rank
from gridnode.modules.carbon.tables import Order, Trade
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.primitives.units import CO2_DECIMALS, format_amount

STATUSES = tuple(status.name.lower() for status in OrderStatus if status is not OrderStatus.EXPIRED)


def params(ask: Ask) -> dict[str, Any]:
    """Rates of credits by source, and what orders for credits may say."""
    found = queries.params(ask.reader)
    amounts = ("amount_step_nano", "min_amount_nano", "max_amount_nano")
    return to_json(found) | {name: str(getattr(found, name)) for name in amounts}


def book(ask: Ask) -> dict[str, Any]:
    """Depth: what is left of open orders by limit, bids from the highest, offers from the lowest; at most `limit` prices a side."""
    limit = ask.parameters.limit()
    bids, offers = (queries.depth(ask.reader, side, limit) for side in (Side.BID, Side.OFFER))
    return {"bids": [_level(level) for level in bids], "offers": [_level(level) for level in offers]}


def orders(ask: Ask) -> dict[str, Any]:
    """Orders, the latest first, of all or of an owner; `after` is an order's number.

    `status` leaves out the other rows, so a page may hold fewer rows than `limit` and yet have a next.
    """
    owner, status = ask.parameters.address("owner"), ask.parameters.choice("status", STATUSES)
    limit, after = ask.parameters.limit(), ask.parameters.integer("after")
    if owner is None:
        found = queries.orders(ask.reader, limit, after)
    else:
        found = queries.orders_of(ask.reader, owner, limit, after)
    return page(
        found,
        limit,
        lambda row: row[0],
        lambda row: _order(*row),
        lambda row: status is None or row[1].status.name.lower() == status,
    )


def order_by_number(ask: Ask) -> dict[str, Any]:
    """One order."""
    number = ask.parameters.required_integer("number")
    found = queries.order(ask.reader, number)
    if found is None:
        raise not_found("order for credits", number)
    return _order(number, found)


def trades(ask: Ask) -> dict[str, Any]:
    """Trades, the latest first, of all or of an account; `after` is a trade's number."""
    owner = ask.parameters.address("owner")
    limit, after = ask.parameters.limit(), ask.parameters.integer("after")
    if owner is None:
        found = queries.trades(ask.reader, limit, after)
    else:
        found = queries.trades_of(ask.reader, owner, limit, after)
    return page(found, limit, lambda row: row[0], lambda row: _trade(*row))


def trade_by_number(ask: Ask) -> dict[str, Any]:
    """One trade."""
    number = ask.parameters.required_integer("number")
    found = queries.trade(ask.reader, number)
    if found is None:
        raise not_found("trade of credits", number)
    return _trade(number, found)


def leaderboard(ask: Ask) -> dict[str, Any]:
    """Accounts by credits ever earned, most first, equal ones by account; `after` is an account of the list."""
    limit, last = ask.parameters.limit(), ask.parameters.address("after")
    behind = None
    if last is not None:
        behind = Rank(last, queries.earned(ask.reader, last))
        if not behind.credits_nano:
            raise bad_parameter("after", "an account that earned credits", address(last))
    found = queries.leaderboard(ask.reader, limit, behind)
    return page(
        found,
        limit,
        lambda row: address(row.account),
        lambda row: {"account": address(row.account), **_credits("earned", row.credits_nano)},
    )


def stats(ask: Ask) -> dict[str, Any]:
    """Best prices, last price, volume; credits that exist, were retired, were earned by source. Prices are null when there is none."""
    found = queries.overview(ask.reader)
    sums = found.trades
    traded = sums.trades > 0
    return {
        **_price("best_bid", found.best_bid_micro),
        **_price("best_offer", found.best_offer_micro),
        **_price("last", sums.last_micro if traded else None),
        **_price("high", sums.high_micro if traded else None),
        **_price("low", sums.low_micro if traded else None),
        "trades": sums.trades,
        **_credits("volume", sums.volume_nano),
        **thb("value", sums.value),
        **thb("fees", sums.fees),
        **_credits("supply", found.supply_nano),
        **_credits("retired", found.retired_nano),
        "sources": [
            {
                "source": source.name.lower(),
                "energy_wh": total.energy_wh,
                **_credits("earned", total.credits_nano),
            }
            for source, total in found.sources
        ],
    }


def _credits(name: str, nano: int) -> dict[str, str]:
    return {f"{name}_nano": str(nano), f"{name}_credits": format_amount(nano, CO2_DECIMALS)}


def _price(name: str, micro: int | None) -> dict[str, Any]:
    text = None if micro is None else format_amount(micro, PRICE_DECIMALS)
    return {f"{name}_micro": micro, f"{name}_thb_per_credit": text}


def _level(level: Level) -> dict[str, Any]:
    return {
        **_price("price", level.price_micro),
        **_credits("amount", level.amount_nano),
        "orders": level.orders,
    }


def _order(number: int, found: Order) -> dict[str, Any]:
    return {
        "number": number,
        **to_json(found),
        **_credits("amount", found.amount_nano),
        **_credits("filled", found.filled_nano),
        **_credits("left", left_nano(found)),
        **_price("price", found.price_micro),
        **thb("value", found.value),
    }


def _trade(number: int, found: Trade) -> dict[str, Any]:
    return {
        "number": number,
        **to_json(found),
        **_credits("amount", found.amount_nano),
        **_price("price", found.price_micro),
        **thb("value", value_of(found.amount_nano, found.price_micro)),
        **thb("fee", value_of(found.amount_nano, found.fee_micro)),
    }
