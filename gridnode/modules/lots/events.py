"""Events of the module. What metering and settlement do with lots is told by their own events."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, U64, ListOf
from gridnode.modules.lots.tables import ENERGY
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_ENERGY_WH, MAX_LOT_PARTS
from gridnode.primitives.units import EnergyWh


@event("lots.transferred")
class LotsTransferred:
    """Lots were spent and new ones made, numbered in a row from `first_output`."""

    sender: Annotated[Address, ADDRESS]
    inputs: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS)]
    first_output: Annotated[int, U64]
    recipients: Annotated[tuple[Address, ...], ListOf(ADDRESS, MAX_LOT_PARTS)]
    energies_wh: Annotated[tuple[int, ...], ListOf(ENERGY, MAX_LOT_PARTS)]


@event("lots.retired")
class LotsRetired:
    """Lots became certificates."""

    sender: Annotated[Address, ADDRESS]
    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS)]
    beneficiary: Annotated[Address, ADDRESS]
    energy_wh: Annotated[EnergyWh, U64]


EVENTS: Final[tuple[type[Any], ...]] = (LotsTransferred, LotsRetired)
"""Every event of the module."""

assert MAX_LOT_PARTS * MAX_ENERGY_WH < 2**64
