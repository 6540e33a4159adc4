"""Handlers of what a DSO does in its zones: connection points, meters, and the device keys bound to them."""

from __future__ import annotations

from dataclasses import replace

from gridnode.modules.context import Context
from gridnode.modules.registry.codes import RegistryCode
from gridnode.modules.registry.events import MeterBound, PointRegistered
from gridnode.modules.registry.messages import BindMeter, RebindMeter, RegisterPoint, UnbindMeter
from gridnode.modules.registry.standing import dso_of_zone, meter, point, require_active
from gridnode.modules.registry.tables import (
    DEVICES,
    METERS,
    METERS_BY_POINT,
    POINTS,
    POINTS_BY_OWNER,
    Direction,
    Meter,
    Point,
    Source,
)
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, MeterId, PublicKey, ZoneId

NO_DEVICE = PublicKey(b"")


def register_point(context: Context, sender: Address, message: RegisterPoint) -> None:
    """Handler of `registry.register_point`."""
    state = context.state
    _check_dso(context, sender, message.zone)
    require_active(state, message.owner)
    if POINTS.has(state, message.point):
        raise Rejected(RegistryCode.POINT_EXISTS, "the name is taken", "point")
    POINTS.put(state, message.point, Point(message.owner, message.zone))
    POINTS_BY_OWNER.put(state, message.owner, message.point, message.zone)
    context.emit(PointRegistered(message.point, message.owner, message.zone))


def bind_meter(context: Context, sender: Address, message: BindMeter) -> None:
    """Handler of `registry.bind_meter`."""
    state = context.state
    place = point(state, message.point)
    _check_dso(context, sender, place.zone)
    require_active(state, place.owner)
    if METERS.has(state, message.meter):
        raise Rejected(RegistryCode.METER_EXISTS, "the name is taken", "meter")
    if (message.source is Source.GRID) != (message.direction is Direction.CONSUMPTION):
        raise Rejected(RegistryCode.WRONG_SOURCE, "expected grid for consumption, another for generation", "source")
    made = Meter(message.point, NO_DEVICE, message.direction, message.source, message.max_energy_wh)
    METERS_BY_POINT.put(state, message.point, message.meter, message.direction)
    _set_device(context, message.meter, made, message.device_key)


def rebind_meter(context: Context, sender: Address, message: RebindMeter) -> None:
    """Handler of `registry.rebind_meter`."""
    known = _own_meter(context, sender, message.meter)
    _set_device(context, message.meter, known, message.device_key)


def unbind_meter(context: Context, sender: Address, message: UnbindMeter) -> None:
    """Handler of `registry.unbind_meter`."""
    known = _own_meter(context, sender, message.meter)
    if not known.is_bound:
        raise Rejected(RegistryCode.NOT_BOUND, "no device is bound to the meter", "meter")
    _set_device(context, message.meter, known, NO_DEVICE)


def _set_device(context: Context, name: MeterId, known: Meter, device_key: PublicKey) -> None:
    state = context.state
    if device_key and DEVICES.has(state, device_key):
        raise Rejected(RegistryCode.DEVICE_TAKEN, "the device is bound to a meter", "device_key")
    if known.is_bound:
        DEVICES.delete(state, known.device_key)
    if device_key:
        DEVICES.put(state, device_key, name)
    METERS.put(state, name, replace(known, device_key=device_key))
    context.emit(MeterBound(name, known.point, device_key))


def _own_meter(context: Context, sender: Address, name: MeterId) -> Meter:
    known = meter(context.state, name)
    _check_dso(context, sender, point(context.state, known.point).zone)
    return known


def _check_dso(context: Context, sender: Address, zone: ZoneId) -> None:
    if dso_of_zone(context.state, zone) != sender:
        raise Rejected(RegistryCode.NOT_DSO, f"expected the DSO of {zone} as sender")
