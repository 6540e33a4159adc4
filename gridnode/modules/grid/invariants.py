"""What must hold of the network and the tariffs after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import After, Writes
from gridnode.modules.grid.network import lines, zones
from gridnode.modules.grid.tables import FIXED, HOLIDAYS, PARAMS, TARIFFS, WAYS, ZONE_NUMBERS
from gridnode.modules.grid.tariff_checks import checked_tariff
from gridnode.modules.grid.ways import ways_from
from gridnode.primitives.errors import InvariantBroken, Rejected
from gridnode.state.kv import Reader
from gridnode.state.prefixes import GRID

NAME: Final = "grid"
CHANGING: Final = tuple(table.prefix for table in (TARIFFS, HOLIDAYS, FIXED))
"""Beginnings of the rows that may change."""


def check_block(before: Reader, writes: Writes) -> None:
    """The network stays as genesis has it, tariffs and holidays before `fixed` stay, and `fixed` never goes back.

    Raises InvariantBroken.
    """
    changed = [key for key in writes if key[0] == GRID]
    if not changed:
        return
    for key in changed:
        if not key.startswith(CHANGING):
            raise InvariantBroken(NAME, f"the row {key.hex()} changed")
    fixed = FIXED.get(After(before, writes)) or 0
    if fixed <= 0 or fixed < (FIXED.get(before) or 0):
        raise InvariantBroken(NAME, f"tariffs are fixed until MTU {fixed}, which is nothing or less than before")
    for (from_mtu,), _, tariff in TARIFFS.changes(before, writes):
        if from_mtu < fixed or tariff is None:
            raise InvariantBroken(NAME, f"the tariff from MTU {from_mtu} on is gone or was fixed")
    clock = PARAMS.require(before).clock
    for (day,), _, _ in HOLIDAYS.changes(before, writes):
        if clock.day_start(day) < fixed:
            raise InvariantBroken(NAME, f"the holiday of day {day} changed and was fixed")


def check_whole(reader: Reader) -> None:
    """Numbers of zones are their places, ways are those that the lines give, every tariff keeps all rules. Raises InvariantBroken."""
    known, joined = zones(reader), lines(reader)
    for number, source in enumerate(known):
        if ZONE_NUMBERS.get(reader, source.name) != number:
            raise InvariantBroken(NAME, f"the zone {source.name} has not the number {number}")
        ways = ways_from(source.name, joined)
        for place, target in enumerate(known):
            if WAYS.get(reader, number, place) != ways.get(target.name):
                raise InvariantBroken(NAME, f"the way from {source.name} to {target.name} is not the best one")
    if not TARIFFS.has(reader, 0):
        raise InvariantBroken(NAME, "no tariff is in force from MTU 0 on")
    names = [zone.name for zone in known], [line.name for line in joined]
    for (from_mtu,), tariff in TARIFFS.scan(reader):
        try:
            in_order = checked_tariff(tariff, *names) == tariff
        except Rejected as refusal:
            raise InvariantBroken(NAME, f"the tariff from MTU {from_mtu} on: {refusal}") from None
        if not in_order:
            raise InvariantBroken(NAME, f"charges of the tariff from MTU {from_mtu} on are not in order")
