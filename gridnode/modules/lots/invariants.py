"""What must hold of lots after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import Writes
from gridnode.modules.lots.rules import FIRST, NO_ENERGY
from gridnode.modules.lots.tables import HOLD, LOT_ENERGY, LOTS, NEXT, OWNED, Lot
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader

NAME: Final = "lots"


def check_block(before: Reader, writes: Writes) -> None:
    """Energy in lots that can move changes by what was issued less what was retired; certificates stay. Raises InvariantBroken."""
    grown_wh = 0
    for (number,), old, new in LOTS.changes(before, writes):
        _check_lot(number, new)
        if old is not None and old.retired:
            raise InvariantBroken(NAME, f"the certificate {number} changed")
        grown_wh += _live_wh(new) - _live_wh(old)
        _check_owned(before, writes, number, old, new)
    for _, was, now in LOT_ENERGY.changes(before, writes):
        old_sums, sums = was or NO_ENERGY, now or NO_ENERGY
        grown_wh -= sums.issued_wh - old_sums.issued_wh - sums.retired_wh + old_sums.retired_wh
    if grown_wh:
        raise InvariantBroken(NAME, f"lots hold {grown_wh} Wh more than was issued and not retired")
    for _, first, free in NEXT.changes(before, writes):
        if (free or FIRST) < (first or FIRST):
            raise InvariantBroken(NAME, "numbers of lots were taken back")


def check_whole(reader: Reader) -> None:
    """The same over all rows, and every row of `owned` is that of a lot. Raises InvariantBroken."""
    live_wh = retired_wh = owned = 0
    free = NEXT.get(reader) or FIRST
    for (number,), lot in LOTS.scan(reader):
        _check_lot(number, lot)
        if number >= free:
            raise InvariantBroken(NAME, f"lot {number} has a number not given yet")
        live_wh += _live_wh(lot)
        retired_wh += lot.energy_wh if lot.retired else 0
        if lot.owner != HOLD:
            owned += 1
            if OWNED.get(reader, lot.owner, number) is not lot.retired:
                raise InvariantBroken(NAME, f"lot {number} is not listed under its owner")
    if owned != sum(1 for _ in OWNED.scan(reader)):
        raise InvariantBroken(NAME, "an owner is listed with a lot that is not there")
    sums = LOT_ENERGY.get(reader) or NO_ENERGY
    if (live_wh, retired_wh) != (sums.issued_wh - sums.retired_wh, sums.retired_wh):
        raise InvariantBroken(NAME, f"lots hold {live_wh} + {retired_wh} Wh retired, expected {sums}")


def _live_wh(lot: Lot | None) -> int:
    return 0 if lot is None or lot.retired else lot.energy_wh


def _check_lot(number: int, lot: Lot | None) -> None:
    if lot is not None and (not lot.energy_wh or lot.origin > number or (lot.retired and lot.owner == HOLD)):
        raise InvariantBroken(NAME, f"a lot without sense: {number} {lot}")


def _check_owned(before: Reader, writes: Writes, number: int, old: Lot | None, new: Lot | None) -> None:
    """The row of the owner of before is gone, that of the owner of now is there."""
    if new is not None and new.owner != HOLD:
        listed = OWNED.key(new.owner, number)
        raw = writes[listed] if listed in writes else before.get(listed)
        if raw is None or OWNED.value(raw) is not new.retired:
            raise InvariantBroken(NAME, f"lot {number} is not listed under its owner")
    if old is not None and old.owner != HOLD and (new is None or new.owner != old.owner):
        listed = OWNED.key(old.owner, number)
        if listed not in writes or writes[listed] is not None:
            raise InvariantBroken(NAME, f"lot {number} is still listed under its former owner")
