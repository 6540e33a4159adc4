"""What must hold of readings after every block."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from gridnode.modules.context import Writes
from gridnode.modules.lots.rules import NO_ENERGY as NO_LOTS
from gridnode.modules.lots.tables import LOT_ENERGY
from gridnode.modules.metering.tables import (
    DEBTS,
    LATE,
    METERED,
    MTUS,
    READINGS,
    REASONS,
    SUMS,
    VERSIONS,
    MeteredEnergy,
    Quality,
    Reading,
)
from gridnode.modules.metering.versions import NO_ENERGY, NO_READING
from gridnode.modules.registry.tables import METERS
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import MeterId
from gridnode.state.kv import Reader

NAME: Final = "metering"
Sums = tuple[int, int, int]
Key = tuple[MeterId, int]


def check_block(before: Reader, writes: Writes) -> None:
    """Versions are only added; what they change is in all sums; lots issued are what is certified and owed. Raises InvariantBroken."""
    superseded = _superseded(before, writes)
    read, certified_wh = (0, 0, 0), 0
    for key, old, new in READINGS.changes(before, writes):
        if new is None:
            raise InvariantBroken(NAME, f"the reading of meter {key[0]} for MTU {key[1]} went away")
        _check_step(key, old, new, superseded.pop(key, {}))
        _check_reading(key, new)
        was = old or NO_READING
        grown = new.generated_wh - was.generated_wh, new.consumed_wh - was.consumed_wh, 0 if old else 1
        read = _plus(read, grown)
        certified_wh += new.certified_wh - was.certified_wh
    if superseded:
        raise InvariantBroken(NAME, f"versions of readings that did not change: {list(superseded)}")
    by_mtu = (0, 0, 0)
    for _, before_sums, sums in MTUS.changes(before, writes):
        by_mtu = _plus(by_mtu, _grown(before_sums, sums))
    total = (0, 0, 0)
    for _, before_sums, sums in METERED.changes(before, writes):
        total = _grown(before_sums, sums)
    if not read == by_mtu == total:
        raise InvariantBroken(NAME, f"readings grew by {read}, MTUs by {by_mtu}, the total by {total}")
    _check_certificates(before, writes, certified_wh)


def check_whole(reader: Reader) -> None:
    """Versions are without gaps; readings, sums and late differences agree; lots issued are certified or owed. Raises InvariantBroken."""
    read, certified_wh, superseded = (0, 0, 0), 0, 0
    for key, reading in READINGS.scan(reader):
        _check_reading(key, reading)
        rows = {number: version for (_, _, number), version in VERSIONS.scan(reader, *key)}
        _check_step(key, None, reading, rows)
        superseded += len(rows)
        read = _plus(read, (reading.generated_wh, reading.consumed_wh, 1))
        certified_wh += reading.certified_wh
    if superseded != sum(1 for _ in VERSIONS.scan(reader)):
        raise InvariantBroken(NAME, "there are versions of readings that do not exist")
    by_mtu = (0, 0, 0)
    for _, sums in MTUS.scan(reader):
        by_mtu = _plus(by_mtu, _grown(None, sums))
    if not read == by_mtu == _grown(None, METERED.get(reader)):
        raise InvariantBroken(NAME, f"readings sum to {read}, MTUs to {by_mtu}, total {METERED.get(reader)}")
    debt_wh = sum(debt_wh for _, debt_wh in DEBTS.scan(reader))
    if (LOT_ENERGY.get(reader) or NO_LOTS).issued_wh != certified_wh + debt_wh:
        detail = f"{certified_wh} Wh are certified and {debt_wh} Wh owed, {LOT_ENERGY.get(reader)} issued"
        raise InvariantBroken(NAME, detail)
    _check_points(reader)


def _superseded(before: Reader, writes: Writes) -> dict[Key, dict[int, Reading]]:
    """Versions and reasons that a block added, none of which may change one that was there."""
    added: dict[Key, dict[int, Reading]] = {}
    for (meter, mtu, number), old, new in VERSIONS.changes(before, writes):
        if old is not None or new is None:
            raise InvariantBroken(NAME, f"version {number} of meter {meter} for MTU {mtu} changed")
        added.setdefault((meter, mtu), {})[number] = new
    for key, reason, changed in REASONS.changes(before, writes):
        if reason is not None or changed is None:
            raise InvariantBroken(NAME, f"the reason of {key} changed")
    return added


def _check_step(key: Key, old: Reading | None, new: Reading, superseded: dict[int, Reading]) -> None:
    """From `old` to `new`, every version in between was kept, each under its number, and `old` first."""
    first = old.version if old else 0
    rows = [*superseded.values(), new]
    holds = (
        list(superseded) == list(range(first, new.version))
        and [row.version for row in rows] == list(range(first, new.version + 1))
        and (old is None or rows[0] == old)
        and all(one.time_ms <= two.time_ms and one.measured <= two.measured for one, two in pairwise(rows))
    )
    if not holds:
        raise InvariantBroken(NAME, f"the reading of {key} became {new} from {old} by {superseded}")


def _check_reading(key: Key, reading: Reading) -> None:
    """Only what a device signed is certified, and no more than what counts as generated."""
    certified = reading.certified_wh
    holds = certified == reading.generated_wh if reading.quality is Quality.MEASURED else certified <= reading.generated_wh
    if not holds or (certified and not reading.measured) or reading.quality is Quality.OPEN:
        raise InvariantBroken(NAME, f"a reading without sense: {key} {reading}")


def _check_certificates(before: Reader, writes: Writes, certified_wh: int) -> None:
    owed_wh = 0
    for key, was, now in DEBTS.changes(before, writes):
        if now == 0:
            raise InvariantBroken(NAME, f"a debt of nothing: {key}")
        owed_wh += (now or 0) - (was or 0)
    issued_wh = sum(
        (now or NO_LOTS).issued_wh - (was or NO_LOTS).issued_wh
        for _, was, now in LOT_ENERGY.changes(before, writes)
    )
    if issued_wh != certified_wh + owed_wh:
        detail = f"lots of {issued_wh} Wh were issued, {certified_wh} Wh more are certified and {owed_wh} Wh owed"
        raise InvariantBroken(NAME, detail)


def _check_points(reader: Reader) -> None:
    """Sums of a point and what came late are its latest readings; nobody consumed or generated less than nothing."""
    latest: dict[tuple[int, str], Sums] = {}
    for (meter, mtu), reading in READINGS.scan(reader):
        place = mtu, METERS.require(reader, meter).point
        latest[place] = _plus(latest.get(place, (0, 0, 0)), (reading.generated_wh, reading.consumed_wh, 1))
    late = {key: (row.generated_wh, row.consumed_wh, 0) for key, row in LATE.scan(reader)}
    for key, difference in late.items():
        found = latest.get(key, (0, 0, 0))
        if found[0] < difference[0] or found[1] < difference[1]:
            raise InvariantBroken(NAME, f"the late difference of {key} is more than was ever measured: {difference}")
    for key, row in SUMS.scan(reader):
        known = _plus((row.generated_wh, row.consumed_wh, 0), late.get(key, (0, 0, 0)))
        if known[:2] != latest.get(key, (0, 0, 0))[:2]:
            raise InvariantBroken(NAME, f"the sums of {key} are {known}, its readings {latest.get(key)}")


def _grown(was: MeteredEnergy | None, now: MeteredEnergy | None) -> Sums:
    old, new = was or NO_ENERGY, now or NO_ENERGY
    return (
        new.generated_wh - old.generated_wh,
        new.consumed_wh - old.consumed_wh,
        new.readings - old.readings,
    )


def _plus(left: Sums, right: Sums) -> Sums:
    return left[0] + right[0], left[1] + right[1], left[2] + right[2]
