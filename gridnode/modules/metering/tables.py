"""Tables of readings and sums, and the module's opening state."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.codec.fields import U64, Int, ListOf
from gridnode.codec.records import record
from gridnode.primitives.limits import MAX_ENERGY_WH, MAX_POINT_LOTS
from gridnode.primitives.units import DurationMs, EnergyWh
from gridnode.state.key_parts import NAME_PART, U64_PART
from gridnode.state.prefixes import METERING as MODULE
from gridnode.state.table import Table

ENERGY: Final = Int(0, MAX_ENERGY_WH)
WINDOW: Final = Int(1, 366 * 86_400_000)


@record
class MeteringGenesis:
    """Opening state and parameters of the module."""

    reading_window_ms: Annotated[DurationMs, WINDOW]  # readings of an MTU are taken so long after its end


@record
class Reading:
    """What one meter measured in one MTU."""

    generated_wh: Annotated[EnergyWh, ENERGY]
    consumed_wh: Annotated[EnergyWh, ENERGY]


@record
class PointSum:
    """All readings of one connection point in one MTU."""

    generated_wh: Annotated[EnergyWh, U64]
    consumed_wh: Annotated[EnergyWh, U64]
    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_POINT_LOTS)]  # its lots in the hold, ascending


@record
class MeteredEnergy:
    """Readings of all points together."""

    generated_wh: Annotated[EnergyWh, U64]
    consumed_wh: Annotated[EnergyWh, U64]
    readings: Annotated[int, U64]  # how many


PARAMS: Final[Table[MeteringGenesis]] = Table(
    module=MODULE, number=1, name="params", key=(), value=MeteringGenesis
)
"""() -> parameters."""

READINGS: Final[Table[Reading]] = Table(
    module=MODULE, number=2, name="readings", key=(NAME_PART, U64_PART), value=Reading
)
"""(meter, MTU) -> reading."""

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
