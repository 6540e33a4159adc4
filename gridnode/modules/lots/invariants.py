"""What must hold of lots and bundles after every block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gridnode.modules.context import After, Writes
from gridnode.modules.lots.bundle_invariants import Insides, check_bundles
from gridnode.modules.lots.changes import FIRST, NO_ENERGY
from gridnode.modules.lots.tables import BUNDLED, HOLD, INSIDE, LOT_ENERGY, LOTS, NEXT, OWNED, Lot
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import MemoryReader, Reader, after_prefix
from gridnode.state.prefixes import LOTS as MODULE
from gridnode.state.table import Table

NAME: Final = "lots"


def check_block(before: Reader, writes: Writes) -> None:
    """Energy in lots that can move changes by what was issued less what was retired; certificates stay; lists agree.

    Energy inside of a bundle that is retired counts as retired. Raises InvariantBroken.
    """
    after = After(before, writes)
    free = NEXT.get(after) or FIRST
    if free < (NEXT.get(before) or FIRST):
        raise InvariantBroken(NAME, "numbers of lots were taken back")
    grown_wh = owned = 0
    insides = Insides(before, after)
    for (number,), old, new in LOTS.changes(before, writes):
        _check_lot(number, new, free)
        if old is not None and old.retired:
            raise InvariantBroken(NAME, f"the certificate {number} changed")
        grown_wh += _live_wh(new) - _live_wh(old)
        insides.moved(number, old, new)
        owned += _is_owned(new) - _is_owned(old)
        _check_listed(after, number, new)
    _check_rows(OWNED, OWNED.changes(before, writes), owned)
    _check_rows(INSIDE, INSIDE.changes(before, writes), insides.came)
    grown_wh -= check_bundles(before, writes, after, insides)
    for _, was, now in LOT_ENERGY.changes(before, writes):
        old_sums, sums = was or NO_ENERGY, now or NO_ENERGY
        grown_wh -= sums.issued_wh - old_sums.issued_wh - sums.retired_wh + old_sums.retired_wh
    if grown_wh:
        raise InvariantBroken(NAME, f"lots hold {grown_wh} Wh more than was issued and not retired")


def check_whole(reader: Reader) -> None:
    """The same of all rows, as if one block had made them all. Raises InvariantBroken."""
    module = bytes([MODULE])
    check_block(MemoryReader(), dict(reader.scan(module, after_prefix(module))))


def _live_wh(lot: Lot | None) -> int:
    return 0 if lot is None or lot.retired else lot.energy_wh


def _is_owned(lot: Lot | None) -> bool:
    return lot is not None and lot.owner not in (HOLD, BUNDLED)


def _check_lot(number: int, lot: Lot | None, free: int) -> None:
    """What a lot says of itself makes sense."""
    if lot is None:
        return
    sensible = (
        lot.energy_wh > 0
        and lot.origin <= number < free
        and (lot.owner == BUNDLED) == (lot.bundle > 0)
        and not (lot.retired and lot.owner in (HOLD, BUNDLED))
        and (lot.retired or not lot.purpose)
    )
    if not sensible:
        raise InvariantBroken(NAME, f"a lot without sense: {number} {lot}")


def _check_listed(after: After, number: int, lot: Lot | None) -> None:
    """The lot is listed under its owner or bundle. That it is listed nowhere else follows from the number of rows."""
    if lot is None or lot.owner == HOLD:
        return
    listed = (
        INSIDE.has(after, lot.bundle, number)
        if lot.bundle
        else OWNED.get(after, lot.owner, number) is lot.retired
    )
    if not listed:
        raise InvariantBroken(NAME, f"lot {number} is not listed under its owner or bundle")


def _check_rows(
    table: Table[bool], changes: Iterable[tuple[tuple[object, ...], object, object]], expected: int
) -> None:
    came = sum((new is not None) - (old is not None) for _, old, new in changes)
    if came != expected:
        raise InvariantBroken(NAME, f"{table.name} lists {came} rows more, lots need {expected}")
