"""A day of meter data: a CSV with one row a meter and one column a market time unit.

Columns: meter_id, zone, kind, connection_point, then one per MTU (`00:00`, `00:15`, ...), whole Wh >= 0. Kinds `pv` and `pv_battery`
feed in, the others consume.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_ENERGY_WH, MAX_NAME_CHARS

MTUS = 96
_HEAD = ("meter_id", "zone", "kind", "connection_point")
CONSUMING = ("household", "business", "heatpump", "ev")
GENERATING = ("pv", "pv_battery")


@dataclass(frozen=True, slots=True)
class DayMeter:
    """One meter's day."""

    meter_id: str
    """Unique name."""
    zone: str
    """Bidding zone."""
    kind: str
    """One of CONSUMING or GENERATING."""
    point: str
    """Connection point; its meters belong to one participant."""
    energy_wh: tuple[int, ...]
    """Wh in each of the 96 MTUs."""

    @property
    def generates(self) -> bool:
        """Whether the meter measures feed-in rather than consumption."""
        return self.kind in GENERATING


@dataclass(frozen=True, slots=True)
class Day:
    """All meters of a file, in the file's order."""

    meters: tuple[DayMeter, ...]
    """At least one; ids distinct; the meters of one point are in one zone."""
    quarters: range = range(MTUS)
    """Quarter hours that are played; outside of them no meter has energy."""

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones in alphabetical order."""
        return tuple(sorted({meter.zone for meter in self.meters}))

    @property
    def points(self) -> tuple[str, ...]:
        """Connection points in alphabetical order."""
        return tuple(sorted({meter.point for meter in self.meters}))

    @property
    def generated_wh(self) -> int:
        """Feed-in of the whole day."""
        return sum(sum(meter.energy_wh) for meter in self.meters if meter.generates)

    @property
    def consumed_wh(self) -> int:
        """Consumption of the whole day."""
        return sum(sum(meter.energy_wh) for meter in self.meters if not meter.generates)

    def during(self, first: int, stop: int) -> Day:
        """The same day from quarter hour `first` up to before `stop`: what is outside is zero and is not played.

        Raises OperatorError when no quarter hour of the day is left.
        """
        if not 0 <= first < stop <= MTUS:
            raise OperatorError(f"expected quarter hours from 0 up to {MTUS}, got {first} up to {stop}")
        played = range(first, stop)
        meters = tuple(
            replace(meter, energy_wh=tuple(wh if index in played else 0 for index, wh in enumerate(meter.energy_wh)))
            for meter in self.meters
        )
        return Day(meters, played)


def load_day(path: Path) -> Day:
    """Day of a CSV file. Raises OperatorError that names the file, the line and what was expected."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(f"{path}: cannot read the day: {error}") from None
    if not rows or tuple(rows[0][:4]) != _HEAD or len(rows[0]) != len(_HEAD) + MTUS:
        raise OperatorError(f"{path}:1: expected the columns {', '.join(_HEAD)} and {MTUS} quarter hours")
    meters = [_meter(path, number, row) for number, row in enumerate(rows[1:], start=2)]
    if not meters:
        raise OperatorError(f"{path}: expected at least one meter")
    _check_whole(path, meters)
    return Day(tuple(meters))


def _meter(path: Path, number: int, row: list[str]) -> DayMeter:
    if len(row) != len(_HEAD) + MTUS:
        raise OperatorError(f"{path}:{number}: expected {len(_HEAD) + MTUS} columns, got {len(row)}")
    for name, value in zip(_HEAD, row, strict=False):
        if not 1 <= len(value) <= MAX_NAME_CHARS or not all("!" <= letter <= "~" for letter in value):
            raise OperatorError(f"{path}:{number}: {name}: expected 1 to {MAX_NAME_CHARS} ASCII characters without spaces")
    if row[2] not in CONSUMING + GENERATING:
        raise OperatorError(f"{path}:{number}: kind: expected one of {', '.join(CONSUMING + GENERATING)}, got {row[2]!r}")
    energies = []
    for mtu, cell in enumerate(row[4:]):
        if not (cell.isascii() and cell.isdigit()) or int(cell) > MAX_ENERGY_WH:
            raise OperatorError(f"{path}:{number}: quarter hour {mtu}: expected whole Wh from 0, got {cell!r}")
        energies.append(int(cell))
    return DayMeter(row[0], row[1], row[2], row[3], tuple(energies))


def _check_whole(path: Path, meters: list[DayMeter]) -> None:
    seen: dict[str, None] = {}
    zone_of: dict[str, str] = {}
    for meter in meters:
        if meter.meter_id in seen:
            raise OperatorError(f"{path}: meter {meter.meter_id} appears twice")
        seen[meter.meter_id] = None
        if zone_of.setdefault(meter.point, meter.zone) != meter.zone:
            raise OperatorError(f"{path}: connection point {meter.point} is in two zones")
