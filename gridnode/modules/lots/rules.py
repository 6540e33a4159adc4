"""Handlers of lots messages, the opening state, and what metering and settlement do with lots of the hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.events import LotsRetired, LotsTransferred
from gridnode.modules.lots.messages import LotOutput, Retire, TransferLots
from gridnode.modules.lots.tables import (
    HOLD,
    LOT_ENERGY,
    LOTS,
    NEXT,
    OWNED,
    PARAMS,
    Lot,
    LotEnergy,
    LotsGenesis,
)
from gridnode.modules.registry.tables import Source
from gridnode.primitives.errors import InvariantBroken, OperatorError, Rejected
from gridnode.primitives.ids import Address, MeterId, ZoneId
from gridnode.primitives.units import EnergyWh, Mtu
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

FIRST: Final = 1
NO_ENERGY: Final = LotEnergy(EnergyWh(0), EnergyWh(0))


def issue(context: Context, meter: MeterId, zone: ZoneId, source: Source, mtu: int, energy_wh: int) -> int:
    """Make a lot of `energy_wh` (> 0), owned by the hold; returns its number."""
    state = context.state
    number = _take_numbers(state, 1)
    carbon = carbon_g_per_kwh(state, source)
    lot = Lot(HOLD, meter, zone, source, Mtu(mtu), EnergyWh(energy_wh), carbon, number, False)
    LOTS.put(state, number, lot)
    _add_energy(state, energy_wh, 0)
    return number


def give(context: Context, number: int, energy_wh: int, owner: Address) -> int:
    """Move `energy_wh` (> 0) of lot `number` of the hold to `owner`; returns the number of the lot that went.

    Raises InvariantBroken when the hold does not own that much under this number.
    """
    return _part(context.state, number, energy_wh, owner, retired=False)


def retire_held(context: Context, number: int, energy_wh: int, beneficiary: Address) -> int:
    """Retire `energy_wh` (> 0) of lot `number` of the hold for `beneficiary`; returns the number of the retired lot.

    Raises InvariantBroken when the hold does not own that much under this number.
    """
    retired = _part(context.state, number, energy_wh, beneficiary, retired=True)
    _add_energy(context.state, 0, energy_wh)
    return retired


def carbon_g_per_kwh(reader: Reader, source: Source) -> int:
    """Carbon intensity of a source, g CO2 equivalent per kWh; 0 when genesis lists none."""
    for entry in PARAMS.require(reader).carbon:
        if entry.source == source:
            return entry.carbon_g_per_kwh
    return 0


def transfer_lots(context: Context, sender: Address, message: TransferLots) -> None:
    """Handler of `lots.transfer_lots`."""
    state = context.state
    spent = _own_lots(state, sender, message.inputs)
    model = spent[0]
    for lot in spent:
        if (lot.meter, lot.source, lot.mtu) != (model.meter, model.source, model.mtu):
            raise Rejected(LotsCode.MIXED_LOTS, "expected lots of one meter, source and MTU", "inputs")
    _check_outputs(context, message.outputs, sum(lot.energy_wh for lot in spent))
    for number in message.inputs:
        LOTS.delete(state, number)
        OWNED.delete(state, sender, number)
    first = _take_numbers(state, len(message.outputs))
    for number, output in enumerate(message.outputs, first):
        LOTS.put(state, number, replace(model, owner=output.recipient, energy_wh=output.energy_wh))
        OWNED.put(state, output.recipient, number, False)
    recipients = tuple(output.recipient for output in message.outputs)
    energies = tuple(output.energy_wh for output in message.outputs)
    context.emit(LotsTransferred(sender, message.inputs, first, recipients, energies))


def retire(context: Context, sender: Address, message: Retire) -> None:
    """Handler of `lots.retire`."""
    state = context.state
    owned = _own_lots(state, sender, message.lots)
    _check_target(context, message.beneficiary, "beneficiary")
    for number, lot in zip(message.lots, owned, strict=True):
        LOTS.put(state, number, replace(lot, owner=message.beneficiary, retired=True))
        OWNED.delete(state, sender, number)
        OWNED.put(state, message.beneficiary, number, True)
    energy_wh = sum(lot.energy_wh for lot in owned)
    _add_energy(state, 0, energy_wh)
    context.emit(LotsRetired(sender, message.lots, message.beneficiary, EnergyWh(energy_wh)))


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
}
"""Which handler runs which message."""


def _own_lots(state: State, sender: Address, numbers: Sequence[int]) -> list[Lot]:
    """The lots named, all of them the sender's, none retired, none twice."""
    if len(frozenset(numbers)) != len(numbers):
        raise Rejected(LotsCode.SPENT_TWICE, "expected each lot once")
    return [_own_lot(state, sender, number) for number in numbers]


def _own_lot(state: State, sender: Address, number: int) -> Lot:
    lot = LOTS.get(state, number)
    if lot is None:
        raise Rejected(LotsCode.UNKNOWN_LOT, f"there is no lot {number}")
    if lot.owner != sender:
        raise Rejected(LotsCode.NOT_OWNER, f"lot {number} is not the sender's")
    if lot.retired:
        raise Rejected(LotsCode.ALREADY_RETIRED, f"lot {number} is retired")
    return lot


def _check_outputs(context: Context, outputs: Sequence[LotOutput], energy_wh: int) -> None:
    for output in outputs:
        if not output.energy_wh:
            raise Rejected(LotsCode.ZERO_OUTPUT, "expected more than 0 Wh", "outputs")
    for output in outputs:
        _check_target(context, output.recipient, "outputs")
    total = sum(output.energy_wh for output in outputs)
    if total != energy_wh:
        raise Rejected(LotsCode.UNEQUAL_ENERGY, f"expected outputs of {energy_wh} Wh in all, got {total}", "outputs")


def _check_target(context: Context, target: Address, field: str) -> None:
    if target in context.module_accounts:
        raise Rejected(LotsCode.RESERVED_ACCOUNT, "expected an account that no module owns", field)


def _part(state: State, number: int, energy_wh: int, owner: Address, retired: bool) -> int:
    """Take energy off a lot of the hold; returns the number of the lot that then holds it."""
    lot = LOTS.require(state, number)
    if lot.owner != HOLD or not 0 < energy_wh <= lot.energy_wh:
        raise InvariantBroken("lots-hold", f"lot {number} of the hold has no {energy_wh} Wh: {lot}")
    if energy_wh < lot.energy_wh:
        LOTS.put(state, number, replace(lot, energy_wh=EnergyWh(lot.energy_wh - energy_wh)))
        number = _take_numbers(state, 1)
    LOTS.put(state, number, replace(lot, owner=owner, energy_wh=EnergyWh(energy_wh), retired=retired))
    OWNED.put(state, owner, number, retired)
    return number


def _take_numbers(state: State, count: int) -> int:
    """Give out `count` numbers in a row; returns the first."""
    first = NEXT.get(state) or FIRST
    NEXT.put(state, first + count)
    return first


def _add_energy(state: State, issued_wh: int, retired_wh: int) -> None:
    sums = LOT_ENERGY.get(state) or NO_ENERGY
    LOT_ENERGY.put(
        state, LotEnergy(EnergyWh(sums.issued_wh + issued_wh), EnergyWh(sums.retired_wh + retired_wh))
    )
