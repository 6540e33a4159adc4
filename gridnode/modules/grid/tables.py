"""Tables of the network, the clock, tariffs and holidays, and the module's opening state."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, NAME, TEXT, U32, U64, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.modules.grid.tariffs import DAYS_PER_WEEK, Tariff
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.limits import (
    MAX_GRID_NODES,
    MAX_HOLIDAYS,
    MAX_LINE_WH,
    MAX_LINES,
    MAX_NOTICE_MTUS,
    MAX_PATH_LINES,
    MAX_ZONES,
    MTUS_PER_DAY,
)
from gridnode.primitives.units import DurationMs, EnergyWh, Mtu, TimeMs, mtu_at, mtu_start_ms
from gridnode.state.key_parts import I64_PART, NAME_PART, U8_PART, U64_PART
from gridnode.state.prefixes import GRID
from gridnode.state.table import Table

CAPACITY: Final = Int(0, MAX_LINE_WH)
DAY: Final = U32
"""Number of a day, 0 for the one that begins at the clock's `day_origin_mtu`."""


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
        return (self.weekday_of_origin + self.day(mtu)) % DAYS_PER_WEEK

    def day(self, mtu: int) -> int:
        """Number of the day that an MTU is in: 0 for the one that begins at `day_origin_mtu`, negative before."""
        return (mtu - self.day_origin_mtu) // MTUS_PER_DAY

    def day_start(self, day: int) -> Mtu:
        """The first MTU of a day."""
        return Mtu(self.day_origin_mtu + day * MTUS_PER_DAY)


@record
class Zone:
    """A bidding zone: a node of the network with participants."""

    name: Annotated[ZoneId, NAME]


@record
class Line:
    """A line between two nodes. Forward is from `start` to `end`."""

    name: Annotated[str, NAME]
    start: Annotated[str, NAME]
    end: Annotated[str, NAME]
    atc_forward_wh: Annotated[EnergyWh, CAPACITY]  # available transfer capacity per MTU
    atc_backward_wh: Annotated[EnergyWh, CAPACITY]
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
class Holiday:
    """A day with the schedule of holidays, whatever weekday it is."""

    day: Annotated[int, DAY]
    name: Annotated[str, TEXT]  # as people read it


HOLIDAYS_LIST: Final = ListOf(Nested(Holiday), MAX_HOLIDAYS)


@record
class GridParams:
    """The clock, and how long before it takes effect a change of the tariff must be known."""

    clock: Annotated[Clock, Nested(Clock)]
    notice_mtus: Annotated[int, Int(1, MAX_NOTICE_MTUS)]  # whole MTUs between the present one and the first that may change


@record
class GridGenesis:
    """Opening state of the module. Zones and lines are numbered in the order given here, from 0."""

    params: Annotated[GridParams, Nested(GridParams)]
    zones: Annotated[tuple[Zone, ...], ListOf(Nested(Zone), MAX_ZONES, 1)]
    hubs: Annotated[tuple[str, ...], ListOf(NAME, MAX_GRID_NODES - MAX_ZONES)]  # nodes without participants
    lines: Annotated[tuple[Line, ...], ListOf(Nested(Line), MAX_LINES)]
    holidays: Annotated[tuple[Holiday, ...], HOLIDAYS_LIST]  # ascending
    tariff: Annotated[Tariff, Nested(Tariff)]  # until another one comes into force


PARAMS: Final[Table[GridParams]] = Table(module=GRID, number=1, name="params", key=(), value=GridParams)
"""() -> clock and notice."""

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

TARIFFS: Final[Table[Tariff]] = Table(module=GRID, number=6, name="tariffs", key=(U64_PART,), value=Tariff)
"""first MTU -> tariff; that of an MTU is the last row at or before it, genesis has one from MTU 0. Rows stay for good."""

HOLIDAYS: Final[Table[str]] = Table(module=GRID, number=7, name="holidays", key=(I64_PART,), value=TEXT)
"""day -> name of the holiday; no row on other days."""

FIXED: Final[Table[int]] = Table(module=GRID, number=8, name="fixed", key=(), value=U64)
"""() -> the first MTU that the latest change could have touched: what tariffs and holidays say before it stays; no row before the first."""
