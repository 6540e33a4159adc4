"""Events of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import ADDRESS, BOOL, NAME
from gridnode.modules.registry.tables import DEVICE_KEY, STATUS, Status
from gridnode.primitives.ids import Address, MeterId, PointId, PublicKey, ZoneId


@event("registry.participant_registered")
class ParticipantRegistered:
    """A participant was enrolled and is active."""

    account: Annotated[Address, ADDRESS]
    zone: Annotated[ZoneId, NAME]


@event("registry.status_changed")
class StatusChanged:
    """A participant's status is another now."""

    account: Annotated[Address, ADDRESS]
    status: Annotated[Status, STATUS]


@event("registry.regulator_changed")
class RegulatorChanged:
    """An account became a regulator, or ceased to be one."""

    account: Annotated[Address, ADDRESS]
    is_regulator: Annotated[bool, BOOL]


@event("registry.gateway_changed")
class GatewayChanged:
    """An account became a gateway, or ceased to be one."""

    account: Annotated[Address, ADDRESS]
    is_gateway: Annotated[bool, BOOL]


@event("registry.point_registered")
class PointRegistered:
    """A connection point is known."""

    point: Annotated[PointId, NAME]
    owner: Annotated[Address, ADDRESS]
    zone: Annotated[ZoneId, NAME]


@event("registry.meter_bound")
class MeterBound:
    """A meter has a device, another device, or none (empty key)."""

    meter: Annotated[MeterId, NAME]
    point: Annotated[PointId, NAME]
    device_key: Annotated[PublicKey, DEVICE_KEY]


EVENTS: Final[tuple[type[Any], ...]] = (
    ParticipantRegistered,
    StatusChanged,
    RegulatorChanged,
    GatewayChanged,
    PointRegistered,
    MeterBound,
)
"""Every event of the module."""
