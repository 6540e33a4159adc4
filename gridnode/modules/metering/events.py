"""Events of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import NAME, U64
from gridnode.modules.metering.tables import ENERGY
from gridnode.primitives.ids import MeterId, PointId
from gridnode.primitives.units import EnergyWh, Mtu


@event("metering.reading_accepted")
class ReadingAccepted:
    """A reading was taken; its generation was minted and issued as `lot`."""

    meter: Annotated[MeterId, NAME]
    point: Annotated[PointId, NAME]
    mtu: Annotated[Mtu, U64]
    generated_wh: Annotated[EnergyWh, ENERGY]
    consumed_wh: Annotated[EnergyWh, ENERGY]
    lot: Annotated[int, U64]  # 0 when nothing was generated


EVENTS: Final[tuple[type[Any], ...]] = (ReadingAccepted,)
"""Every event of the module."""
