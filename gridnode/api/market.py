"""Questions about the market: orders, trades, the book of an MTU."""

from __future__ import annotations

from typing import Any

from gridnode.api.pages import page
from gridnode.api.problems import bad_parameter, not_found
from gridnode.api.reading import Ask
from gridnode.api.shapes import order, price, trade
from gridnode.codec.records import to_json
from gridnode.modules.market import queries
from gridnode.modules.market.locks import is_void
from gridnode.modules.market.queries import Level, NumberedOrder, NumberedTrade
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.modules.settlement.queries import delivered_wh
from gridnode.primitives.ids import Address, ZoneId

STATUSES = tuple(status.name.lower() for status in OrderStatus)


def params(ask: Ask) -> dict[str, Any]:
    """The market's parameters."""
    return to_json(queries.params(ask.reader))


def orders(ask: Ask) -> dict[str, Any]:
    """Orders for an MTU by number, or of an owner by sheet and number; `after` is an order's number.

    `owner`, `status` and `zone` leave out the other rows, so a page may hold fewer rows than `limit` and yet have a next.
    """
    mtu = ask.parameters.integer("mtu")
    owner = ask.parameters.address("owner")
    status = ask.parameters.choice("status", STATUSES)
    zone = ask.parameters.name("zone")
    limit, after = ask.parameters.limit(), ask.parameters.integer("after")

    def wanted(found: NumberedOrder) -> bool:
        value = found.order
        return (
            (owner is None or value.owner == owner)
            and (status is None or value.status.name.lower() == status)
            and (zone is None or value.zone == zone)
        )

    if mtu is not None:
        rows = queries.orders_of_mtu(ask.reader, mtu, limit, after)
    elif owner is not None:
        rows = _orders_of(ask, owner, limit, after)
    else:
        raise bad_parameter("mtu", "mtu or owner, or both", "neither")
    return page(rows, limit, lambda row: row.number, order, wanted)


def _orders_of(ask: Ask, owner: Address, limit: int, after: int | None) -> list[NumberedOrder]:
    """At most `limit` orders of an owner behind order `after`: by sheet id, within a sheet by number."""
    rows: list[NumberedOrder] = []
    sheet_id = None
    if after is not None:
        last = queries.order(ask.reader, after)
        if last is None or last.order.owner != owner:
            raise bad_parameter("after", "the number of one of the owner's orders", after)
        sheet_id = last.order.sheet_id
        rows += [row for row in queries.orders_of_sheet(ask.reader, owner, sheet_id) if row.number > after]
    while len(rows) < limit:
        sheets = queries.sheets_of(ask.reader, owner, 1, sheet_id)
        if not sheets:
            break
        sheet_id = sheets[0][1].sheet_id
        rows += queries.orders_of_sheet(ask.reader, owner, sheet_id)
    return rows[:limit]


def order_by_number(ask: Ask) -> dict[str, Any]:
    """One order."""
    number = ask.parameters.required_integer("number")
    found = queries.order(ask.reader, number)
    if found is None:
        raise not_found("order", number)
    return order(found)


def trades(ask: Ask) -> dict[str, Any]:
    """Trades of an MTU, ascending; or of an owner, or of all, latest first; `after` is a trade's number."""
    mtu, owner = ask.parameters.integer("mtu"), ask.parameters.address("owner")
    limit, after = ask.parameters.limit(), ask.parameters.integer("after")
    if mtu is not None and owner is not None:
        raise bad_parameter("owner", "mtu or owner, not both", "both")
    if mtu is not None:
        rows = queries.trades_of_mtu(ask.reader, mtu, limit, after)
    elif owner is not None:
        rows = queries.trades_of(ask.reader, owner, limit, after)
    else:
        rows = queries.recent_trades(ask.reader, limit, after)
    return page(rows, limit, lambda row: row.number, lambda row: _trade(ask, row))


def trade_by_number(ask: Ask) -> dict[str, Any]:
    """One trade."""
    number = ask.parameters.required_integer("number")
    found = queries.trade(ask.reader, number)
    if found is None:
        raise not_found("trade", number)
    return _trade(ask, found)


def _trade(ask: Ask, found: NumberedTrade) -> dict[str, Any]:
    """A trade, with what was delivered for it once it is settled, and whether it is void for want of its lock."""
    return trade(found) | {
        "delivered_wh": delivered_wh(ask.reader, found.mtu, found.number),
        "void": is_void(ask.reader, found.mtu, found.number),
    }


def book(ask: Ask) -> dict[str, Any]:
    """Depth of an MTU's book: resting energy by zone and limit, bids from the highest, offers from the lowest."""
    mtu = ask.parameters.required_integer("mtu")
    zone = ask.parameters.name("zone")
    levels = queries.depth(ask.reader, mtu, None if zone is None else ZoneId(zone))
    return {
        "mtu": mtu,
        "bids": [_level(level) for level in levels if level.side is Side.BID],
        "offers": [_level(level) for level in levels if level.side is Side.OFFER],
    }


def _level(level: Level) -> dict[str, Any]:
    return {
        "zone": level.zone,
        **price("limit", level.limit_micro),
        "energy_wh": level.energy_wh,
        "orders": level.orders,
    }
