"""Read-only questions about readings."""

from __future__ import annotations

from gridnode.modules.metering.rules import NO_ENERGY
from gridnode.modules.metering.tables import METERED, MTUS, READINGS, MeteredEnergy, Reading
from gridnode.primitives.ids import MeterId
from gridnode.state.kv import Reader


def reading(reader: Reader, meter: MeterId, mtu: int) -> Reading | None:
    """What a meter measured in an MTU, or None while there is no reading."""
    return READINGS.get(reader, meter, mtu)


def readings(
    reader: Reader, meter: MeterId, limit: int, after: int | None = None, latest_first: bool = False
) -> list[tuple[int, Reading]]:
    """At most `limit` readings of a meter behind MTU `after`: (MTU, reading), ascending unless `latest_first`."""
    behind = None if after is None else (meter, after)
    rows = READINGS.scan(reader, meter, after=behind, limit=limit, reverse=latest_first)
    return [(mtu, found) for (_, mtu), found in rows]


def energy(reader: Reader) -> MeteredEnergy:
    """Wh generated and consumed and number of readings since genesis."""
    return METERED.get(reader) or NO_ENERGY


def energy_by_mtu(reader: Reader, limit: int, after: int | None = None) -> list[tuple[int, MeteredEnergy]]:
    """The same for each MTU above `after`, ascending, at most `limit`: (MTU, sums)."""
    rows = MTUS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [(mtu, found) for (mtu,), found in rows]
