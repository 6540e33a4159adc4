"""Tables of lots and the module's opening state."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, BOOL, NAME, U64, Int, ListOf, Text
from gridnode.codec.records import Nested, record
from gridnode.crypto.address import module_address
from gridnode.modules.registry.tables import SOURCE, Source
from gridnode.primitives.ids import Address, MeterId, ZoneId
from gridnode.primitives.limits import MAX_ENERGY_WH, MAX_PURPOSE_CHARS, MAX_SOURCES
from gridnode.primitives.units import EnergyWh, Mtu, TimeMs
from gridnode.state.key_parts import ADDRESS_PART, U64_PART
from gridnode.state.prefixes import LOTS as MODULE
from gridnode.state.table import Table

HOLD: Final = module_address("settlement/hold")
"""Account that owns lots, and the same energy in GRID, until their MTU is settled."""
BUNDLED: Final = module_address("lots/bundled")
"""Account that owns the lots inside of bundles."""

BUNDLE_WH: Final = 1_000_000
"""Energy of a sealed bundle: 1 MWh, the unit of certificates of origin elsewhere."""

MAX_CARBON_G_PER_KWH: Final = 10_000
CARBON: Final = Int(0, MAX_CARBON_G_PER_KWH)
ENERGY: Final = Int(0, MAX_ENERGY_WH)
PURPOSE: Final = Text(0, MAX_PURPOSE_CHARS)


@record
class SourceCarbon:
    """Carbon intensity of a source."""

    source: Annotated[Source, SOURCE]
    carbon_g_per_kwh: Annotated[int, CARBON]  # g CO2 equivalent


@record
class LotsGenesis:
    """Opening state and parameters of the module; there are no lots before block 1."""

    carbon: Annotated[tuple[SourceCarbon, ...], ListOf(Nested(SourceCarbon), MAX_SOURCES)]


@record
class Lot:
    """Energy of one meter in one MTU, or a part of it, under one owner."""

    owner: Annotated[Address, ADDRESS]  # of a retired lot: the beneficiary
    meter: Annotated[MeterId, NAME]
    zone: Annotated[ZoneId, NAME]  # where the meter stands
    source: Annotated[Source, SOURCE]
    mtu: Annotated[Mtu, U64]  # when it was generated
    energy_wh: Annotated[EnergyWh, ENERGY]
    carbon_g_per_kwh: Annotated[int, CARBON]
    origin: Annotated[int, U64]  # number of the lot that metering issued
    issued_ms: Annotated[TimeMs, U64]  # chain time of the block that issued the origin
    bundle: Annotated[int, U64]  # number of the bundle that it is inside of; 0 for none
    retired_ms: Annotated[TimeMs, U64]  # chain time at which it was retired, never to move again; 0 while it was not
    purpose: Annotated[str, PURPOSE]  # what it was retired for; may be empty

    @property
    def retired(self) -> bool:
        """Whether it was retired by itself; a lot inside of a bundle is retired when the bundle is."""
        return self.retired_ms > 0


@record
class Bundle:
    """Lots of one technology under one owner; sealed, it is a certificate of exactly 1 MWh."""

    owner: Annotated[Address, ADDRESS]  # of a retired bundle: the beneficiary
    source: Annotated[Source, SOURCE]
    energy_wh: Annotated[EnergyWh, Int(0, BUNDLE_WH)]  # of the lots inside
    lots: Annotated[int, U64]  # how many
    sealed_ms: Annotated[TimeMs, U64]  # chain time at which it was full; 0 while it is not
    retired_ms: Annotated[TimeMs, U64]  # chain time at which it was retired with all that is inside; 0 while it was not
    purpose: Annotated[str, PURPOSE]  # what it was retired for; may be empty

    @property
    def sealed(self) -> bool:
        """Whether it holds exactly 1 MWh."""
        return self.sealed_ms > 0

    @property
    def retired(self) -> bool:
        """Whether it is a certificate that never moves again."""
        return self.retired_ms > 0


@record
class LotEnergy:
    """Running sums over all lots there ever were."""

    issued_wh: Annotated[EnergyWh, U64]
    retired_wh: Annotated[EnergyWh, U64]  # lot by lot, and with bundles


PARAMS: Final[Table[LotsGenesis]] = Table(module=MODULE, number=1, name="params", key=(), value=LotsGenesis)
"""() -> parameters."""

LOTS: Final[Table[Lot]] = Table(module=MODULE, number=2, name="lots", key=(U64_PART,), value=Lot)
"""lot number -> lot."""

OWNED: Final[Table[bool]] = Table(module=MODULE, number=3, name="owned", key=(ADDRESS_PART, U64_PART), value=BOOL)
"""(owner, lot number) -> whether it is retired; nothing for the hold and for lots inside of bundles."""

NEXT: Final[Table[int]] = Table(module=MODULE, number=4, name="next", key=(), value=U64)
"""() -> number of the next lot; no row means 1."""

LOT_ENERGY: Final[Table[LotEnergy]] = Table(module=MODULE, number=5, name="energy", key=(), value=LotEnergy)
"""() -> running sums; no row means none."""

BUNDLES: Final[Table[Bundle]] = Table(module=MODULE, number=6, name="bundles", key=(U64_PART,), value=Bundle)
"""bundle number -> bundle."""

INSIDE: Final[Table[bool]] = Table(module=MODULE, number=7, name="inside", key=(U64_PART, U64_PART), value=BOOL)
"""(bundle number, lot number) -> true."""

BUNDLES_OWNED: Final[Table[bool]] = Table(
    module=MODULE, number=8, name="bundles_owned", key=(ADDRESS_PART, U64_PART), value=BOOL
)
"""(owner, bundle number) -> whether it is retired."""

NEXT_BUNDLE: Final[Table[int]] = Table(module=MODULE, number=9, name="next_bundle", key=(), value=U64)
"""() -> number of the next bundle; no row means 1."""
