"""Orders come in: the handler of order sheets."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import mtu_ms
from gridnode.modules.market.bounds import bounds_at
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.events import SheetPlaced
from gridnode.modules.market.lifecycle import enter_order
from gridnode.modules.market.messages import PlaceSheet, SheetEntry
from gridnode.modules.market.periods import phase_at
from gridnode.modules.market.tables import (
    BARRED,
    ESCROW_ACCOUNT,
    NEXT_ORDER,
    PARAMS,
    SHEET_IDS,
    SHEETS,
    Bounds,
    Ending,
    MarketGenesis,
    Order,
    OrderStatus,
    Sheet,
    Side,
)
from gridnode.modules.registry.queries import meters_of_point
from gridnode.modules.registry.standing import point, require_active
from gridnode.modules.registry.tables import Direction, Source
from gridnode.modules.token.rules import balance, move
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, PointId, ZoneId
from gridnode.primitives.limits import MAX_POINT_LOTS
from gridnode.primitives.units import cost
from gridnode.state.overlay import State

FIRST: Final = 1


def source_bit(source: Source) -> int:
    """Bit that stands for a source in an order's `sources`."""
    return 1 << source


ANY_SOURCE: Final = sum(source_bit(source) for source in Source)
"""Sources of a bid that accepts all."""


def place_sheet(context: Context, sender: Address, message: PlaceSheet) -> None:
    """Handler of `market.place_sheet`."""
    state = context.state
    place = point(state, message.point)
    if place.owner != sender:
        raise Rejected(MarketCode.NOT_OWNER, f"{message.point} is another participant's", "point")
    require_active(state, sender)
    if any(entry.side is Side.BID for entry in message.entries) and BARRED.has(state, sender):
        raise Rejected(MarketCode.IN_ARREARS, "the sender owes money from settlements; pay it before bidding")
    if SHEET_IDS.has(state, sender, message.sheet_id):
        raise Rejected(MarketCode.SHEET_EXISTS, f"the sender has a sheet {message.sheet_id}", "sheet_id")
    params = PARAMS.require(state)
    _check_entries(context, params, message)
    due = _escrow_due(params, message)
    if due > balance(state, sender, Denomination.THB):
        raise Rejected(MarketCode.ESCROW_UNPAID, f"the bids need {due} x 1e-9 THB in escrow", "entries")
    move(context, sender, ESCROW_ACCOUNT, Denomination.THB, due)
    first = _enter(context, params, sender, message, place.zone)
    context.emit(SheetPlaced(sender, message.sheet_id, 0, message.point, first, len(message.entries)))


def _escrow_due(params: MarketGenesis, message: PlaceSheet) -> int:
    return sum(
        cost(entry.energy_wh, entry.limit_micro + params.trade_fee_micro)
        for entry in message.entries
        if entry.side is Side.BID
    )


def _enter(context: Context, params: MarketGenesis, sender: Address, message: PlaceSheet, zone: ZoneId) -> int:
    """Write the sheet and its orders; returns the number of the first."""
    state = context.state
    first = NEXT_ORDER.get(state) or FIRST
    NEXT_ORDER.put(state, first + len(message.entries))
    mtus = tuple(entry.mtu for entry in message.entries)
    SHEETS.put(state, first, Sheet(sender, message.sheet_id, 0, message.point, mtus))
    SHEET_IDS.put(state, sender, message.sheet_id, first)
    for number, entry in enumerate(message.entries, first):
        order = Order(
            sender,
            message.sheet_id,
            message.point,
            zone,
            entry.side,
            entry.sources,
            entry.energy_wh,
            entry.energy_wh,
            entry.limit_micro,
            entry.terms,
            entry.preferences,
            entry.good_until_ms,
            context.time_ms,
            OrderStatus.ACTIVE,
            Ending.NONE,
        )
        phase = phase_at(state, params, entry.mtu, context.time_ms)
        enter_order(state, params, entry.mtu, number, order, phase)
    return first


def _check_entries(context: Context, params: MarketGenesis, message: PlaceSheet) -> None:
    metered = 0
    if any(entry.side is Side.OFFER for entry in message.entries):
        metered = _metered_sources(context.state, message.point)
    period_ms = mtu_ms(context.state)
    last_mtu = context.time_ms // period_ms + params.open_ahead_mtus
    for index, entry in enumerate(message.entries):
        bounds = bounds_at(context.state, entry.mtu)
        problem = (
            _energy_problem(bounds, entry)
            or _price_problem(bounds, entry)
            or _source_problem(metered, entry)
        )
        if problem is None and entry.mtu > last_mtu:
            problem = MarketCode.MTU_NOT_OPEN, f"expected an MTU up to {last_mtu}, got {entry.mtu}"
        if problem is None and context.time_ms >= entry.mtu * period_ms - params.gate_closure_ms:
            problem = MarketCode.GATE_CLOSED, f"the gate of MTU {entry.mtu} is closed at {context.time_ms}"
        if problem is not None:
            code, detail = problem
            raise Rejected(code, detail, f"entries[{index}]")


Problem = tuple[MarketCode, str] | None


def _energy_problem(bounds: Bounds, entry: SheetEntry) -> Problem:
    if entry.energy_wh < bounds.min_order_wh:
        return MarketCode.ENERGY_TOO_SMALL, f"expected at least {bounds.min_order_wh} Wh, got {entry.energy_wh}"
    if entry.energy_wh > bounds.max_order_wh:
        return MarketCode.ENERGY_TOO_LARGE, f"expected at most {bounds.max_order_wh} Wh, got {entry.energy_wh}"
    return None


def _price_problem(bounds: Bounds, entry: SheetEntry) -> Problem:
    if not bounds.price_floor_micro <= entry.limit_micro <= bounds.price_cap_micro:
        expected = f"expected {bounds.price_floor_micro} to {bounds.price_cap_micro} micro per kWh"
        return MarketCode.PRICE_OUT_OF_RANGE, f"{expected}, got {entry.limit_micro}"
    if entry.limit_micro % bounds.price_tick_micro:
        return MarketCode.PRICE_OFF_TICK, f"expected a multiple of {bounds.price_tick_micro}, got {entry.limit_micro}"
    return None


def _source_problem(metered: int, entry: SheetEntry) -> Problem:
    sources = entry.sources
    if not sources or sources & ~ANY_SOURCE:
        return MarketCode.UNKNOWN_SOURCE, f"expected bits of {ANY_SOURCE:#b}, got {sources:#b}"
    if entry.side is Side.OFFER and sources & (sources - 1):
        return MarketCode.NOT_ONE_SOURCE, f"expected one source of an offer, got {sources:#b}"
    if entry.side is Side.OFFER and not sources & metered:
        return MarketCode.SOURCE_NOT_METERED, f"the point's meters generate from {metered:#b}, not {sources:#b}"
    return None


def _metered_sources(state: State, point_id: PointId) -> int:
    """Bits of the sources that meters of a point generate from; of its first MAX_POINT_LOTS meters."""
    found = 0
    for _, meter in meters_of_point(state, point_id, MAX_POINT_LOTS):
        if meter.direction is Direction.GENERATION:
            found |= source_bit(meter.source)
    return found
