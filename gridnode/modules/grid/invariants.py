"""What must hold of the network after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import Writes
from gridnode.modules.grid.network import lines, zones
from gridnode.modules.grid.tables import WAYS, ZONE_NUMBERS
from gridnode.modules.grid.ways import ways_from
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader
from gridnode.state.prefixes import GRID

NAME: Final = "grid"


def check_block(before: Reader, writes: Writes) -> None:  # noqa: ARG001 (every module has the same signature)
    """The network stays as genesis has it: no row changes. Raises InvariantBroken."""
    for key in writes:
        if key[0] == GRID:
            raise InvariantBroken(NAME, f"the row {key.hex()} changed")


def check_whole(reader: Reader) -> None:
    """Numbers of zones are their places, and the ways are those that the lines give. Raises InvariantBroken."""
    known, joined = zones(reader), lines(reader)
    for number, source in enumerate(known):
        if ZONE_NUMBERS.get(reader, source.name) != number:
            raise InvariantBroken(NAME, f"the zone {source.name} has not the number {number}")
        ways = ways_from(source.name, joined)
        for place, target in enumerate(known):
            if WAYS.get(reader, number, place) != ways.get(target.name):
                raise InvariantBroken(NAME, f"the way from {source.name} to {target.name} is not the best one")
