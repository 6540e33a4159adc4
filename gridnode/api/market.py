"""Questions about the market: its parameters and bounds, orders, trades."""

from __future__ import annotations

from typing import Any

from gridnode.api import market_shapes
from gridnode.api.market_shapes import order, trade
from gridnode.api.pages import page
from gridnode.api.problems import bad_parameter, not_found
from gridnode.api.reading import Ask
from gridnode.codec.records import to_json
from gridnode.modules.grid.clock import clock
from gridnode.modules.market import queries
from gridnode.modules.market.locks import is_void
from gridnode.modules.market.market_data import DatedBounds, bounds_in_force, dated_bounds
from gridnode.modules.market.queries import NumberedOrder, NumberedTrade
from gridnode.modules.market.tables import OrderStatus, Side, Terms
from gridnode.modules.settlement.queries import delivered_wh
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_ASKED_MTU

STATUSES = tuple(status.name.lower() for status in OrderStatus)
TERMS = tuple(terms.name.lower() for terms in Terms)
SIDES = tuple(side.name.lower() for side in Side)
PHASES = ("continuous", "auction")
"""Of trades: made as orders came, or by the call auction."""


def params(ask: Ask) -> dict[str, Any]:
    """The market's parameters, as genesis set them; `bounds` are those from MTU 0 on."""
    return to_json(queries.params(ask.reader))


def bounds(ask: Ask) -> dict[str, Any]:
    """What orders for an MTU may say, the present one unless `mtu` says another: energies, price tick, floor and cap; since when."""
    mtu = ask.parameters.integer("mtu", high=MAX_ASKED_MTU)
    mtu = clock(ask.reader).mtu_at(ask.time_ms) if mtu is None else mtu
    return {"mtu": mtu, **_bounds(ask, bounds_in_force(ask.reader, mtu))}


def all_bounds(ask: Ask) -> dict[str, Any]:
    """Dated bounds of orders, the latest first, those to come included; `after` is an MTU."""
    limit = ask.parameters.limit()
    found = dated_bounds(ask.reader, limit, ask.parameters.integer("after", high=MAX_ASKED_MTU))
    return page(found, limit, lambda row: row.from_mtu, lambda row: _bounds(ask, row))


def _bounds(ask: Ask, found: DatedBounds) -> dict[str, Any]:
    start_ms = clock(ask.reader).start_ms(found.from_mtu)
    return {"from_mtu": found.from_mtu, "from_ms": start_ms, **market_shapes.bounds(found.bounds)}


def orders(ask: Ask) -> dict[str, Any]:
    """Orders for an MTU by number, or of an owner by sheet and number; `after` is an order's number.

    `owner`, `status`, `terms`, `side` and `zone` leave out the other rows, so a page may hold fewer rows than `limit` and yet
    have a next.
    """
    mtu = ask.parameters.integer("mtu")
    owner = ask.parameters.address("owner")
    chosen = {
        "status": ask.parameters.choice("status", STATUSES),
        "terms": ask.parameters.choice("terms", TERMS),
        "side": ask.parameters.choice("side", SIDES),
    }
    zone = ask.parameters.name("zone")
    limit, after = ask.parameters.limit(), ask.parameters.integer("after")

    def wanted(found: NumberedOrder) -> bool:
        value = found.order
        return (
            (owner is None or value.owner == owner)
            and all(name in (None, getattr(value, field).name.lower()) for field, name in chosen.items())
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
    """Trades of an MTU, ascending; or of an owner, or of all, latest first; `after` is a trade's number.

    `phase` leaves out those of the other one, so a page may hold fewer rows than `limit` and yet have a next.
    """
    mtu, owner = ask.parameters.integer("mtu"), ask.parameters.address("owner")
    phase = ask.parameters.choice("phase", PHASES)
    limit, after = ask.parameters.limit(), ask.parameters.integer("after")
    if mtu is not None and owner is not None:
        raise bad_parameter("owner", "mtu or owner, not both", "both")
    if mtu is not None:
        rows = queries.trades_of_mtu(ask.reader, mtu, limit, after)
    elif owner is not None:
        rows = queries.trades_of(ask.reader, owner, limit, after)
    else:
        rows = queries.recent_trades(ask.reader, limit, after)

    def wanted(found: NumberedTrade) -> bool:
        return phase is None or (phase == "auction") == bool(found.trade.path)

    return page(rows, limit, lambda row: row.number, lambda row: _trade(ask, row), wanted)


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
