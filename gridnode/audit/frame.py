"""What the market trades in: clock, network, tariffs and bounds, as genesis has them and the regulator's messages changed them."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.modules.grid.messages import SetHolidays, SetTariff
from gridnode.modules.grid.tables import GridGenesis, Hop
from gridnode.modules.grid.tariffs import HOLIDAY, Tariff
from gridnode.modules.grid.ways import ways_from
from gridnode.modules.market.tables import Bounds, MarketGenesis, Mode, Phase, Side

Path = list[tuple[int, int]]
"""Lines by number in order of travel, each with 1 forward or -1 backward."""


class Charges(NamedTuple):
    """What owners of the grid take in one MTU, micro THB per kWh."""

    delivery: tuple[int, ...]
    """By zone number, for delivery in it."""
    passing: tuple[int, ...]
    """By line number, in both directions."""


class Frame:
    """Everything about orders and trades that is not an order or a trade."""

    def __init__(self, grid: GridGenesis, market: MarketGenesis) -> None:
        self.market = market
        self.clock = grid.params.clock
        self.lines = grid.lines
        self.zones = tuple(str(zone.name) for zone in grid.zones)
        self.zone_number = {name: number for number, name in enumerate(self.zones)}
        ways = [ways_from(zone, grid.lines) for zone in self.zones]
        self.paths: list[list[Path | None]] = [
            [_steps(found[zone].hops) if zone in found else None for zone in self.zones] for found in ways
        ]
        self._tariffs = {0: grid.tariff}
        self._bounds = {0: market.bounds}
        self._holidays = {holiday.day: holiday.name for holiday in grid.holidays}

    # What the regulator changes, each for the future only

    def set_tariff(self, message: SetTariff) -> None:
        """A tariff holds from an MTU on."""
        self._tariffs[message.from_mtu] = message.tariff

    def set_holidays(self, message: SetHolidays) -> None:
        """The holidays from a day on are these and no others."""
        kept = {day: name for day, name in self._holidays.items() if day < message.from_day}
        self._holidays = kept | {holiday.day: holiday.name for holiday in message.holidays}

    def set_bounds(self, from_mtu: int, bounds: Bounds) -> None:
        """Bounds of orders hold from an MTU on."""
        self._bounds[from_mtu] = bounds

    # What holds in an MTU

    def bounds(self, mtu: int) -> Bounds:
        """Bounds of orders for an MTU."""
        return self._bounds[max(start for start in self._bounds if start <= mtu)]

    def charges(self, mtu: int) -> Charges:
        """What delivery and lines cost in an MTU."""
        tariff, band = self._in_force(mtu)
        delivery = {charge.name: charge.micro_per_kwh[band] for charge in tariff.distribution}
        passing = {charge.name: charge.micro_per_kwh[band] for charge in tariff.wheeling}
        return Charges(
            tuple(delivery[zone] for zone in self.zones), tuple(passing[line.name] for line in self.lines)
        )

    def adders(self, mtu: int) -> list[list[int]]:
        """What a kWh costs on the way, [offer zone][bid zone]: delivery and every line passed; 0 where no way leads."""
        delivery, passing = self.charges(mtu)
        return [
            [
                0 if path is None else delivery[target] + sum(passing[line] for line, _ in path)
                for target, path in enumerate(row)
            ]
            for row in self.paths
        ]

    def market_limit(self, mtu: int, side: Side) -> int:
        """Limit of a market order: retail price less fee of a bid, down to the tick; feed-in of an offer, up; inside floor and cap."""
        tariff, band = self._in_force(mtu)
        bounds = self.bounds(mtu)
        tick = bounds.price_tick_micro
        if side is Side.BID:
            energy = tariff.energy_micro_per_kwh(band, tariff.is_peak(self.clock.quarter_of_day(mtu)))
            spare = tariff.retail_micro_per_kwh(energy) - self.market.trade_fee_micro
            limit = min(spare, bounds.price_cap_micro) // tick * tick
        else:
            limit = -(-max(tariff.bands[band].feed_in_micro_per_kwh, bounds.price_floor_micro) // tick) * tick
        return limit

    def _in_force(self, mtu: int) -> tuple[Tariff, int]:
        tariff = self._tariffs[max(start for start in self._tariffs if start <= mtu)]
        day = HOLIDAY if self.clock.day(mtu) in self._holidays else self.clock.weekday(mtu)
        return tariff, tariff.band_number(day, self.clock.quarter_of_day(mtu))

    # Time

    def gate_ms(self, mtu: int) -> int:
        """Chain time at which the gate of an MTU closes."""
        return self.clock.start_ms(mtu) - self.market.gate_closure_ms

    def phase(self, mtu: int, time_ms: int) -> Phase:
        """Where the book of an MTU stands at chain time: continuous, call, or, from the gate closure on, clearing."""
        gate_ms = self.gate_ms(mtu)
        if time_ms >= gate_ms:
            return Phase.CLEARING
        mode = self.market.mode
        if mode is Mode.AUCTION or (mode is Mode.BOTH and time_ms >= gate_ms - self.market.call_ms):
            return Phase.CALL
        return Phase.CONTINUOUS


def _steps(hops: tuple[Hop, ...]) -> Path:
    return [(hop.line, hop.direction) for hop in hops]
