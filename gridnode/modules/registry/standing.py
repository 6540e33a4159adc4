"""What rules ask the registry: roles, standing of participants, and which point, owner and zone a meter belongs to."""

from __future__ import annotations

from gridnode.modules.registry.codes import RegistryCode
from gridnode.modules.registry.tables import (
    DEVICES,
    METERS,
    PARTICIPANTS,
    POINTS,
    ROLES,
    SERVICES,
    Meter,
    Participant,
    Point,
    Role,
    Status,
)
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, MeterId, PointId, PublicKey, ZoneId
from gridnode.state.kv import Reader


def has_role(reader: Reader, account: Address, role: Role) -> bool:
    """Whether `account` has `role`."""
    return ROLES.has(reader, role, account)


def require_active(reader: Reader, account: Address) -> Participant:
    """The participant with this account. Raises Rejected(UNKNOWN_PARTICIPANT or NOT_ACTIVE)."""
    found = PARTICIPANTS.get(reader, account)
    if found is None:
        raise Rejected(RegistryCode.UNKNOWN_PARTICIPANT, "the account is no participant")
    if found.status is not Status.ACTIVE:
        raise Rejected(RegistryCode.NOT_ACTIVE, f"the participant is {found.status.name.lower()}")
    return found


def point(reader: Reader, point_id: PointId) -> Point:
    """The connection point of this name. Raises Rejected(UNKNOWN_POINT)."""
    found = POINTS.get(reader, point_id)
    if found is None:
        raise Rejected(RegistryCode.UNKNOWN_POINT, "no such connection point", "point")
    return found


def meter(reader: Reader, meter_id: MeterId) -> Meter:
    """The meter of this name, bound or not. Raises Rejected(UNKNOWN_METER)."""
    found = METERS.get(reader, meter_id)
    if found is None:
        raise Rejected(RegistryCode.UNKNOWN_METER, "no such meter", "meter")
    return found


def meter_by_device(reader: Reader, device_key: PublicKey) -> tuple[MeterId, Meter] | None:
    """The meter that this device key is bound to, with its name; None when no meter is."""
    meter_id = DEVICES.get(reader, device_key)
    return None if meter_id is None else (meter_id, METERS.require(reader, meter_id))


def dso_of_zone(reader: Reader, zone: ZoneId) -> Address:
    """Account of the DSO that serves a zone. Raises Rejected(UNKNOWN_ZONE)."""
    found = SERVICES.get(reader, zone)
    if found is None:
        raise Rejected(RegistryCode.UNKNOWN_ZONE, "no such zone", "zone")
    return found
