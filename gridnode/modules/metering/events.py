"""Events of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import NAME, U32, U64
from gridnode.modules.metering.tables import ENERGY, QUALITY, Quality
from gridnode.primitives.ids import MeterId, PointId
from gridnode.primitives.units import EnergyWh, Mtu


@event("metering.reading_accepted")
class ReadingAccepted:
    """A version of a reading was taken, or made by the chain; what it certifies anew was minted and issued as `lot`."""

    meter: Annotated[MeterId, NAME]
    point: Annotated[PointId, NAME]
    mtu: Annotated[Mtu, U64]
    version: Annotated[int, U32]  # the chain's count
    quality: Annotated[Quality, QUALITY]
    generated_wh: Annotated[EnergyWh, ENERGY]
    consumed_wh: Annotated[EnergyWh, ENERGY]
    lot: Annotated[int, U64]  # 0 when none was issued


@event("metering.debt_changed")
class DebtChanged:
    """A meter owes certificates: lots were issued for more than it generated. 0: no more."""

    meter: Annotated[MeterId, NAME]
    debt_wh: Annotated[EnergyWh, U64]


EVENTS: Final[tuple[type[Any], ...]] = (ReadingAccepted, DebtChanged)
"""Every event of the module."""
