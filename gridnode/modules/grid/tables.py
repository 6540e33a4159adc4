"""Tables of the network, the clock and the tariff, and the module's opening state."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, NAME, U64, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.limits import (
    MAX_GRID_NODES,
    MAX_LINE_WH,
    MAX_LINES,
    MAX_PATH_LINES,
    MAX_PRICE_MICRO,
    MAX_ZONES,
    MTUS_PER_DAY,
)
from gridnode.primitives.units import DurationMs, EnergyWh, Mtu, PriceMicro, TimeMs, mtu_at, mtu_start_ms
from gridnode.state.key_parts import NAME_PART, U8_PART
from gridnode.state.prefixes import GRID
from gridnode.state.table import Table

CHARGE: Final = Int(0, MAX_PRICE_MICRO)
CAPACITY: Final = Int(0, MAX_LINE_WH)
QUARTER: Final = Int(0, MTUS_PER_DAY)
DAYS_PER_WEEK: Final = 7


class Band(IntEnum):
    """Tariff band of an MTU; numbers are the matching kernel's."""

    OFF_PEAK = 0
    ON_PEAK = 1


@record
class Clock:
    """How chain time divides into market time units. An MTU is nominally a quarter hour, 96 a day, however long `mtu_ms` is."""

    mtu_ms: Annotated[DurationMs, Int(100, 86_400_000)]  # 900,000 in production
    day_origin_mtu: Annotated[Mtu, U64]  # an MTU at which a day begins (00:00 local time)
    weekday_of_origin: Annotated[int, Int(0, DAYS_PER_WEEK - 1)]  # of that day; 0 is Monday

    def mtu_at(self, time_ms: int) -> Mtu:
        """Number of the MTU that chain time `time_ms` falls into."""
        return mtu_at(time_ms, self.mtu_ms)

    def start_ms(self, mtu: int) -> TimeMs:
        """Chain time at which `mtu` begins; it ends where the next begins."""
        return mtu_start_ms(mtu, self.mtu_ms)

    def quarter_of_day(self, mtu: int) -> int:
        """0 for 00:00 to 95 for 23:45; also for MTUs before the origin."""
        return (mtu - self.day_origin_mtu) % MTUS_PER_DAY

    def weekday(self, mtu: int) -> int:
        """0 for Monday to 6 for Sunday; also for MTUs before the origin."""
        return (self.weekday_of_origin + (mtu - self.day_origin_mtu) // MTUS_PER_DAY) % DAYS_PER_WEEK


@record
class Tariff:
    """What the utility charges and pays for energy that was not traded. Micro THB per kWh."""

    retail_on_peak_micro_per_kwh: Annotated[PriceMicro, CHARGE]
    retail_off_peak_micro_per_kwh: Annotated[PriceMicro, CHARGE]
    feed_in_micro_per_kwh: Annotated[PriceMicro, CHARGE]  # paid for excess, in both bands
    on_peak_from: Annotated[int, QUARTER]  # first quarter hour of the day that is on-peak, 36 for 09:00
    on_peak_until: Annotated[int, QUARTER]  # the first one after it that is not, 88 for 22:00
    on_peak_weekdays: Annotated[int, Int(0, 2**DAYS_PER_WEEK - 1)]  # bit 1 << weekday, Monday is 0; 31 for Monday to Friday


@record
class Zone:
    """A bidding zone: a node of the network with participants."""

    name: Annotated[ZoneId, NAME]
    distribution_on_peak_micro_per_kwh: Annotated[PriceMicro, CHARGE]  # charge for energy delivered in the zone
    distribution_off_peak_micro_per_kwh: Annotated[PriceMicro, CHARGE]


@record
class Line:
    """A line between two nodes. Forward is from `start` to `end`."""

    name: Annotated[str, NAME]
    start: Annotated[str, NAME]
    end: Annotated[str, NAME]
    atc_forward_wh: Annotated[EnergyWh, CAPACITY]  # available transfer capacity per MTU
    atc_backward_wh: Annotated[EnergyWh, CAPACITY]
    wheeling_micro_per_kwh: Annotated[PriceMicro, CHARGE]
    owner: Annotated[Address, ADDRESS]  # receives the wheeling


@record
class Hop:
    """One line of a way, and in which direction it is passed."""

    line: Annotated[int, Int(0, MAX_LINES - 1)]
    direction: Annotated[int, Int(-1, 1)]  # 1 forward, -1 backward


@record
class Way:
    """The one way from a zone to another; without hops from a zone to itself."""

    hops: Annotated[tuple[Hop, ...], ListOf(Nested(Hop), MAX_PATH_LINES)]


@record
class GridParams:
    """Clock and tariff."""

    clock: Annotated[Clock, Nested(Clock)]
    tariff: Annotated[Tariff, Nested(Tariff)]


@record
class GridGenesis:
    """Opening state of the module. Zones and lines are numbered in the order given here, from 0."""

    params: Annotated[GridParams, Nested(GridParams)]
    zones: Annotated[tuple[Zone, ...], ListOf(Nested(Zone), MAX_ZONES, 1)]
    hubs: Annotated[tuple[str, ...], ListOf(NAME, MAX_GRID_NODES - MAX_ZONES)]  # nodes without participants
    lines: Annotated[tuple[Line, ...], ListOf(Nested(Line), MAX_LINES)]


PARAMS: Final[Table[GridParams]] = Table(module=GRID, number=1, name="params", key=(), value=GridParams)
"""() -> clock and tariff."""

ZONES: Final[Table[Zone]] = Table(module=GRID, number=2, name="zones", key=(U8_PART,), value=Zone)
"""zone number -> zone."""

ZONE_NUMBERS: Final[Table[int]] = Table(
    module=GRID, number=3, name="zone_numbers", key=(NAME_PART,), value=Int(0, MAX_ZONES - 1)
)
"""zone -> its number."""

LINES: Final[Table[Line]] = Table(module=GRID, number=4, name="lines", key=(U8_PART,), value=Line)
"""line number -> line."""

WAYS: Final[Table[Way]] = Table(module=GRID, number=5, name="ways", key=(U8_PART, U8_PART), value=Way)
"""(zone number from, zone number to) -> the way between them; no row where there is none."""
