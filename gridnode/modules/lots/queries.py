"""Read-only questions about lots."""

from __future__ import annotations

from gridnode.modules.lots.rules import NO_ENERGY
from gridnode.modules.lots.tables import LOT_ENERGY, LOTS, OWNED, Lot, LotEnergy
from gridnode.primitives.ids import Address
from gridnode.state.kv import Reader


def lot(reader: Reader, number: int) -> Lot | None:
    """The lot of that number, or None when it was never issued or is spent."""
    return LOTS.get(reader, number)


def lots_of(
    reader: Reader, owner: Address, limit: int, after: int | None = None, retired: bool | None = None
) -> list[tuple[int, Lot]]:
    """At most `limit` lots of an owner with number above `after`, ascending: (number, lot).

    retired  only certificates, only lots that can still move, or None for both.
    """
    behind = None if after is None else (owner, after)
    page: list[tuple[int, Lot]] = []
    for (_, number), is_retired in OWNED.scan(reader, owner, after=behind):
        if len(page) == limit:
            break
        if retired is None or retired == is_retired:
            page.append((number, LOTS.require(reader, number)))
    return page


def energy(reader: Reader) -> LotEnergy:
    """Wh issued and retired since genesis."""
    return LOT_ENERGY.get(reader) or NO_ENERGY
