"""Handlers of lots messages, the opening state, and what metering and settlement do with lots of the hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.lots.bundles import (
    add_to_bundle,
    open_bundle,
    retire_bundle,
    transfer_bundle,
    unbundle,
)
from gridnode.modules.lots.changes import (
    FIRST,
    NO_ENERGY,
    add_energy,
    change_part,
    check_target,
    own_lots,
    put_lot,
    take_numbers,
)
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.events import LotsRetired, LotsTransferred
from gridnode.modules.lots.messages import (
    AddToBundle,
    LotOutput,
    OpenBundle,
    Retire,
    RetireBundle,
    TransferBundle,
    TransferLots,
    Unbundle,
)
from gridnode.modules.lots.tables import HOLD, LOTS, PARAMS, Lot, LotsGenesis
from gridnode.modules.registry.tables import Source
from gridnode.primitives.errors import InvariantBroken, OperatorError, Rejected
from gridnode.primitives.ids import Address, MeterId, ZoneId
from gridnode.primitives.units import EnergyWh, Mtu, TimeMs
from gridnode.state.kv import Reader

__all__ = [
    "FIRST",
    "HANDLERS",
    "NO_ENERGY",
    "carbon_g_per_kwh",
    "give",
    "issue",
    "open",
    "retire",
    "retire_held",
    "transfer_lots",
]


def issue(context: Context, meter: MeterId, zone: ZoneId, source: Source, mtu: int, energy_wh: int) -> int:
    """Make a lot of `energy_wh` (> 0), owned by the hold and issued at the block's time; returns its number."""
    state = context.state
    number = take_numbers(state, 1)
    lot = Lot(
        HOLD,
        meter,
        zone,
        source,
        Mtu(mtu),
        EnergyWh(energy_wh),
        carbon_g_per_kwh(state, source),
        number,
        context.time_ms,
        0,
        TimeMs(0),
        "",
    )
    put_lot(state, number, None, lot)
    add_energy(state, energy_wh, 0)
    return number


def give(context: Context, number: int, energy_wh: int, owner: Address) -> int:
    """Move `energy_wh` (> 0) of lot `number` of the hold to `owner`; returns the number of the lot that went.

    Raises InvariantBroken when the hold does not own that much under this number.
    """
    lot = _held(context, number, energy_wh)
    return change_part(context.state, number, lot, replace(lot, owner=owner, energy_wh=EnergyWh(energy_wh)))


def retire_held(context: Context, number: int, energy_wh: int, beneficiary: Address, purpose: str = "") -> int:
    """Retire `energy_wh` (> 0) of lot `number` of the hold for `beneficiary`; returns the number of the retired lot.

    Raises InvariantBroken when the hold does not own that much under this number.
    """
    lot = _held(context, number, energy_wh)
    return _retire_part(context, number, lot, energy_wh, beneficiary, purpose)


def carbon_g_per_kwh(reader: Reader, source: Source) -> int:
    """Carbon intensity of a source, g CO2 equivalent per kWh; 0 when genesis lists none."""
    for entry in PARAMS.require(reader).carbon:
        if entry.source == source:
            return entry.carbon_g_per_kwh
    return 0


def transfer_lots(context: Context, sender: Address, message: TransferLots) -> None:
    """Handler of `lots.transfer_lots`."""
    state = context.state
    spent = own_lots(state, sender, message.inputs)
    model = spent[0]
    if any(lot.origin != model.origin for lot in spent):
        raise Rejected(LotsCode.MIXED_LOTS, "expected lots of one origin", "inputs")
    _check_outputs(context, message.outputs, sum(lot.energy_wh for lot in spent))
    for number, lot in zip(message.inputs, spent, strict=True):
        put_lot(state, number, lot, None)
    first = take_numbers(state, len(message.outputs))
    for number, output in enumerate(message.outputs, first):
        put_lot(state, number, None, replace(model, owner=output.recipient, energy_wh=output.energy_wh))
    recipients = tuple(output.recipient for output in message.outputs)
    energies = tuple(output.energy_wh for output in message.outputs)
    context.emit(LotsTransferred(sender, message.inputs, first, recipients, energies))


def retire(context: Context, sender: Address, message: Retire) -> None:
    """Handler of `lots.retire`."""
    parts, beneficiary = message.parts, message.beneficiary
    owned = own_lots(context.state, sender, [part.lot for part in parts])
    for part, lot in zip(parts, owned, strict=True):
        if not part.energy_wh:
            raise Rejected(LotsCode.ZERO_OUTPUT, "expected more than 0 Wh", "parts")
        if part.energy_wh > lot.energy_wh:
            raise Rejected(LotsCode.MORE_THAN_LOT, f"lot {part.lot} has {lot.energy_wh} Wh", "parts")
    check_target(context, beneficiary, "beneficiary")
    numbers = tuple(
        _retire_part(context, part.lot, lot, part.energy_wh, beneficiary, message.purpose)
        for part, lot in zip(parts, owned, strict=True)
    )
    energy_wh = sum(part.energy_wh for part in parts)
    context.emit(LotsRetired(sender, numbers, beneficiary, EnergyWh(energy_wh), message.purpose))


def open(context: Context, genesis: LotsGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the parameters. Raises OperatorError when a source is listed twice."""
    listed = [entry.source for entry in genesis.carbon]
    for source in listed:
        if listed.count(source) > 1:
            raise OperatorError(f"lots.carbon: expected {source.name.lower()} once")
    PARAMS.put(context.state, genesis)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    TransferLots: transfer_lots,
    Retire: retire,
    OpenBundle: open_bundle,
    AddToBundle: add_to_bundle,
    TransferBundle: transfer_bundle,
    RetireBundle: retire_bundle,
    Unbundle: unbundle,
}
"""Which handler runs which message."""


def _check_outputs(context: Context, outputs: Sequence[LotOutput], energy_wh: int) -> None:
    for output in outputs:
        if not output.energy_wh:
            raise Rejected(LotsCode.ZERO_OUTPUT, "expected more than 0 Wh", "outputs")
    for output in outputs:
        check_target(context, output.recipient, "outputs")
    total = sum(output.energy_wh for output in outputs)
    if total != energy_wh:
        raise Rejected(LotsCode.UNEQUAL_ENERGY, f"expected outputs of {energy_wh} Wh in all, got {total}", "outputs")


def _held(context: Context, number: int, energy_wh: int) -> Lot:
    lot = LOTS.require(context.state, number)
    if lot.owner != HOLD or not 0 < energy_wh <= lot.energy_wh:
        raise InvariantBroken("lots-hold", f"lot {number} of the hold has no {energy_wh} Wh: {lot}")
    return lot


def _retire_part(
    context: Context, number: int, lot: Lot, energy_wh: int, beneficiary: Address, purpose: str
) -> int:
    """Retire `energy_wh` of a lot; returns the number of the certificate."""
    certificate = replace(
        lot, owner=beneficiary, energy_wh=EnergyWh(energy_wh), retired_ms=context.time_ms, purpose=purpose
    )
    add_energy(context.state, 0, energy_wh)
    return change_part(context.state, number, lot, certificate)
