"""The market as the blocks before tell it: open orders, those that wait for matching, flows on lines, where each book stands.

Orders are never read from a node's state: a sheet is the message that its sender signed. What does not fit is a finding.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gridnode.audit.findings import Fault, Finding
from gridnode.audit.frame import Frame
from gridnode.audit.reading import Done, Told
from gridnode.modules.grid.messages import SetHolidays, SetTariff
from gridnode.modules.market.events import BoundsSet, OrdersCancelled, SheetPlaced
from gridnode.modules.market.messages import PlaceSheet, ReplaceSheet, SheetEntry
from gridnode.modules.market.tables import Ending, Order, OrderStatus, Phase, Side, Terms
from gridnode.modules.registry.events import PointRegistered
from gridnode.primitives.ids import PointId, ZoneId
from gridnode.primitives.units import PriceMicro, TimeMs


@dataclass(slots=True)
class Standing:
    """An order that may still trade."""

    number: int
    """Its number, which is its priority in time."""
    mtu: int
    """Delivery period."""
    zone: int
    """Number of its zone."""
    order: Order
    """As it was placed."""
    left_wh: int
    """What is left of it."""


@dataclass(slots=True)
class Path:
    """A path of an auction's energy, and what is left of it to be traded."""

    hops: tuple[tuple[int, int], ...]
    """Lines by number in order of travel, each with 1 forward or -1 backward; none within a zone."""
    seller_zone: int
    """Zone number."""
    buyer_zone: int
    """Zone number."""
    price_micro: int
    """What the seller gets, per kWh."""
    wheeling_micro: int
    """Delivery and lines, per kWh."""
    rent_micro: int
    """Congestion rent, per kWh."""
    left_wh: int
    """Not traded yet."""


@dataclass(slots=True)
class Period:
    """Where the book of an MTU stands."""

    phase: Phase
    """As the market's rules count them."""
    paths: list[Path] = field(default_factory=list)
    """Of its auction, in order; number 1 is the first."""
    awards: dict[tuple[int, Side], deque[list[int]]] = field(default_factory=dict)
    """(zone number, side) -> [order number, Wh accepted and not traded yet], by number."""


class Stopped(NamedTuple):
    """Where the steps of a block ended inside the matching of an order."""

    mtu: int
    """Delivery period."""
    number: int
    """The order."""
    preference: int
    """The preference that was being tried; as many as there are behind them."""
    counterparty: int
    """The partner's order that was being tried; 0 for any."""
    rank: int
    """How good that one's price is."""


class History:
    """The market after the blocks that were followed."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.open: dict[int, dict[int, Standing]] = {}
        """MTU -> number -> order."""
        self.periods: dict[int, Period] = {}
        """MTU -> where its book stands, from its first order until its last one has ended behind the gate."""
        self.waiting: dict[int, Standing] = {}
        """Orders that wait for matching, ascending."""
        self.stopped: Stopped | None = None
        """What the next matching goes on with."""
        self.gone: list[tuple[int, int]] = []
        """(MTU, number) of orders that ended since somebody emptied this."""
        self.next_order = 1
        self.next_trade = 1
        self._flows: dict[int, list[int]] = {}
        self._mtu_of: dict[int, int] = {}
        self._points: dict[PointId, PointRegistered] = {}
        self._with_deadline: dict[int, Standing] = {}

    # Questions

    def standing(self, number: int) -> Standing | None:
        """An open order by its number; None when there is none."""
        mtu = self._mtu_of.get(number)
        return None if mtu is None else self.open[mtu][number]

    def flows(self, mtu: int) -> list[int]:
        """Net flow of each line, Wh, positive forward."""
        return self._flows.setdefault(mtu, [0] * len(self.frame.lines))

    def due(self, time_ms: int) -> list[Standing]:
        """Open orders that are good until a time that has come, by that time, then by number."""
        found = [standing for standing in self._with_deadline.values() if standing.order.good_until_ms <= time_ms]
        return sorted(found, key=lambda standing: (standing.order.good_until_ms, standing.number))

    # Changes

    def end(self, number: int) -> Standing | None:
        """An order can trade no more; None when it was not open."""
        mtu = self._mtu_of.pop(number, None)
        if mtu is None:
            return None
        self.waiting.pop(number, None)
        self._with_deadline.pop(number, None)
        self.gone.append((mtu, number))
        return self.open[mtu].pop(number)

    def forget(self, mtu: int) -> None:
        """No order for an MTU can trade any more."""
        del self.periods[mtu]
        self.open.pop(mtu, None)
        self._flows.pop(mtu, None)

    def flow(self, mtu: int, hops: Iterable[tuple[int, int]], energy_wh: int) -> None:
        """Energy passes lines."""
        flows = self.flows(mtu)
        for line, direction in hops:
            flows[line] += direction * energy_wh

    def trade(self, bid: Standing, offer: Standing, energy_wh: int) -> None:
        """Two open orders, which have so much left, met."""
        self.next_trade += 1
        for standing in (bid, offer):
            standing.left_wh -= energy_wh
            if not standing.left_wh:
                self.end(standing.number)

    def take_transactions(self, told: Told) -> Iterator[Finding]:
        """Follow what a block's transactions did; yields what does not fit."""
        for done in told.done:
            for message in done.messages:
                if isinstance(message, SetTariff):
                    self.frame.set_tariff(message)
                elif isinstance(message, SetHolidays):
                    self.frame.set_holidays(message)
            yield from self._take_events(told, done)

    def _take_events(self, told: Told, done: Done) -> Iterator[Finding]:
        height = told.header.height
        sheets = iter([item for item in done.messages if isinstance(item, PlaceSheet | ReplaceSheet)])
        for event in done.events:
            if isinstance(event, SheetPlaced):
                yield from self._take_sheet(told, done, event, next(sheets, None))
            elif isinstance(event, OrdersCancelled):
                yield from self._take_cancels(height, done, event)
            elif isinstance(event, BoundsSet):
                self.frame.set_bounds(event.from_mtu, event.bounds)
            elif isinstance(event, PointRegistered):
                self._points[event.point] = event
        if next(sheets, None) is not None:
            yield Finding(height, Fault.HISTORY, "a sheet took effect without an event")

    def _take_sheet(
        self, told: Told, done: Done, event: SheetPlaced, sheet: PlaceSheet | ReplaceSheet | None
    ) -> Iterator[Finding]:
        height = told.header.height
        if sheet is None or (event.sheet_id, event.point, event.orders) != (
            sheet.sheet_id,
            sheet.point,
            len(sheet.entries),
        ):
            yield Finding(height, Fault.HISTORY, f"the event of sheet {event.sheet_id} is not that of the message")
            return
        if event.first_order != self.next_order:
            yield Finding(height, Fault.HISTORY, f"expected order {self.next_order} next", order=event.first_order)
        place = self._points.get(event.point)
        if place is None or not place.owner == done.sender == event.owner:
            yield Finding(height, Fault.HISTORY, f"{event.point} is not the sender's", order=event.first_order)
            return
        for number, entry in enumerate(sheet.entries, event.first_order):
            self._enter(number, self._order(sheet, entry, place, told.header.time_ms), entry.mtu, told.header.time_ms)
        self.next_order = event.first_order + event.orders

    def _order(
        self, sheet: PlaceSheet | ReplaceSheet, entry: SheetEntry, place: PointRegistered, time_ms: TimeMs
    ) -> Order:
        limit = entry.limit_micro
        if entry.terms is Terms.MARKET:
            limit = PriceMicro(self.frame.market_limit(entry.mtu, entry.side))
        return Order(
            place.owner,
            sheet.sheet_id,
            sheet.point,
            ZoneId(place.zone),
            entry.side,
            entry.sources,
            entry.energy_wh,
            entry.energy_wh,
            limit,
            entry.terms,
            entry.preferences,
            entry.good_until_ms,
            time_ms,
            OrderStatus.ACTIVE,
            Ending.NONE,
        )

    def _enter(self, number: int, order: Order, mtu: int, time_ms: int) -> None:
        standing = Standing(number, mtu, self.frame.zone_number[order.zone], order, order.energy_wh)
        phase = self.frame.phase(mtu, time_ms)
        self.open.setdefault(mtu, {})[number] = standing
        self.periods.setdefault(mtu, Period(phase))
        self._mtu_of[number] = mtu
        if order.terms is not Terms.AUCTION and phase is Phase.CONTINUOUS:
            self.waiting[number] = standing
        if order.good_until_ms:
            self._with_deadline[number] = standing

    def _take_cancels(self, height: int, done: Done, event: OrdersCancelled) -> Iterator[Finding]:
        for number in event.orders:
            standing = self.standing(number)
            if standing is None or not standing.order.owner == done.sender == event.owner:
                yield Finding(height, Fault.HISTORY, "expected an open order of the sender to be cancelled", order=number)
            self.end(number)
