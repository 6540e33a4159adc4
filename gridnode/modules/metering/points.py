"""What settlement asks of metering: the figures of a connection point in an MTU, completed by estimates, and what came late."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.metering.tables import LATE, READINGS, SUMS, LateSum, PointSum, Quality, Reading
from gridnode.modules.metering.versions import NO_SUM, NOTHING, Value, write_version
from gridnode.modules.registry.tables import METERS, METERS_BY_POINT, Direction, Meter
from gridnode.primitives.ids import MeterId, PointId
from gridnode.primitives.limits import MAX_POINT_METERS, MTUS_PER_DAY
from gridnode.primitives.units import EnergyWh
from gridnode.state.kv import Reader
from gridnode.state.overlay import State


class Late(NamedTuple):
    """What versions changed at a point after its MTU was settled."""

    mtu: int
    """Market time unit."""
    point: PointId
    """Connection point."""
    change: LateSum
    """Differences, and lots issued since."""


def point_sum(state: State, mtu: int, point: PointId) -> PointSum:
    """What the readings of a connection point sum to in an MTU; zeros when there are none."""
    return SUMS.get(state, mtu, point) or NO_SUM


def complete_point(context: Context, mtu: int, point: PointId) -> PointSum:
    """The figures from which a point is settled: call it at or after `window_end_ms`, before the first use of them.

    The first call takes in what came late before it, estimates each bound meter that has no reading (the first
    MAX_POINT_METERS in order of name) and notes the lowest quality; from then on the figures stay until `drop_sum`. Later calls
    cost one read.
    """
    state = context.state
    sums = SUMS.get(state, mtu, point)
    if sums is not None and sums.quality is not Quality.OPEN:
        return sums
    _take_in(state, mtu, point)
    quality = _estimate_missing(context, mtu, point)
    sums = SUMS.get(state, mtu, point) or NO_SUM
    completed = PointSum(sums.generated_wh, sums.consumed_wh, sums.lots, quality)
    SUMS.put(state, mtu, point, completed)
    return completed


def drop_sum(state: State, mtu: int, point: PointId) -> None:
    """Forget the sums of a connection point in an MTU: it is settled, and its statement has them."""
    SUMS.delete(state, mtu, point)


def take_late(state: State, before: int, limit: int) -> list[Late]:
    """Take out at most `limit` points with late versions of MTUs below `before`, in order of MTU and name.

    Differences are from the figures that `complete_point` returned, or from zero where nobody called it.
    """
    rows = LATE.scan(state, stop=(before,), limit=limit)
    taken = [Late(mtu, point, change) for (mtu, point), change in rows]
    for late in taken:
        LATE.delete(state, late.mtu, late.point)
    return taken


def point_quality(reader: Reader, mtu: int, point: PointId) -> Quality:
    """The lowest quality of a point's latest readings of an MTU; ESTIMATED when it has none."""
    found = [READINGS.get(reader, name, mtu) for name in _meters(reader, point)]
    return min((reading.quality for reading in found if reading is not None), default=Quality.ESTIMATED)


def estimate(context: Context, name: MeterId, meter: Meter, mtu: int) -> Reading:
    """Write the first version for a meter that has none, counted in its point's sums; returns it.

    A consumption meter gets what it consumed in the same quarter hour of the day before, at most what it can measure, or 0.
    A generation meter gets 0: what no device signed is never certified, so none is supposed.
    """
    consumed_wh = NOTHING
    if meter.direction is Direction.CONSUMPTION and mtu >= MTUS_PER_DAY:
        yesterday = READINGS.get(context.state, name, mtu - MTUS_PER_DAY)
        if yesterday is not None:
            consumed_wh = min(yesterday.consumed_wh, meter.max_energy_wh)
    value = Value(NOTHING, consumed_wh, Quality.ESTIMATED)
    return write_version(context, name, meter, mtu, None, value, late=False)


def _meters(reader: Reader, point: PointId) -> list[MeterId]:
    return [name for (_, name), _ in METERS_BY_POINT.scan(reader, point, limit=MAX_POINT_METERS)]


def _take_in(state: State, mtu: int, point: PointId) -> None:
    """Add what came late to the sums of a point that is not settled yet."""
    late = LATE.get(state, mtu, point)
    if late is None:
        return
    sums = SUMS.get(state, mtu, point) or NO_SUM
    generated_wh = EnergyWh(sums.generated_wh + late.generated_wh)
    consumed_wh = EnergyWh(sums.consumed_wh + late.consumed_wh)
    SUMS.put(state, mtu, point, PointSum(generated_wh, consumed_wh, (*sums.lots, *late.lots), Quality.OPEN))
    LATE.delete(state, mtu, point)


def _estimate_missing(context: Context, mtu: int, point: PointId) -> Quality:
    """Estimate bound meters without a reading; returns the lowest quality of the point's readings, as `point_quality`."""
    state = context.state
    qualities = []
    for name in _meters(state, point):
        reading = READINGS.get(state, name, mtu)
        if reading is None:
            meter = METERS.require(state, name)
            if not meter.is_bound:
                continue
            reading = estimate(context, name, meter, mtu)
        qualities.append(reading.quality)
    return min(qualities, default=Quality.ESTIMATED)
