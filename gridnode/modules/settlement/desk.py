"""The desk: what one block's hook knows of the MTU that it settles, and the figures that it adds up."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from typing import Final, NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import Prices, tariff_at
from gridnode.modules.grid.network import WheelingShare
from gridnode.modules.market.rules import position
from gridnode.modules.market.shares import trade_shares
from gridnode.modules.market.tables import Position, Trade
from gridnode.modules.metering.points import complete_point
from gridnode.modules.metering.tables import PointSum
from gridnode.modules.registry.standing import dso_of_zone
from gridnode.modules.registry.standing import point as point_of
from gridnode.modules.registry.tables import Point
from gridnode.modules.settlement.allocation import NO_SALES
from gridnode.modules.settlement.payments import Payments
from gridnode.modules.settlement.tables import MTUS, SALES, TOTALS, WORKS, Sales, Settled, Work
from gridnode.primitives.ids import Address, PointId, ZoneId

WORK_FIGURES: Final = tuple(field.name for field in fields(Work))
FIGURES: Final = tuple(field.name for field in fields(Settled))
NO_WORK: Final = Work(**dict.fromkeys(WORK_FIGURES, 0))  # type: ignore[arg-type]
NOTHING: Final = Settled(**dict.fromkeys(FIGURES, 0))  # type: ignore[arg-type]


class Account(NamedTuple):
    """A connection point in the MTU: what was measured and traded there."""

    place: Point
    """Owner and zone."""
    sums: PointSum
    """Readings and lots."""
    position: Position
    """Trades that are not void."""

    @property
    def surplus_wh(self) -> int:
        """What it can deliver."""
        return max(0, self.sums.generated_wh - self.sums.consumed_wh)

    @property
    def lack_wh(self) -> int:
        """What it can consume of what it receives."""
        return max(0, self.sums.consumed_wh - self.sums.generated_wh)

    @property
    def imbalance_wh(self) -> int:
        """(g - c) - (s - b): excess above zero, lack below."""
        metered = self.sums.generated_wh - self.sums.consumed_wh
        return metered - (self.position.sold_wh - self.position.bought_wh)


class Desk:
    """The settlement of one MTU in one block; rows of works, sales and sums are written by `close`."""

    def __init__(self, context: Context, mtu: int) -> None:
        self.context = context
        self.state = context.state
        self.mtu = mtu
        self.payments = Payments(context)
        self.gained = dict.fromkeys(FIGURES, 0)
        """Figures to add to the sums of the MTU and of all."""
        self._accounts: dict[PointId, Account] = {}
        self._works: dict[PointId, dict[str, int]] = {}
        self._sales: dict[PointId, Sales] = {}
        self._shares: dict[tuple[ZoneId, ZoneId, int], list[WheelingShare]] = {}

    def account(self, point: PointId) -> Account:
        """What was measured and traded at a point, readings that lack estimated; ask only when all trades are weighed."""
        found = self._accounts.get(point)
        if found is None:
            sums = complete_point(self.context, self.mtu, point)
            found = Account(point_of(self.state, point), sums, position(self.state, self.mtu, point))
            self._accounts[point] = found
        return found

    def work(self, point: PointId) -> dict[str, int]:
        """What trades have done for a point, by names of `Work`; add to it what more they do."""
        found = self._works.get(point)
        if found is None:
            row = WORKS.get(self.state, self.mtu, point) or NO_WORK
            found = self._works[point] = {name: getattr(row, name) for name in WORK_FIGURES}
        return found

    def sales(self, point: PointId) -> Sales:
        """What a point sold by source."""
        found = self._sales.get(point)
        if found is None:
            found = self._sales[point] = SALES.get(self.state, self.mtu, point) or NO_SALES
        return found

    def set_sales(self, point: PointId, sales: Sales) -> None:
        """Remember what a point sold."""
        self._sales[point] = sales

    def drop(self, point: PointId) -> Work:
        """Forget the work and the sales of a point that is settled; returns the work."""
        work = work_of(self.work(point))
        self._works.pop(point, None)
        self._sales.pop(point, None)
        WORKS.delete(self.state, self.mtu, point)
        SALES.delete(self.state, self.mtu, point)
        return work

    def shares(self, trade: Trade) -> list[WheelingShare]:
        """Who receives which part of the wheeling of a trade."""
        key = trade.seller_zone, trade.buyer_zone, trade.path
        found = self._shares.get(key)
        if found is None:
            found = self._shares[key] = trade_shares(self.state, self.mtu, trade)
        return found

    @cached_property
    def prices(self) -> Prices:
        """Tariff of the MTU."""
        return tariff_at(self.state, self.mtu)

    def dso(self, zone: ZoneId) -> Address:
        """DSO of a zone."""
        return dso_of_zone(self.state, zone)

    def close(self) -> Settled:
        """Write works, sales and sums; returns the sums of the MTU. Payments are made by those who settle."""
        for point, figures in self._works.items():
            if any(figures.values()):
                WORKS.put(self.state, self.mtu, point, work_of(figures))
        for point, sales in self._sales.items():
            if sales is not NO_SALES:
                SALES.put(self.state, self.mtu, point, sales)
        TOTALS.put(self.state, self._added(TOTALS.get(self.state)))
        sums = self._added(MTUS.get(self.state, self.mtu))
        MTUS.put(self.state, self.mtu, sums)
        self.context.totals.settled_wh += self.gained["delivered_wh"]
        return sums

    def _added(self, before: Settled | None) -> Settled:
        gained, known = self.gained, before or NOTHING
        return Settled(**{name: getattr(known, name) + gained[name] for name in FIGURES})


def work_of(figures: dict[str, int]) -> Work:
    """The record of figures by names of `Work`."""
    return Work(**figures)  # type: ignore[arg-type]
