"""What must hold of readings after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import Writes
from gridnode.modules.lots.rules import NO_ENERGY as NO_LOTS
from gridnode.modules.lots.tables import LOT_ENERGY
from gridnode.modules.metering.rules import NO_ENERGY
from gridnode.modules.metering.tables import METERED, MTUS, READINGS, SUMS, MeteredEnergy
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.kv import Reader

NAME: Final = "metering"
Sums = tuple[int, int, int]


def check_block(before: Reader, writes: Writes) -> None:
    """New readings sum to what MTUs and total grew by and to the lots issued; readings never change. Raises InvariantBroken."""
    read = (0, 0, 0)
    for (meter, mtu), old, new in READINGS.changes(before, writes):
        if old is not None or new is None:
            raise InvariantBroken(NAME, f"the reading of meter {meter} for MTU {mtu} changed")
        read = _plus(read, (new.generated_wh, new.consumed_wh, 1))
    by_mtu = (0, 0, 0)
    for _, was, now in MTUS.changes(before, writes):
        by_mtu = _plus(by_mtu, _grown(was, now))
    total = (0, 0, 0)
    for _, was, now in METERED.changes(before, writes):
        total = _grown(was, now)
    if not read == by_mtu == total:
        raise InvariantBroken(NAME, f"readings sum to {read}, MTUs grew by {by_mtu}, the total by {total}")
    issued_wh = sum(
        (now or NO_LOTS).issued_wh - (was or NO_LOTS).issued_wh
        for _, was, now in LOT_ENERGY.changes(before, writes)
    )
    if issued_wh != read[0]:
        raise InvariantBroken(NAME, f"{read[0]} Wh were generated, lots of {issued_wh} Wh issued")


def check_whole(reader: Reader) -> None:
    """Readings, MTUs, total and lots issued agree; no sum of a point exceeds its MTU's. Raises InvariantBroken."""
    read = (0, 0, 0)
    for _, reading in READINGS.scan(reader):
        read = _plus(read, (reading.generated_wh, reading.consumed_wh, 1))
    by_mtu = (0, 0, 0)
    of_mtu: dict[int, Sums] = {}
    for (mtu,), sums in MTUS.scan(reader):
        of_mtu[mtu] = _grown(None, sums)
        by_mtu = _plus(by_mtu, of_mtu[mtu])
    if not read == by_mtu == _grown(None, METERED.get(reader)):
        raise InvariantBroken(NAME, f"readings sum to {read}, MTUs to {by_mtu}, total {METERED.get(reader)}")
    if (LOT_ENERGY.get(reader) or NO_LOTS).issued_wh != read[0]:
        raise InvariantBroken(NAME, f"{read[0]} Wh were generated, {LOT_ENERGY.get(reader)} issued")
    held: dict[int, Sums] = {}
    for (mtu, _), point in SUMS.scan(reader):
        held[mtu] = _plus(held.get(mtu, (0, 0, 0)), (point.generated_wh, point.consumed_wh, 0))
    for mtu, sums_held in held.items():
        if sums_held[0] > of_mtu[mtu][0] or sums_held[1] > of_mtu[mtu][1]:
            raise InvariantBroken(NAME, f"points of MTU {mtu} sum to more than its readings")


def _grown(was: MeteredEnergy | None, now: MeteredEnergy | None) -> Sums:
    old, new = was or NO_ENERGY, now or NO_ENERGY
    return (
        new.generated_wh - old.generated_wh,
        new.consumed_wh - old.consumed_wh,
        new.readings - old.readings,
    )


def _plus(left: Sums, right: Sums) -> Sums:
    return left[0] + right[0], left[1] + right[1], left[2] + right[2]
