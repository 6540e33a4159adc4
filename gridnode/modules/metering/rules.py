"""The handler of readings, the opening state, and what settlement asks about an MTU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import mtu_ms
from gridnode.modules.lots.rules import issue
from gridnode.modules.lots.tables import HOLD
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.events import ReadingAccepted
from gridnode.modules.metering.messages import SubmitReading
from gridnode.modules.metering.tables import (
    METERED,
    MTUS,
    PARAMS,
    READINGS,
    SUMS,
    MeteredEnergy,
    MeteringGenesis,
    PointSum,
    Reading,
)
from gridnode.modules.registry.standing import meter_by_device, point
from gridnode.modules.registry.tables import Direction, Meter
from gridnode.modules.token.rules import mint_to
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, MeterId
from gridnode.primitives.limits import MAX_POINT_LOTS
from gridnode.primitives.units import EnergyWh, TimeMs, grid_of
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

NOTHING: Final = EnergyWh(0)
NO_SUM: Final = PointSum(NOTHING, NOTHING, ())
NO_ENERGY: Final = MeteredEnergy(NOTHING, NOTHING, 0)


def window_end_ms(reader: Reader, mtu: int) -> TimeMs:
    """Chain time from which no reading of `mtu` is taken, and it may be settled."""
    return TimeMs((mtu + 1) * mtu_ms(reader) + PARAMS.require(reader).reading_window_ms)


def submit_reading(context: Context, sender: Address, message: SubmitReading) -> None:  # noqa: ARG001 (anybody may bring it)
    """Handler of `metering.submit_reading`; its device signature was verified before."""
    state = context.state
    found = meter_by_device(state, message.device_key)
    if found is None:
        raise Rejected(MeteringCode.UNKNOWN_DEVICE, "no meter is bound to this device key", "device_key")
    name, meter = found
    place = point(state, meter.point)
    _check_window(context, message.mtu)
    if READINGS.has(state, name, message.mtu):
        raise Rejected(MeteringCode.DUPLICATE_READING, f"meter {name} has a reading of MTU {message.mtu}", "mtu")
    _check_energy(meter, message)
    generated_wh, consumed_wh = message.generated_wh, message.consumed_wh
    sums = SUMS.get(state, message.mtu, meter.point) or NO_SUM
    lots, lot = sums.lots, 0
    if generated_wh:
        if len(lots) == MAX_POINT_LOTS:
            raise Rejected(MeteringCode.TOO_MANY_LOTS, f"expected at most {MAX_POINT_LOTS} lots of a point in an MTU")
        mint_to(context, HOLD, Denomination.GRID, grid_of(generated_wh))
        lot = issue(context, name, place.zone, meter.source, message.mtu, generated_wh)
        lots = (*lots, lot)
    SUMS.put(
        state,
        message.mtu,
        meter.point,
        PointSum(EnergyWh(sums.generated_wh + generated_wh), EnergyWh(sums.consumed_wh + consumed_wh), lots),
    )
    _record(context, name, meter, message)
    context.emit(ReadingAccepted(name, meter.point, message.mtu, generated_wh, consumed_wh, lot))


def open(context: Context, genesis: MeteringGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the parameters."""
    PARAMS.put(context.state, genesis)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {SubmitReading: submit_reading}
"""Which handler runs which message."""


def _check_window(context: Context, mtu: int) -> None:
    if context.time_ms < (mtu + 1) * mtu_ms(context.state):
        raise Rejected(MeteringCode.TOO_EARLY, f"MTU {mtu} has not ended at chain time {context.time_ms}", "mtu")
    closed_ms = window_end_ms(context.state, mtu)
    if context.time_ms >= closed_ms:
        detail = f"readings of MTU {mtu} were taken until {closed_ms}, chain time is {context.time_ms}"
        raise Rejected(MeteringCode.WINDOW_CLOSED, detail, "mtu")


def _check_energy(meter: Meter, message: SubmitReading) -> None:
    generates = meter.direction is Direction.GENERATION
    if message.consumed_wh if generates else message.generated_wh:
        field = "consumed_wh" if generates else "generated_wh"
        raise Rejected(MeteringCode.WRONG_DIRECTION, f"expected 0 of a {meter.direction.name.lower()} meter", field)
    if message.generated_wh + message.consumed_wh > meter.max_energy_wh:
        field = "generated_wh" if generates else "consumed_wh"
        raise Rejected(MeteringCode.IMPLAUSIBLE, f"expected at most {meter.max_energy_wh} Wh in an MTU", field)


def _record(context: Context, name: MeterId, meter: Meter, message: SubmitReading) -> None:
    """Keep the reading and add it to the sums over all points."""
    state, totals = context.state, context.totals
    generated_wh, consumed_wh = message.generated_wh, message.consumed_wh
    READINGS.put(state, name, message.mtu, Reading(generated_wh, consumed_wh))
    MTUS.put(state, message.mtu, _grown(MTUS.get(state, message.mtu), generated_wh, consumed_wh))
    METERED.put(state, _grown(METERED.get(state), generated_wh, consumed_wh))
    totals.generated_wh += generated_wh
    totals.consumed_wh += consumed_wh
    if generated_wh:
        source = meter.source.name.lower()
        by_source = totals.generated_by_source_wh
        by_source[source] = by_source.get(source, 0) + generated_wh


def _grown(sums: MeteredEnergy | None, generated_wh: int, consumed_wh: int) -> MeteredEnergy:
    before = sums or NO_ENERGY
    return MeteredEnergy(
        EnergyWh(before.generated_wh + generated_wh),
        EnergyWh(before.consumed_wh + consumed_wh),
        before.readings + 1,
    )


def point_sum(state: State, mtu: int, point_id: str) -> PointSum:
    """What the readings of a connection point sum to in an MTU; zeros when there are none."""
    return SUMS.get(state, mtu, point_id) or NO_SUM


def drop_sum(state: State, mtu: int, point_id: str) -> None:
    """Forget the sums of a connection point in an MTU: it is settled, and its statement has them."""
    SUMS.delete(state, mtu, point_id)
