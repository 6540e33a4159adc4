"""Read-only questions about lots and bundles."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from gridnode.modules.grid.clock import mtu_ms
from gridnode.modules.lots.changes import NO_ENERGY
from gridnode.modules.lots.tables import (
    BUNDLES,
    BUNDLES_OWNED,
    INSIDE,
    LOT_ENERGY,
    LOTS,
    OWNED,
    Bundle,
    Lot,
    LotEnergy,
)
from gridnode.primitives.ids import Address
from gridnode.primitives.units import TimeMs, mtu_start_ms
from gridnode.state.kv import Reader
from gridnode.state.table import Table


class Certificate(NamedTuple):
    """A lot with what follows from its bundle and from the clock."""

    number: int
    """Of the lot."""
    lot: Lot
    """Its row."""
    start_ms: TimeMs
    """Chain time at which production began."""
    end_ms: TimeMs
    """and ended."""
    owner: Address
    """Whose it is: the lot's owner, or that of the bundle that it is inside of; when retired the beneficiary."""
    retired_ms: TimeMs
    """Chain time at which it was retired, by itself or with its bundle; 0 while it was not."""
    purpose: str
    """What it was retired for."""


def lot(reader: Reader, number: int) -> Lot | None:
    """The lot of that number, or None when it was never issued or is spent."""
    return LOTS.get(reader, number)


def certificate(reader: Reader, number: int, lot: Lot) -> Certificate:
    """A lot with what follows from its bundle and from the clock."""
    length = mtu_ms(reader)
    holder: Lot | Bundle = BUNDLES.require(reader, lot.bundle) if lot.bundle else lot
    start_ms = mtu_start_ms(lot.mtu, length)
    end_ms = mtu_start_ms(lot.mtu + 1, length)
    return Certificate(number, lot, start_ms, end_ms, holder.owner, holder.retired_ms, holder.purpose)


def lots_of(
    reader: Reader, owner: Address, limit: int, after: int | None = None, retired: bool | None = None
) -> list[tuple[int, Lot]]:
    """At most `limit` lots of an owner with number above `after`, ascending: (number, lot); those inside of bundles left out.

    retired  only certificates, only lots that can still move, or None for both.
    """
    numbers = _listed(OWNED, reader, owner, limit, after, retired)
    return [(number, LOTS.require(reader, number)) for number in numbers]


def bundle(reader: Reader, number: int) -> Bundle | None:
    """The bundle of that number, or None when it was never opened or is taken apart."""
    return BUNDLES.get(reader, number)


def bundles_of(
    reader: Reader, owner: Address, limit: int, after: int | None = None, retired: bool | None = None
) -> list[tuple[int, Bundle]]:
    """At most `limit` bundles of an owner with number above `after`, ascending: (number, bundle); `retired` as in `lots_of`."""
    numbers = _listed(BUNDLES_OWNED, reader, owner, limit, after, retired)
    return [(number, BUNDLES.require(reader, number)) for number in numbers]


def lots_inside(reader: Reader, bundle: int, limit: int, after: int | None = None) -> list[tuple[int, Lot]]:
    """At most `limit` lots of a bundle with number above `after`, ascending: (number, lot)."""
    behind = None if after is None else (bundle, after)
    rows = INSIDE.scan(reader, bundle, after=behind, limit=limit)
    return [(number, LOTS.require(reader, number)) for (_, number), _ in rows]


def energy(reader: Reader) -> LotEnergy:
    """Wh issued and retired since genesis."""
    return LOT_ENERGY.get(reader) or NO_ENERGY


def _listed(
    table: Table[bool], reader: Reader, owner: Address, limit: int, after: int | None, retired: bool | None
) -> list[int]:
    """Numbers that a list of owners has for one of them, where they are (not) retired as asked."""
    behind = None if after is None else (owner, after)
    rows = table.scan(reader, owner, after=behind)
    wanted = (number for (_, number), is_retired in rows if retired in (None, is_retired))
    return list(islice(wanted, limit))
