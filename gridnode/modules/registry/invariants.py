"""What must hold of participants, points and meters after every block."""

from __future__ import annotations

from typing import Final

from gridnode.modules.context import After, Writes
from gridnode.modules.registry.tables import (
    DEVICES,
    METERS,
    METERS_BY_POINT,
    PARTICIPANTS,
    POINTS,
    POINTS_BY_OWNER,
    ROLES,
    SERVICES,
    Meter,
    Point,
    Role,
)
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import MeterId, PointId
from gridnode.state.kv import Reader

NAME: Final = "registry"


def check_block(before: Reader, writes: Writes) -> None:
    """Of the rows that changed: indices agree with what they index, nothing is orphaned, a point never moves. Raises InvariantBroken."""
    after = After(before, writes)
    for (name,), old, point in POINTS.changes(before, writes):
        if point is None or (old is not None and point != old):
            raise InvariantBroken(NAME, f"the point {name} moved or went away")
        _check_point(after, name, point)
    for (name,), former, meter in METERS.changes(before, writes):
        if meter is None or (former is not None and former.point != meter.point):
            raise InvariantBroken(NAME, f"the meter {name} moved or went away")
        _check_meter(after, name, meter)
    for (device_key,), _, bound in DEVICES.changes(before, writes):
        _check_device(after, device_key, bound)
    _check_regulators_change(before, writes)


def check_whole(reader: Reader) -> None:
    """All rows: what `check_block` checks, and that indices hold nothing else. Raises InvariantBroken."""
    points = meters = 0
    for (name,), point in POINTS.scan(reader):
        _check_point(reader, name, point)
        points += 1
    bound = 0
    for (name,), meter in METERS.scan(reader):
        _check_meter(reader, name, meter)
        meters += 1
        bound += meter.is_bound
    sizes = (points, meters, bound)
    indexed = tuple(sum(1 for _ in table.scan(reader)) for table in (POINTS_BY_OWNER, METERS_BY_POINT, DEVICES))
    if sizes != indexed:
        raise InvariantBroken(NAME, f"points, meters and devices are {sizes}, their indices hold {indexed}")
    if not any(ROLES.scan(reader, Role.REGULATOR, limit=1)):
        raise InvariantBroken(NAME, "no regulator is left")


def _check_point(after: After | Reader, name: PointId, point: Point) -> None:
    if POINTS_BY_OWNER.get(after, point.owner, name) != point.zone or not SERVICES.has(after, point.zone):
        raise InvariantBroken(NAME, f"the index of owners disagrees on the point {name}")
    if not PARTICIPANTS.has(after, point.owner):
        raise InvariantBroken(NAME, f"the point {name} belongs to no participant")


def _check_meter(after: After | Reader, name: MeterId, meter: Meter) -> None:
    if METERS_BY_POINT.get(after, meter.point, name) != meter.direction or not POINTS.has(after, meter.point):
        raise InvariantBroken(NAME, f"the index of points disagrees on the meter {name}")
    if meter.is_bound and DEVICES.get(after, meter.device_key) != name:
        raise InvariantBroken(NAME, f"the device of the meter {name} is bound elsewhere")


def _check_device(after: After, device_key: bytes, bound: MeterId | None) -> None:
    if bound is None:
        return
    meter = METERS.get(after, bound)
    if meter is None or meter.device_key != device_key:
        raise InvariantBroken(NAME, f"the device {device_key.hex()} is bound to a meter that has another")


def _check_regulators_change(before: Reader, writes: Writes) -> None:
    gone = sum(1 for (role, _), _, new in ROLES.changes(before, writes) if role == Role.REGULATOR and new is None)
    if not gone:
        return
    came = sum(1 for (role, _), old, _ in ROLES.changes(before, writes) if role == Role.REGULATOR and old is None)
    if came == 0 and sum(1 for _ in ROLES.scan(before, Role.REGULATOR, limit=gone + 1)) <= gone:
        raise InvariantBroken(NAME, "no regulator is left")
