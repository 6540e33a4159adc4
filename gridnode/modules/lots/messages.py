"""Messages of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import ADDRESS, U64, ListOf
from gridnode.codec.records import Nested, record
from gridnode.modules.lots.tables import ENERGY
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_LOT_PARTS
from gridnode.primitives.units import EnergyWh


@record
class LotOutput:
    """A new lot of a transfer."""

    recipient: Annotated[Address, ADDRESS]  # the new lot's owner
    energy_wh: Annotated[EnergyWh, ENERGY]


@message("lots.transfer_lots")
class TransferLots:
    """Spend the sender's lots `inputs`, all of one meter, source and MTU, and make `outputs` of exactly their energy."""

    inputs: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS, 1)]
    outputs: Annotated[tuple[LotOutput, ...], ListOf(Nested(LotOutput), MAX_LOT_PARTS, 1)]


@message("lots.retire")
class Retire:
    """Turn the sender's whole lots into certificates of a beneficiary."""

    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS, 1)]
    beneficiary: Annotated[Address, ADDRESS]


MESSAGES: Final[tuple[type[Any], ...]] = (TransferLots, Retire)
"""Every message of the module."""
