"""The handlers of readings, and the opening state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.messages import SubmitReading, SubstituteReading
from gridnode.modules.metering.tables import PARAMS, READINGS, REASONS, MeteringGenesis, Quality, Reading
from gridnode.modules.metering.versions import Value, write_version
from gridnode.modules.metering.windows import check_window
from gridnode.modules.registry.standing import dso_of_zone, meter_by_device, point
from gridnode.modules.registry.tables import METERS, Direction, Meter
from gridnode.primitives.errors import OperatorError, Rejected
from gridnode.primitives.ids import Address


def submit_reading(context: Context, sender: Address, message: SubmitReading) -> None:  # noqa: ARG001 (anybody may bring it)
    """Handler of `metering.submit_reading`; its device signature was verified before."""
    found = meter_by_device(context.state, message.device_key)
    if found is None:
        raise Rejected(MeteringCode.UNKNOWN_DEVICE, "no meter is bound to this device key", "device_key")
    name, meter = found
    former = READINGS.get(context.state, name, message.mtu)
    late = check_window(context, message.mtu, former is not None)
    _check_version(message.version, former.measured if former else 0)
    value = Value(message.generated_wh, message.consumed_wh, Quality.MEASURED)
    _check_value(meter, former, value)
    write_version(context, name, meter, message.mtu, former, value, late)


def substitute_reading(context: Context, sender: Address, message: SubstituteReading) -> None:
    """Handler of `metering.substitute_reading`."""
    state, name = context.state, message.meter
    meter = METERS.get(state, name)
    if meter is None:
        raise Rejected(MeteringCode.UNKNOWN_METER, "no such meter", "meter")
    zone = point(state, meter.point).zone
    if dso_of_zone(state, zone) != sender:
        raise Rejected(MeteringCode.NOT_DSO, f"expected the DSO of {zone} as sender")
    former = READINGS.get(state, name, message.mtu)
    late = check_window(context, message.mtu, former is not None)
    _check_version(message.version, former.version + 1 if former else 0)
    value = Value(message.generated_wh, message.consumed_wh, Quality.SUBSTITUTED)
    _check_value(meter, former, value)
    REASONS.put(state, name, message.mtu, message.version, message.reason)
    write_version(context, name, meter, message.mtu, former, value, late)


def open(context: Context, genesis: MeteringGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the parameters. Raises OperatorError when corrections would end before readings."""
    if genesis.correction_window_ms < genesis.reading_window_ms:
        raise OperatorError(f"metering.correction_window_ms: expected at least {genesis.reading_window_ms}")
    PARAMS.put(context.state, genesis)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    SubmitReading: submit_reading,
    SubstituteReading: substitute_reading,
}
"""Which handler runs which message."""


def _check_version(version: int, expected: int) -> None:
    if version < expected:
        raise Rejected(MeteringCode.STALE_VERSION, f"expected version {expected}", "version")
    if version > expected:
        raise Rejected(MeteringCode.VERSION_GAP, f"expected version {expected}", "version")


def _check_value(meter: Meter, former: Reading | None, value: Value) -> None:
    generates = meter.direction is Direction.GENERATION
    if value.consumed_wh if generates else value.generated_wh:
        field = "consumed_wh" if generates else "generated_wh"
        raise Rejected(MeteringCode.WRONG_DIRECTION, f"expected 0 of a {meter.direction.name.lower()} meter", field)
    if value.generated_wh + value.consumed_wh > meter.max_energy_wh:
        field = "generated_wh" if generates else "consumed_wh"
        raise Rejected(MeteringCode.IMPLAUSIBLE, f"expected at most {meter.max_energy_wh} Wh in an MTU", field)
    if former is not None and _says_no_more(former, value):
        detail = f"version {former.version} is {former.quality.name.lower()} and says the same"
        raise Rejected(MeteringCode.NO_CHANGE, detail, "generated_wh" if generates else "consumed_wh")


def _says_no_more(former: Reading, value: Value) -> bool:
    """Whether `value` has the figures of the latest version and is of no better quality."""
    same = (former.generated_wh, former.consumed_wh) == (value.generated_wh, value.consumed_wh)
    return same and former.quality >= value.quality
