"""Tables of readings, their versions and sums, and the module's opening state."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from gridnode.codec.fields import I64, TEXT, U32, U64, Choice, Int, ListOf
from gridnode.codec.records import record
from gridnode.primitives.limits import MAX_ENERGY_WH, MAX_POINT_LOTS
from gridnode.primitives.units import DurationMs, EnergyWh, TimeMs
from gridnode.state.key_parts import NAME_PART, U32_PART, U64_PART
from gridnode.state.prefixes import METERING as MODULE
from gridnode.state.table import Table


class Quality(IntEnum):
    """How a value came about; a higher number is the better one. Numbers are consensus data."""

    OPEN = 0  # of sums that settlement has not completed yet; no reading has it
    ESTIMATED = 1  # by the chain, because nobody said anything until settlement
    SUBSTITUTED = 2  # by the DSO
    MEASURED = 3  # signed by the device


ENERGY: Final = Int(0, MAX_ENERGY_WH)
WINDOW: Final = Int(1, 366 * 86_400_000)
QUALITY: Final = Choice(Quality)


@record
class MeteringGenesis:
    """Opening state and parameters of the module."""

    reading_window_ms: Annotated[DurationMs, WINDOW]  # so long after the end of an MTU it is settled from its readings
    correction_window_ms: Annotated[DurationMs, WINDOW]  # so long after it versions are taken; at least the reading window


@record
class Reading:
    """One version of what a meter measured in one MTU."""

    generated_wh: Annotated[EnergyWh, ENERGY]
    consumed_wh: Annotated[EnergyWh, ENERGY]
    version: Annotated[int, U32]  # the chain's count of all versions, from 0
    quality: Annotated[Quality, QUALITY]
    time_ms: Annotated[TimeMs, U64]  # chain time of acceptance
    measured: Annotated[int, U32]  # how many versions the device signed, this one included
    certified_wh: Annotated[EnergyWh, ENERGY]  # generation that certificates may stand for: what a device signed, at most generated_wh


@record
class PointSum:
    """The latest readings of one connection point in one MTU."""

    generated_wh: Annotated[EnergyWh, U64]
    consumed_wh: Annotated[EnergyWh, U64]
    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_POINT_LOTS)]  # its lots in the hold, ascending
    quality: Annotated[Quality, QUALITY]  # OPEN until settlement completes it, then the lowest of its readings


@record
class LateSum:
    """What versions changed at a connection point in an MTU that is settled, or about to be."""

    generated_wh: Annotated[int, I64]  # difference from what was settled, either sign
    consumed_wh: Annotated[int, I64]  # the same
    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_POINT_LOTS)]  # lots issued since, in the hold, ascending


@record
class MeteredEnergy:
    """Latest readings of all points together."""

    generated_wh: Annotated[EnergyWh, U64]
    consumed_wh: Annotated[EnergyWh, U64]
    readings: Annotated[int, U64]  # how many; a later version of a reading is not another one


PARAMS: Final[Table[MeteringGenesis]] = Table(
    module=MODULE, number=1, name="params", key=(), value=MeteringGenesis
)
"""() -> parameters."""

READINGS: Final[Table[Reading]] = Table(
    module=MODULE, number=2, name="readings", key=(NAME_PART, U64_PART), value=Reading
)
"""(meter, MTU) -> latest version."""

SUMS: Final[Table[PointSum]] = Table(
    module=MODULE, number=3, name="sums", key=(U64_PART, NAME_PART), value=PointSum
)
"""(MTU, connection point) -> sums of its readings, until it is settled."""

MTUS: Final[Table[MeteredEnergy]] = Table(
    module=MODULE, number=4, name="mtus", key=(U64_PART,), value=MeteredEnergy
)
"""MTU -> sums over all points."""

METERED: Final[Table[MeteredEnergy]] = Table(
    module=MODULE, number=5, name="energy", key=(), value=MeteredEnergy
)
"""() -> sums since genesis."""

VERSIONS: Final[Table[Reading]] = Table(
    module=MODULE, number=6, name="versions", key=(NAME_PART, U64_PART, U32_PART), value=Reading
)
"""(meter, MTU, version) -> a version that a later one superseded; stays for ever."""

REASONS: Final[Table[str]] = Table(
    module=MODULE, number=7, name="reasons", key=(NAME_PART, U64_PART, U32_PART), value=TEXT
)
"""(meter, MTU, version) -> why the DSO substituted it; stays for ever."""

LATE: Final[Table[LateSum]] = Table(module=MODULE, number=8, name="late", key=(U64_PART, NAME_PART), value=LateSum)
"""(MTU, connection point) -> what came too late for the first settlement, until settlement takes it."""

DEBTS: Final[Table[EnergyWh]] = Table(module=MODULE, number=9, name="debts", key=(NAME_PART,), value=U64)
"""meter -> Wh of lots issued beyond what it generated, by later versions; no row when none."""
