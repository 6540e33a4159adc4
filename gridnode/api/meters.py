"""Questions about connection points, meters and readings."""

from __future__ import annotations

from typing import Any

from gridnode.api.pages import page
from gridnode.api.problems import not_found
from gridnode.api.reading import Ask
from gridnode.api.shapes import address, correction, meter, reading
from gridnode.codec.records import to_json
from gridnode.modules.metering import queries as metering_queries
from gridnode.modules.registry import queries as registry_queries
from gridnode.primitives.ids import MeterId, PointId
from gridnode.primitives.limits import MAX_U32


def meters(ask: Ask) -> dict[str, Any]:
    """Meters in order of name, of one connection point or of all; `after` is a name."""
    limit = ask.parameters.limit()
    point = ask.parameters.name("point")
    after = ask.parameters.name("after")
    behind = None if after is None else MeterId(after)
    if point is None:
        found = registry_queries.meters(ask.reader, limit, behind)
    else:
        found = registry_queries.meters_of_point(ask.reader, PointId(point), limit, behind)
    return page(found, limit, lambda row: row[0], lambda row: meter(*row))


def meter_by_id(ask: Ask) -> dict[str, Any]:
    """One meter with its owner, zone, latest reading and debt of certificates."""
    name = MeterId(ask.parameters.required_name("id"))
    found = registry_queries.meter(ask.reader, name)
    if found is None:
        raise not_found("meter", name)
    point = registry_queries.point(ask.reader, found.point)
    latest = metering_queries.readings(ask.reader, name, 1, latest_first=True)
    return {
        **meter(name, found),
        "owner": None if point is None else address(point.owner),
        "zone": None if point is None else point.zone,
        "latest_reading": reading(*latest[0]) if latest else None,
        "debt_wh": metering_queries.debt(ask.reader, name),
    }


def meter_readings(ask: Ask) -> dict[str, Any]:
    """Readings of a meter in order of MTU, or the latest first with `order=latest`; `after` is an MTU."""
    name = _known_meter(ask)
    limit = ask.parameters.limit()
    latest = ask.parameters.choice("order", ("earliest", "latest")) == "latest"
    found = metering_queries.readings(ask.reader, name, limit, ask.parameters.integer("after"), latest)
    return page(found, limit, lambda row: row[0], lambda row: reading(*row))


def reading_versions(ask: Ask) -> dict[str, Any]:
    """Every version of one reading in order of number, with the reason of a substituted one; `after` is a number."""
    name = _known_meter(ask)
    mtu, limit = ask.parameters.required_integer("mtu"), ask.parameters.limit()
    after = ask.parameters.integer("after", high=MAX_U32)
    if metering_queries.reading(ask.reader, name, mtu) is None:
        raise not_found("reading", f"{name} {mtu}")
    found = metering_queries.versions(ask.reader, name, mtu, limit, after)
    return page(
        found,
        limit,
        lambda row: row.reading.version,
        lambda row: {**reading(mtu, row.reading), "reason": row.reason},
    )


def meter_corrections(ask: Ask) -> dict[str, Any]:
    """Readings of a meter with more than one version, the first and the latest, in order of MTU; `after` is an MTU."""
    name = _known_meter(ask)
    limit = ask.parameters.limit()
    found = metering_queries.corrections(ask.reader, name, limit, ask.parameters.integer("after"))
    return page(found, limit, lambda row: row.mtu, correction)


def _known_meter(ask: Ask) -> MeterId:
    name = MeterId(ask.parameters.required_name("id"))
    if registry_queries.meter(ask.reader, name) is None:
        raise not_found("meter", name)
    return name


def points(ask: Ask) -> dict[str, Any]:
    """Connection points in order of name; `after` is a name."""
    limit = ask.parameters.limit()
    after = ask.parameters.name("after")
    found = registry_queries.points(ask.reader, limit, None if after is None else PointId(after))
    return page(found, limit, lambda row: row[0], lambda row: {"point": row[0], **to_json(row[1])})


def point_by_id(ask: Ask) -> dict[str, Any]:
    """One connection point with its meters."""
    name = PointId(ask.parameters.required_name("id"))
    found = registry_queries.point(ask.reader, name)
    if found is None:
        raise not_found("connection point", name)
    at_point = registry_queries.meters_of_point(ask.reader, name, ask.node.config.api.max_page)
    return {"point": name, **to_json(found), "meters": [meter(*row) for row in at_point]}
