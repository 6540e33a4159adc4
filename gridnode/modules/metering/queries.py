"""Read-only questions about readings."""

from __future__ import annotations

from typing import Final, NamedTuple

from gridnode.modules.metering.tables import (
    DEBTS,
    METERED,
    MTUS,
    READINGS,
    REASONS,
    VERSIONS,
    MeteredEnergy,
    Reading,
)
from gridnode.modules.metering.versions import NO_ENERGY
from gridnode.primitives.ids import MeterId
from gridnode.primitives.units import EnergyWh
from gridnode.state.kv import Reader

OBIS_CONSUMPTION: Final = "1-0:1.8.0"
"""Register code of active energy taken from the grid, sum over tariffs (IEC 62056-61)."""
OBIS_GENERATION: Final = "1-0:2.8.0"
"""Register code of active energy fed into it."""


class Version(NamedTuple):
    """One version of a reading, and why it was substituted."""

    reading: Reading
    """The version."""
    reason: str | None
    """What the DSO gave as its reason; None when it is not substituted."""


class Correction(NamedTuple):
    """A reading that has more than one version."""

    mtu: int
    """Market time unit."""
    first: Reading
    """Its first version."""
    latest: Reading
    """Its latest version."""


def reading(reader: Reader, meter: MeterId, mtu: int) -> Reading | None:
    """What a meter measured in an MTU, the latest version, or None while there is no reading."""
    return READINGS.get(reader, meter, mtu)


def readings(
    reader: Reader, meter: MeterId, limit: int, after: int | None = None, latest_first: bool = False
) -> list[tuple[int, Reading]]:
    """At most `limit` readings of a meter behind MTU `after`: (MTU, latest version), ascending unless `latest_first`."""
    behind = None if after is None else (meter, after)
    rows = READINGS.scan(reader, meter, after=behind, limit=limit, reverse=latest_first)
    return [(mtu, found) for (_, mtu), found in rows]


def versions(reader: Reader, meter: MeterId, mtu: int, limit: int, after: int | None = None) -> list[Version]:
    """At most `limit` versions of a reading with numbers above `after`, ascending; none when there is no reading."""
    behind = None if after is None else (meter, mtu, after)
    found = [row for _, row in VERSIONS.scan(reader, meter, mtu, after=behind, limit=limit)]
    latest = READINGS.get(reader, meter, mtu)
    if latest is not None and len(found) < limit and (after is None or after < latest.version):
        found.append(latest)
    return [Version(row, REASONS.get(reader, meter, mtu, row.version)) for row in found]


def corrections(reader: Reader, meter: MeterId, limit: int, after: int | None = None) -> list[Correction]:
    """At most `limit` readings of a meter above MTU `after` that have more than one version, ascending by MTU."""
    found: list[Correction] = []
    behind = None if after is None else (meter, after)
    while len(found) < limit:
        row = next(VERSIONS.scan(reader, meter, after=behind, limit=1), None)
        if row is None:
            break
        (_, mtu, _), first = row
        found.append(Correction(mtu, first, READINGS.require(reader, meter, mtu)))
        behind = meter, mtu
    return found


def debt(reader: Reader, meter: MeterId) -> EnergyWh:
    """Wh of lots that a meter owes."""
    return DEBTS.get(reader, meter) or EnergyWh(0)


def registers(found: Reading) -> dict[str, int]:
    """Wh of a reading by OBIS code of the register that counts it."""
    return {OBIS_CONSUMPTION: found.consumed_wh, OBIS_GENERATION: found.generated_wh}


def energy(reader: Reader) -> MeteredEnergy:
    """Wh generated and consumed and number of readings since genesis, by latest versions."""
    return METERED.get(reader) or NO_ENERGY


def energy_by_mtu(reader: Reader, limit: int, after: int | None = None) -> list[tuple[int, MeteredEnergy]]:
    """The same for each MTU above `after`, ascending, at most `limit`: (MTU, sums)."""
    rows = MTUS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [(mtu, found) for (mtu,), found in rows]
