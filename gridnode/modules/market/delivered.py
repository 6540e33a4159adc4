"""Prices as another zone sees them: with the wheeling of the way, and with what its lines still take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gridnode.modules.grid.network import way, wheeling_micro_per_kwh, zone_number
from gridnode.modules.market.auction_book import line_rows
from gridnode.modules.market.queries import Level
from gridnode.modules.market.tables import Side
from gridnode.primitives.ids import ZoneId
from gridnode.state.kv import Reader


class Reached(NamedTuple):
    """The best price level of a side in a zone that a way leads to or from."""

    level: Level
    wheeling_micro: int  # per kWh: of the lines of the way, and of the delivery at its end
    price_micro: int  # per kWh: of offers what a buyer here pays, of bids what a seller here gets; trade fee not included
    room_wh: int | None  # that all lines of the way still take; None within the zone, where there is no line


def reached(reader: Reader, mtu: int, zone: ZoneId, side: Side, levels: Iterable[Level]) -> list[Reached]:
    """The best level of a side in each zone with a way to (bids) or from (offers) `zone`, the best price first, then by zone number.

    `levels` are those of the MTU's book, each zone's best first. Ways whose lines are full are there, with no room. Raises
    Rejected(UNKNOWN_ZONE).
    """
    here = zone_number(reader, zone)
    rooms = [row[2] for row in line_rows(reader, mtu)]
    best: dict[ZoneId, Level] = {}
    for level in levels:
        if level.side is side:
            best.setdefault(level.zone, level)
    found = []
    for level in best.values():
        there = zone_number(reader, level.zone)
        source, target = (there, here) if side is Side.OFFER else (here, there)
        passed = way(reader, source, target)
        if passed is not None:
            hops = [rooms[2 * hop.line + (hop.direction < 0)] for hop in passed.hops]
            wheeling = int(wheeling_micro_per_kwh(reader, source, target, mtu))
            price = level.limit_micro + (wheeling if side is Side.OFFER else -wheeling)
            found.append((there, Reached(level, wheeling, price, min(hops, default=None))))
    found.sort(key=lambda row: (row[1].price_micro if side is Side.OFFER else -row[1].price_micro, row[0]))
    return [row for _, row in found]


def best_reached(rows: Iterable[Reached]) -> Reached | None:
    """The first that can be traded with now: within the zone, or over lines with room; None when there is none."""
    return next((row for row in rows if row.room_wh != 0), None)
