"""Read-only questions about participants, points and meters; lists are paged by the last name or account seen."""

from __future__ import annotations

from gridnode.modules.registry.tables import (
    METERS,
    METERS_BY_POINT,
    PARTICIPANTS,
    POINTS,
    POINTS_BY_OWNER,
    ROLES,
    SERVICES,
    Meter,
    Participant,
    Point,
    Role,
)
from gridnode.primitives.ids import Address, MeterId, PointId, ZoneId
from gridnode.state.kv import Reader


def participant(reader: Reader, account: Address) -> Participant | None:
    """The participant with this account, or None."""
    return PARTICIPANTS.get(reader, account)


def participants(
    reader: Reader, limit: int, after: Address | None = None
) -> list[tuple[Address, Participant]]:
    """At most `limit` participants with an account above `after`, ascending."""
    rows = PARTICIPANTS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [(account, found) for (account,), found in rows]


def point(reader: Reader, point_id: PointId) -> Point | None:
    """The connection point of this name, or None."""
    return POINTS.get(reader, point_id)


def points(reader: Reader, limit: int, after: PointId | None = None) -> list[tuple[PointId, Point]]:
    """At most `limit` connection points with a name above `after`, ascending."""
    rows = POINTS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [(name, found) for (name,), found in rows]


def points_of(
    reader: Reader, owner: Address, limit: int, after: PointId | None = None
) -> list[tuple[PointId, ZoneId]]:
    """At most `limit` connection points of a participant with a name above `after`, ascending, each with its zone."""
    rows = POINTS_BY_OWNER.scan(reader, owner, after=None if after is None else (owner, after), limit=limit)
    return [(name, zone) for (_, name), zone in rows]


def meter(reader: Reader, meter_id: MeterId) -> Meter | None:
    """The meter of this name, or None."""
    return METERS.get(reader, meter_id)


def meters(reader: Reader, limit: int, after: MeterId | None = None) -> list[tuple[MeterId, Meter]]:
    """At most `limit` meters with a name above `after`, ascending."""
    rows = METERS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [(name, found) for (name,), found in rows]


def meters_of_point(
    reader: Reader, point_id: PointId, limit: int, after: MeterId | None = None
) -> list[tuple[MeterId, Meter]]:
    """At most `limit` meters of a connection point with a name above `after`, ascending."""
    rows = METERS_BY_POINT.scan(reader, point_id, after=None if after is None else (point_id, after), limit=limit)
    return [(name, METERS.require(reader, name)) for (_, name), _ in rows]


def institutions(reader: Reader) -> list[tuple[Role, Address, str]]:
    """Every account with a role: (role, account, name), in order of role and account."""
    return [(Role(role), account, name) for (role, account), name in ROLES.scan(reader)]


def services(reader: Reader) -> list[tuple[ZoneId, Address]]:
    """Each zone with the account of its DSO, in order of name."""
    return [(zone, dso) for (zone,), dso in SERVICES.scan(reader)]
