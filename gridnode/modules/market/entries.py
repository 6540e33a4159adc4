"""What an entry of a sheet must be to become an order: one rule after the other, in the precedence of the result codes."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import clock
from gridnode.modules.market.bounds import DatedBounds
from gridnode.modules.market.codes import MarketCode, Problem
from gridnode.modules.market.market_orders import market_limit
from gridnode.modules.market.messages import PlaceSheet, ReplaceSheet, SheetEntry
from gridnode.modules.market.own_orders import OwnOrders
from gridnode.modules.market.periods import gate_ms, phase_at
from gridnode.modules.market.preferences import preference_problem
from gridnode.modules.market.sources import ANY_SOURCE, metered_sources
from gridnode.modules.market.tables import (
    PERIODS,
    Bounds,
    Ending,
    MarketGenesis,
    Order,
    OrderStatus,
    Phase,
    Side,
    Terms,
)
from gridnode.modules.market.terms import terms_problem
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.units import PriceMicro


class Admitted(NamedTuple):
    """An entry that is an order now."""

    order: Order
    phase: Phase
    """Of its MTU."""


class Admission:
    """Admits the entries of one sheet in turn; each counts among its sender's orders for the next."""

    def __init__(
        self, context: Context, params: MarketGenesis, sender: Address, zone: ZoneId, sheet: PlaceSheet | ReplaceSheet
    ) -> None:
        state = context.state
        self._state, self._time_ms, self._params = state, context.time_ms, params
        self._sender, self._zone, self._sheet = sender, zone, sheet
        offers = any(entry.side is Side.OFFER for entry in sheet.entries)
        self._metered = metered_sources(state, sheet.point) if offers else 0
        self._last_mtu = clock(state).mtu_at(context.time_ms) + params.open_ahead_mtus
        mtus = [self._known(entry.mtu) for entry in sheet.entries]
        self._bounds = DatedBounds(state, min(mtus), max(mtus))
        self._own = OwnOrders(state, sender)
        self._coming: dict[int, int] = {}

    def admit(self, index: int) -> Admitted:
        """The order that entry `index` makes. Raises Rejected naming the entry."""
        entry = self._sheet.entries[index]
        bounds = self._bounds.at(self._known(entry.mtu))
        limit = self._limit(bounds, entry)
        phase = phase_at(self._state, self._params, entry.mtu, self._time_ms)
        problem = (
            _energy_problem(bounds, entry)
            or _price_problem(bounds, entry, limit)
            or self._source_problem(entry)
            or preference_problem(self._sender, entry)
            or self._time_problem(entry, phase)
            or terms_problem(self._params, phase, entry)
            or self._deadline_problem(entry)
            or self._own_problem(entry, limit)
            or self._room_problem(entry)
        )
        if problem is not None:
            code, detail = problem
            raise Rejected(code, detail, f"entries[{index}]")
        self._own.join(entry.mtu, entry.side, limit)
        self._coming[entry.mtu] = self._coming.get(entry.mtu, 0) + 1
        return Admitted(self._order(entry, limit), phase)

    def _known(self, mtu: int) -> int:
        """The MTU whose bounds and tariff an entry is held against: its own, or the last that is open when it is further ahead."""
        return min(mtu, self._last_mtu)

    def _limit(self, bounds: Bounds, entry: SheetEntry) -> PriceMicro:
        """The order's limit: the entry's own, or of a market order the tariff's; -1 where that has none."""
        if entry.terms is not Terms.MARKET:
            return entry.limit_micro
        limit = market_limit(self._state, self._params, bounds, self._known(entry.mtu), entry.side)
        return PriceMicro(-1) if limit is None else limit

    def _source_problem(self, entry: SheetEntry) -> Problem:
        sources = entry.sources
        nothing_else = entry.side is Side.BID and bool(entry.preferences)
        if sources & ~ANY_SOURCE or not (sources or nothing_else):
            return MarketCode.UNKNOWN_SOURCE, f"expected bits of {ANY_SOURCE:#b}, got {sources:#b}"
        if entry.side is Side.OFFER and sources & (sources - 1):
            return MarketCode.NOT_ONE_SOURCE, f"expected one source of an offer, got {sources:#b}"
        if entry.side is Side.OFFER and not sources & self._metered:
            metered = f"the point's meters generate from {self._metered:#b}"
            return MarketCode.SOURCE_NOT_METERED, f"{metered}, not {sources:#b}"
        return None

    def _time_problem(self, entry: SheetEntry, phase: Phase) -> Problem:
        if entry.mtu > self._last_mtu:
            return MarketCode.MTU_NOT_OPEN, f"expected an MTU up to {self._last_mtu}, got {entry.mtu}"
        if phase is Phase.CLEARING:
            return MarketCode.GATE_CLOSED, f"the gate of MTU {entry.mtu} is closed at {self._time_ms}"
        return None

    def _deadline_problem(self, entry: SheetEntry) -> Problem:
        until_ms = entry.good_until_ms
        if not until_ms:
            return None
        latest_ms = gate_ms(self._state, self._params, entry.mtu)
        if not self._time_ms < until_ms <= latest_ms:
            return MarketCode.BAD_DEADLINE, f"expected a time after {self._time_ms} and up to {latest_ms}, got {until_ms}"
        return None

    def _own_problem(self, entry: SheetEntry, limit_micro: int) -> Problem:
        crossed = self._own.crossed_by(entry.mtu, entry.side, limit_micro)
        if crossed is None:
            return None
        other = "an offer" if entry.side is Side.BID else "a bid"
        return MarketCode.OWN_ORDERS_CROSS, f"a limit of {limit_micro} reaches {other} of the sender at {crossed}"

    def _room_problem(self, entry: SheetEntry) -> Problem:
        period = PERIODS.get(self._state, entry.mtu)
        waiting = (period.open_orders if period else 0) + self._coming.get(entry.mtu, 0)
        if waiting >= self._params.max_book_orders:
            return MarketCode.BOOK_FULL, f"MTU {entry.mtu} has {waiting} open orders"
        return None

    def _order(self, entry: SheetEntry, limit: PriceMicro) -> Order:
        return Order(
            self._sender,
            self._sheet.sheet_id,
            self._sheet.point,
            self._zone,
            entry.side,
            entry.sources,
            entry.energy_wh,
            entry.energy_wh,
            limit,
            entry.terms,
            entry.preferences,
            entry.good_until_ms,
            self._time_ms,
            OrderStatus.ACTIVE,
            Ending.NONE,
        )


def _energy_problem(bounds: Bounds, entry: SheetEntry) -> Problem:
    if entry.energy_wh < bounds.min_order_wh:
        return MarketCode.ENERGY_TOO_SMALL, f"expected at least {bounds.min_order_wh} Wh, got {entry.energy_wh}"
    if entry.energy_wh > bounds.max_order_wh:
        return MarketCode.ENERGY_TOO_LARGE, f"expected at most {bounds.max_order_wh} Wh, got {entry.energy_wh}"
    return None


def _price_problem(bounds: Bounds, entry: SheetEntry, limit_micro: int) -> Problem:
    if entry.terms is Terms.MARKET and entry.limit_micro:
        return MarketCode.LIMIT_OF_MARKET_ORDER, f"expected 0, got {entry.limit_micro}"
    if not bounds.price_floor_micro <= limit_micro <= bounds.price_cap_micro:
        expected = f"expected {bounds.price_floor_micro} to {bounds.price_cap_micro} micro per kWh"
        got = "the tariff leaves none" if entry.terms is Terms.MARKET else f"got {limit_micro}"
        return MarketCode.PRICE_OUT_OF_RANGE, f"{expected}, {got}"
    if limit_micro % bounds.price_tick_micro:
        return MarketCode.PRICE_OFF_TICK, f"expected a multiple of {bounds.price_tick_micro}, got {limit_micro}"
    return None
