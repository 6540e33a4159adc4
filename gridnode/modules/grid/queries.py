"""Read-only questions about the network, the clock and tariffs."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.modules.grid.network import lines, zones
from gridnode.modules.grid.tables import HOLIDAYS, PARAMS, TARIFFS, GridParams, Holiday, Line, Zone
from gridnode.modules.grid.tariffs import Tariff
from gridnode.primitives.units import Mtu
from gridnode.state.kv import Reader


class Network(NamedTuple):
    """Nodes and lines, as genesis gives them."""

    zones: tuple[Zone, ...]
    """By number."""
    hubs: tuple[str, ...]
    """Nodes without participants that a line ends at."""
    lines: tuple[Line, ...]
    """By number."""


def params(reader: Reader) -> GridParams:
    """Clock and notice."""
    return PARAMS.require(reader)


def network(reader: Reader) -> Network:
    """Zones, hubs and lines."""
    known = zones(reader)
    joined = lines(reader)
    named = {zone.name: None for zone in known}
    ends = dict.fromkeys(end for line in joined for end in (line.start, line.end))
    return Network(tuple(known), tuple(end for end in ends if end not in named), tuple(joined))


def tariffs(reader: Reader, limit: int, after: int | None = None) -> list[tuple[Mtu, Tariff]]:
    """Tariffs with the MTU in which each comes into force, the latest first; only those before the MTU `after`."""
    behind = None if after is None else (after,)
    return [(mtu, tariff) for (mtu,), tariff in TARIFFS.scan(reader, after=behind, limit=limit, reverse=True)]


def holidays(reader: Reader, limit: int, after: int | None = None) -> list[Holiday]:
    """Holidays in order of their days; only those after the day `after`."""
    behind = None if after is None else (after,)
    return [Holiday(day, name) for (day,), name in HOLIDAYS.scan(reader, after=behind, limit=limit)]


def holiday(reader: Reader, day: int) -> str | None:
    """Name of the holiday on a day; None on other days."""
    return HOLIDAYS.get(reader, day)
