"""Writing a version of a reading: the latest and the superseded, sums of the point, of the MTU and of all, and certificates."""

from __future__ import annotations

from typing import Final, NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.metering.certificates import certify
from gridnode.modules.metering.events import ReadingAccepted
from gridnode.modules.metering.tables import (
    LATE,
    METERED,
    MTUS,
    READINGS,
    SUMS,
    VERSIONS,
    LateSum,
    MeteredEnergy,
    PointSum,
    Quality,
    Reading,
)
from gridnode.modules.registry.tables import Meter
from gridnode.primitives.ids import MeterId
from gridnode.primitives.units import EnergyWh, Mtu, TimeMs

NOTHING: Final = EnergyWh(0)
NO_READING: Final = Reading(NOTHING, NOTHING, 0, Quality.ESTIMATED, TimeMs(0), 0, NOTHING)
NO_SUM: Final = PointSum(NOTHING, NOTHING, (), Quality.OPEN)
NO_LATE: Final = LateSum(0, 0, ())
NO_ENERGY: Final = MeteredEnergy(NOTHING, NOTHING, 0)


class Value(NamedTuple):
    """What somebody says of a meter and an MTU."""

    generated_wh: EnergyWh
    """Fed into the grid."""
    consumed_wh: EnergyWh
    """Taken from it."""
    quality: Quality
    """Who says so."""


def write_version(
    context: Context, name: MeterId, meter: Meter, mtu: int, former: Reading | None, value: Value, late: bool
) -> Reading:
    """Make `value` the latest version of a reading, after `former`, its latest so far; returns what was written.

    A `late` one leaves the point's sums as they are and is told to settlement as a difference. Raises Rejected(TOO_MANY_LOTS).
    """
    state = context.state
    generated_wh, consumed_wh, quality = value
    was = former or NO_READING
    is_measured = quality is Quality.MEASURED
    reading = Reading(
        generated_wh,
        consumed_wh,
        was.version + 1 if former else 0,
        quality,
        context.time_ms,
        was.measured + is_measured,
        generated_wh if is_measured else min(generated_wh, was.certified_wh),
    )
    if former:
        VERSIONS.put(state, name, mtu, former.version, former)
    READINGS.put(state, name, mtu, reading)
    lot = _add_to_point(context, name, meter, mtu, was, reading, late)
    _add_to_all(context, meter, mtu, former, reading)
    context.emit(
        ReadingAccepted(name, meter.point, Mtu(mtu), reading.version, quality, generated_wh, consumed_wh, lot)
    )
    return reading


def _add_to_point(
    context: Context, name: MeterId, meter: Meter, mtu: int, was: Reading, now: Reading, late: bool
) -> int:
    """Add the difference of two versions to the point's sums, or to what is late; returns the lot issued, 0 when none."""
    state = context.state
    sums = SUMS.get(state, mtu, meter.point) or NO_SUM
    more = (LATE.get(state, mtu, meter.point) or NO_LATE) if late else NO_LATE
    grown_wh, lot = now.certified_wh - was.certified_wh, 0
    if grown_wh:
        lot = certify(context, name, meter, mtu, grown_wh, len(sums.lots) + len(more.lots))
    generated_wh, consumed_wh = now.generated_wh - was.generated_wh, now.consumed_wh - was.consumed_wh
    if late:
        lots = (*more.lots, lot) if lot else more.lots
        changed = LateSum(more.generated_wh + generated_wh, more.consumed_wh + consumed_wh, lots)
        LATE.put(state, mtu, meter.point, changed)
    else:
        lots = (*sums.lots, lot) if lot else sums.lots
        SUMS.put(
            state,
            mtu,
            meter.point,
            PointSum(
                EnergyWh(sums.generated_wh + generated_wh), EnergyWh(sums.consumed_wh + consumed_wh), lots, sums.quality
            ),
        )
    return lot


def _add_to_all(context: Context, meter: Meter, mtu: int, former: Reading | None, now: Reading) -> None:
    """Add the difference of two versions to the sums over all points, and what is more to the block's totals."""
    state, totals = context.state, context.totals
    was = former or NO_READING
    generated_wh, consumed_wh = now.generated_wh - was.generated_wh, now.consumed_wh - was.consumed_wh
    first = 0 if former else 1
    MTUS.put(state, mtu, _grown(MTUS.get(state, mtu), generated_wh, consumed_wh, first))
    METERED.put(state, _grown(METERED.get(state), generated_wh, consumed_wh, first))
    if consumed_wh > 0:
        totals.consumed_wh += consumed_wh
    if generated_wh > 0:
        totals.generated_wh += generated_wh
        source = meter.source.name.lower()
        by_source = totals.generated_by_source_wh
        by_source[source] = by_source.get(source, 0) + generated_wh


def _grown(sums: MeteredEnergy | None, generated_wh: int, consumed_wh: int, readings: int) -> MeteredEnergy:
    before = sums or NO_ENERGY
    return MeteredEnergy(
        EnergyWh(before.generated_wh + generated_wh),
        EnergyWh(before.consumed_wh + consumed_wh),
        before.readings + readings,
    )
