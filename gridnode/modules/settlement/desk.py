"""The desk: what one block's hook knows of the MTU that it settles, and the figures that it adds up."""

from __future__ import annotations

from dataclasses import fields
from typing import Final, NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import Prices, tariff_at
from gridnode.modules.grid.network import WheelingShare, wheeling_shares, zone_number
from gridnode.modules.market.rules import position
from gridnode.modules.market.tables import Position
from gridnode.modules.metering.points import point_sum
from gridnode.modules.metering.tables import PointSum
from gridnode.modules.registry.standing import dso_of_zone
from gridnode.modules.registry.standing import point as point_of
from gridnode.modules.registry.tables import Point
from gridnode.modules.settlement.payments import Payments
from gridnode.modules.settlement.tables import MTUS, TOTALS, WORKS, Settled, Work
from gridnode.primitives.ids import Address, PointId, ZoneId
from gridnode.primitives.units import Amount, EnergyWh

NO_WORK: Final = Work(EnergyWh(0), EnergyWh(0), EnergyWh(0), EnergyWh(0), Amount(0), Amount(0), 0)
FIGURES: Final = tuple(field.name for field in fields(Settled))
NOTHING: Final = Settled(**dict.fromkeys(FIGURES, 0))  # type: ignore[arg-type]


class Account(NamedTuple):
    """A connection point in the MTU: what was measured and traded there."""

    place: Point
    """Owner and zone."""
    sums: PointSum
    """Readings and lots."""
    position: Position
    """Trades."""

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
    """The settlement of one MTU in one block; rows of works and sums are written by `close`."""

    def __init__(self, context: Context, mtu: int) -> None:
        self.context = context
        self.state = context.state
        self.mtu = mtu
        self.payments = Payments(context)
        self.gained = dict.fromkeys(FIGURES, 0)
        """Figures to add to the sums of the MTU and of all."""
        self._accounts: dict[PointId, Account] = {}
        self._works: dict[PointId, Work] = {}
        self._shares: dict[tuple[ZoneId, ZoneId], list[WheelingShare]] = {}

    def account(self, point: PointId) -> Account:
        """What was measured and traded at a point."""
        found = self._accounts.get(point)
        if found is None:
            sums = point_sum(self.state, self.mtu, point)
            found = Account(point_of(self.state, point), sums, position(self.state, self.mtu, point))
            self._accounts[point] = found
        return found

    def work(self, point: PointId) -> Work:
        """What deliveries have done for a point."""
        found = self._works.get(point)
        if found is None:
            found = self._works[point] = WORKS.get(self.state, self.mtu, point) or NO_WORK
        return found

    def set_work(self, point: PointId, work: Work) -> None:
        """Remember what deliveries have done for a point."""
        self._works[point] = work

    def drop_work(self, point: PointId) -> None:
        """Forget a point that is settled."""
        self._works.pop(point, None)
        WORKS.delete(self.state, self.mtu, point)

    def shares(self, source: ZoneId, target: ZoneId) -> list[WheelingShare]:
        """Who receives which part of the wheeling between two zones in this MTU."""
        found = self._shares.get((source, target))
        if found is None:
            numbers = zone_number(self.state, source), zone_number(self.state, target)
            found = wheeling_shares(self.state, *numbers, self.mtu)
            self._shares[source, target] = found
        return found

    def prices(self) -> Prices:
        """Tariff of the MTU."""
        return tariff_at(self.state, self.mtu)

    def dso(self, zone: ZoneId) -> Address:
        """DSO of a zone."""
        return dso_of_zone(self.state, zone)

    def close(self) -> Settled:
        """Write works and sums; returns the sums of the MTU. Payments are made by those who settle."""
        for point, work in self._works.items():
            if work is not NO_WORK:
                WORKS.put(self.state, self.mtu, point, work)
        TOTALS.put(self.state, self._added(TOTALS.get(self.state)))
        sums = self._added(MTUS.get(self.state, self.mtu))
        MTUS.put(self.state, self.mtu, sums)
        self.context.totals.settled_wh += self.gained["delivered_wh"]
        return sums

    def _added(self, before: Settled | None) -> Settled:
        gained, known = self.gained, before or NOTHING
        return Settled(**{name: getattr(known, name) + gained[name] for name in FIGURES})
