"""Events of the module. What metering and settlement do with lots is told by their own events."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, BOOL, U64, ListOf
from gridnode.modules.lots.tables import ENERGY, PURPOSE
from gridnode.modules.registry.tables import SOURCE, Source
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
    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS)]  # numbers of the certificates
    beneficiary: Annotated[Address, ADDRESS]
    energy_wh: Annotated[EnergyWh, U64]
    purpose: Annotated[str, PURPOSE]


@event("lots.bundle_opened")
class BundleOpened:
    """An empty bundle was made."""

    bundle: Annotated[int, U64]
    owner: Annotated[Address, ADDRESS]
    source: Annotated[Source, SOURCE]


@event("lots.bundled")
class LotsBundled:
    """Lots went into a bundle."""

    bundle: Annotated[int, U64]
    owner: Annotated[Address, ADDRESS]
    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS)]  # numbers inside: of a lot that was split, of its part
    energy_wh: Annotated[EnergyWh, U64]  # that went in
    sealed: Annotated[bool, BOOL]  # it has its 1 MWh now


@event("lots.bundle_transferred")
class BundleTransferred:
    """A bundle has a new owner."""

    bundle: Annotated[int, U64]
    sender: Annotated[Address, ADDRESS]
    recipient: Annotated[Address, ADDRESS]


@event("lots.bundle_retired")
class BundleRetired:
    """A bundle became a certificate of 1 MWh."""

    bundle: Annotated[int, U64]
    sender: Annotated[Address, ADDRESS]
    beneficiary: Annotated[Address, ADDRESS]
    purpose: Annotated[str, PURPOSE]


@event("lots.unbundled")
class LotsUnbundled:
    """Lots came out of a bundle."""

    bundle: Annotated[int, U64]
    owner: Annotated[Address, ADDRESS]
    lots: Annotated[tuple[int, ...], ListOf(U64, MAX_LOT_PARTS)]
    left: Annotated[int, U64]  # lots still inside; with none the bundle is gone


EVENTS: Final[tuple[type[Any], ...]] = (
    LotsTransferred,
    LotsRetired,
    BundleOpened,
    LotsBundled,
    BundleTransferred,
    BundleRetired,
    LotsUnbundled,
)
"""Every event of the module."""

assert MAX_LOT_PARTS * MAX_ENERGY_WH < 2**64
