"""Messages of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import ADDRESS, U64, ListOf
from gridnode.codec.records import Nested, record
from gridnode.modules.lots.tables import ENERGY, PURPOSE
from gridnode.modules.registry.tables import SOURCE, Source
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_LOT_PARTS
from gridnode.primitives.units import EnergyWh


@record
class LotOutput:
    """A new lot of a transfer."""

    recipient: Annotated[Address, ADDRESS]  # the new lot's owner
    energy_wh: Annotated[EnergyWh, ENERGY]


@record
class LotPart:
    """A lot, or a part of it."""

    lot: Annotated[int, U64]
    energy_wh: Annotated[EnergyWh, ENERGY]  # at most the lot's


@message("lots.transfer_lots")
class TransferLots:
    """Spend the sender's lots `inputs`, all of one origin, and make `outputs` of exactly their energy."""

    inputs: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS, 1)]
    outputs: Annotated[tuple[LotOutput, ...], ListOf(Nested(LotOutput), MAX_LOT_PARTS, 1)]


@message("lots.retire")
class Retire:
    """Turn the sender's lots, or parts of them, into certificates of a beneficiary."""

    parts: Annotated[tuple[LotPart, ...], ListOf(Nested(LotPart), MAX_LOT_PARTS, 1)]
    beneficiary: Annotated[Address, ADDRESS]
    purpose: Annotated[str, PURPOSE]  # what is claimed with them; may be empty


@message("lots.open_bundle")
class OpenBundle:
    """Begin a bundle of 1 MWh of one technology; the event tells its number."""

    source: Annotated[Source, SOURCE]


@message("lots.add_to_bundle")
class AddToBundle:
    """Put the sender's lots into a bundle of the sender, in this order; of the last one as much as fills it."""

    bundle: Annotated[int, U64]
    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS, 1)]


@message("lots.transfer_bundle")
class TransferBundle:
    """Give a sealed bundle to another account."""

    bundle: Annotated[int, U64]
    recipient: Annotated[Address, ADDRESS]


@message("lots.retire_bundle")
class RetireBundle:
    """Turn a sealed bundle, with all that is inside, into a certificate of a beneficiary."""

    bundle: Annotated[int, U64]
    beneficiary: Annotated[Address, ADDRESS]
    purpose: Annotated[str, PURPOSE]  # what is claimed with it; may be empty


@message("lots.unbundle")
class Unbundle:
    """Take the sender's lots out of a bundle, the lowest numbers first, at most MAX_LOT_PARTS; send it again for the rest."""

    bundle: Annotated[int, U64]


MESSAGES: Final[tuple[type[Any], ...]] = (
    TransferLots,
    Retire,
    OpenBundle,
    AddToBundle,
    TransferBundle,
    RetireBundle,
    Unbundle,
)
"""Every message of the module."""
