"""Tables of roles, participants, connection points and meters, and the module's opening state."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from gridnode.codec.fields import ADDRESS, NAME, TEXT, Bytes, Choice, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.ids import Address, MeterId, PointId, PublicKey, ZoneId
from gridnode.primitives.limits import MAX_ENERGY_WH, MAX_GENESIS_ENTRIES, MAX_ZONES
from gridnode.primitives.units import EnergyWh
from gridnode.state.key_parts import ADDRESS_PART, KEY_PART, NAME_PART, U8_PART
from gridnode.state.prefixes import REGISTRY
from gridnode.state.table import Table


class Role(IntEnum):
    """What an institution may do. Numbers are consensus data."""

    REGULATOR = 1  # registers, suspends and reinstates participants; adds and removes regulators and gateways
    DSO = 2  # distribution system operator: registers points and binds meters in its zones
    TSO = 3  # transmission system operator: owns lines between zones
    ISSUER = 4  # licensed to issue settlement money; what it may mint stands in `token`
    GATEWAY = 5  # speaks for devices behind it: acknowledges their locks


class Kind(IntEnum):
    """What a participant is."""

    CONSUMER = 1
    PROSUMER = 2


class Status(IntEnum):
    """Where a participant stands."""

    ACTIVE = 1
    SUSPENDED = 2  # by the regulator
    INACTIVE = 3  # withdrew


class Direction(IntEnum):
    """What a meter measures."""

    GENERATION = 1  # energy fed into the grid
    CONSUMPTION = 2  # energy taken from it


class Source(IntEnum):
    """Where energy comes from. Numbers are consensus data: bit 1 << number in a source mask."""

    GRID = 0
    SOLAR = 1
    WIND = 2
    HYDRO = 3
    BIOMASS = 4
    GEOTHERMAL = 5


ROLE: Final = Choice(Role)
KIND: Final = Choice(Kind)
STATUS: Final = Choice(Status)
DIRECTION: Final = Choice(Direction)
SOURCE: Final = Choice(Source)
DEVICE_KEY: Final = Bytes(0, 32)
MAX_METER_WH: Final = Int(1, MAX_ENERGY_WH)


@record
class Participant:
    """Somebody who takes part in the market. The name is a pseudonym or a firm: no personal data on chain."""

    kind: Annotated[Kind, KIND]
    zone: Annotated[ZoneId, NAME]  # where the participant is at home
    status: Annotated[Status, STATUS]
    name: Annotated[str, TEXT]


@record
class Point:
    """A connection point: where meters of one participant connect to the grid of one zone."""

    owner: Annotated[Address, ADDRESS]  # the participant
    zone: Annotated[ZoneId, NAME]


@record
class Meter:
    """A meter at a connection point, bound to the key of its device."""

    point: Annotated[PointId, NAME]
    device_key: Annotated[PublicKey, DEVICE_KEY]  # empty while no device is bound
    direction: Annotated[Direction, DIRECTION]
    source: Annotated[Source, SOURCE]  # of what it generates; `grid` for consumption
    max_energy_wh: Annotated[EnergyWh, MAX_METER_WH]  # the most it can plausibly measure in one MTU

    @property
    def is_bound(self) -> bool:
        """Whether a device reports for this meter."""
        return bool(self.device_key)


@record
class Service:
    """A zone and the DSO that serves it."""

    zone: Annotated[ZoneId, NAME]
    dso: Annotated[Address, ADDRESS]  # the operator's account


@record
class Institution:
    """An account that has a role from the start."""

    account: Annotated[Address, ADDRESS]
    role: Annotated[Role, ROLE]
    name: Annotated[str, TEXT]  # as people read it


@record
class RegistryGenesis:
    """Opening state of the module: institutions, and which DSO serves which zone."""

    institutions: Annotated[tuple[Institution, ...], ListOf(Nested(Institution), MAX_GENESIS_ENTRIES, 1)]
    services: Annotated[tuple[Service, ...], ListOf(Nested(Service), MAX_ZONES, 1)]


ROLES: Final[Table[str]] = Table(
    module=REGISTRY, number=1, name="roles", key=(U8_PART, ADDRESS_PART), value=TEXT
)
"""(role, account) -> name of the institution."""

SERVICES: Final[Table[Address]] = Table(module=REGISTRY, number=2, name="services", key=(NAME_PART,), value=ADDRESS)
"""zone -> account of its DSO. A zone that is not here does not exist."""

PARTICIPANTS: Final[Table[Participant]] = Table(
    module=REGISTRY, number=3, name="participants", key=(ADDRESS_PART,), value=Participant
)
"""account -> participant."""

POINTS: Final[Table[Point]] = Table(module=REGISTRY, number=4, name="points", key=(NAME_PART,), value=Point)
"""connection point -> its owner and zone."""

POINTS_BY_OWNER: Final[Table[ZoneId]] = Table(
    module=REGISTRY, number=5, name="points_by_owner", key=(ADDRESS_PART, NAME_PART), value=NAME
)
"""(owner, connection point) -> zone."""

METERS: Final[Table[Meter]] = Table(module=REGISTRY, number=6, name="meters", key=(NAME_PART,), value=Meter)
"""meter -> where it is, what it measures, whose device reports."""

METERS_BY_POINT: Final[Table[Direction]] = Table(
    module=REGISTRY, number=7, name="meters_by_point", key=(NAME_PART, NAME_PART), value=DIRECTION
)
"""(connection point, meter) -> direction."""

DEVICES: Final[Table[MeterId]] = Table(module=REGISTRY, number=8, name="devices", key=(KEY_PART,), value=NAME)
"""device key -> the meter it is bound to. A key is bound to one meter at most."""

