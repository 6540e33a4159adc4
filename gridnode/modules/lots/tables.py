"""Tables of lots and the module's opening state."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, BOOL, NAME, U64, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.crypto.address import module_address
from gridnode.modules.registry.tables import SOURCE, Source
from gridnode.primitives.ids import Address, MeterId, ZoneId
from gridnode.primitives.limits import MAX_ENERGY_WH, MAX_SOURCES
from gridnode.primitives.units import EnergyWh, Mtu
from gridnode.state.key_parts import ADDRESS_PART, U64_PART
from gridnode.state.prefixes import LOTS as MODULE
from gridnode.state.table import Table

HOLD: Final = module_address("settlement/hold")
"""Account that owns lots, and the same energy in GRID, until their MTU is settled."""

MAX_CARBON_G_PER_KWH: Final = 10_000
CARBON: Final = Int(0, MAX_CARBON_G_PER_KWH)
ENERGY: Final = Int(0, MAX_ENERGY_WH)


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
    retired: Annotated[bool, BOOL]  # final: never moved again


@record
class LotEnergy:
    """Running sums over all lots there ever were."""

    issued_wh: Annotated[EnergyWh, U64]
    retired_wh: Annotated[EnergyWh, U64]


PARAMS: Final[Table[LotsGenesis]] = Table(module=MODULE, number=1, name="params", key=(), value=LotsGenesis)
"""() -> parameters."""

LOTS: Final[Table[Lot]] = Table(module=MODULE, number=2, name="lots", key=(U64_PART,), value=Lot)
"""lot number -> lot."""

OWNED: Final[Table[bool]] = Table(module=MODULE, number=3, name="owned", key=(ADDRESS_PART, U64_PART), value=BOOL)
"""(owner, lot number) -> whether it is retired; the hold has no rows."""

NEXT: Final[Table[int]] = Table(module=MODULE, number=4, name="next", key=(), value=U64)
"""() -> number of the next lot; no row means 1."""

LOT_ENERGY: Final[Table[LotEnergy]] = Table(module=MODULE, number=5, name="energy", key=(), value=LotEnergy)
"""() -> running sums; no row means none."""
