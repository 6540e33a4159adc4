"""How rows of lots change: each with its place in its owner's or bundle's list; numbers, splits and the running sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gridnode.modules.context import Context
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.tables import BUNDLED, HOLD, INSIDE, LOT_ENERGY, LOTS, NEXT, OWNED, Lot, LotEnergy
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.units import EnergyWh
from gridnode.state.overlay import State

FIRST: Final = 1
NO_ENERGY: Final = LotEnergy(EnergyWh(0), EnergyWh(0))


def put_lot(state: State, number: int, old: Lot | None, new: Lot | None) -> None:
    """Write a lot, or delete it, and keep the lists in step."""
    if old is not None and (new is None or (old.owner, old.bundle) != (new.owner, new.bundle)):
        if old.bundle:
            INSIDE.delete(state, old.bundle, number)
        elif old.owner != HOLD:
            OWNED.delete(state, old.owner, number)
    if new is None:
        LOTS.delete(state, number)
        return
    LOTS.put(state, number, new)
    if new.bundle:
        INSIDE.put(state, new.bundle, number, True)
    elif new.owner != HOLD:
        OWNED.put(state, new.owner, number, new.retired)


def change_part(state: State, number: int, lot: Lot, changed: Lot) -> int:
    """Make `changed` of a lot; it may have less energy (> 0), and then the rest stays as it was.

    Returns the number of the changed lot: the lot's own, or a new one when only a part of it changed.
    """
    if changed.energy_wh == lot.energy_wh:
        put_lot(state, number, lot, changed)
        return number
    put_lot(state, number, lot, replace(lot, energy_wh=EnergyWh(lot.energy_wh - changed.energy_wh)))
    taken = take_numbers(state, 1)
    put_lot(state, taken, None, changed)
    return taken


def take_numbers(state: State, count: int) -> int:
    """Give out `count` numbers in a row; returns the first."""
    first = NEXT.get(state) or FIRST
    NEXT.put(state, first + count)
    return first


def add_energy(state: State, issued_wh: int, retired_wh: int) -> None:
    """Count energy that was issued or retired."""
    sums = LOT_ENERGY.get(state) or NO_ENERGY
    LOT_ENERGY.put(
        state, LotEnergy(EnergyWh(sums.issued_wh + issued_wh), EnergyWh(sums.retired_wh + retired_wh))
    )


def own_lots(state: State, sender: Address, numbers: Sequence[int]) -> list[Lot]:
    """The lots named, all of them the sender's to move. Raises Rejected for the first that is not, or comes twice."""
    if len(dict.fromkeys(numbers)) != len(numbers):
        raise Rejected(LotsCode.SPENT_TWICE, "expected each lot once")
    return [_own_lot(state, sender, number) for number in numbers]


def _own_lot(state: State, sender: Address, number: int) -> Lot:
    lot = LOTS.get(state, number)
    if lot is None:
        raise Rejected(LotsCode.UNKNOWN_LOT, f"there is no lot {number}")
    if lot.owner == BUNDLED:
        raise Rejected(LotsCode.IN_BUNDLE, f"lot {number} is inside of bundle {lot.bundle}")
    if lot.owner != sender:
        raise Rejected(LotsCode.NOT_OWNER, f"lot {number} is not the sender's")
    if lot.retired:
        raise Rejected(LotsCode.ALREADY_RETIRED, f"lot {number} is retired")
    return lot


def check_target(context: Context, target: Address, field: str) -> None:
    """Refuse a recipient or beneficiary that no person is behind. Raises Rejected(RESERVED_ACCOUNT)."""
    if target in context.module_accounts:
        raise Rejected(LotsCode.RESERVED_ACCOUNT, "expected an account that no module owns", field)
