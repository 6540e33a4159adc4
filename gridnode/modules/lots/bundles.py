"""Bundles: lots of one technology put together to a certificate of exactly 1 MWh. Rules 5 to 8 of the chapter."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gridnode.modules.context import Context
from gridnode.modules.lots.changes import add_energy, change_part, check_target, own_lots, put_lot
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.events import (
    BundleOpened,
    BundleRetired,
    BundleTransferred,
    LotsBundled,
    LotsUnbundled,
)
from gridnode.modules.lots.messages import AddToBundle, OpenBundle, RetireBundle, TransferBundle, Unbundle
from gridnode.modules.lots.tables import (
    BUNDLE_WH,
    BUNDLED,
    BUNDLES,
    BUNDLES_OWNED,
    INSIDE,
    LOTS,
    NEXT_BUNDLE,
    Bundle,
    Lot,
)
from gridnode.modules.registry.tables import Source
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_LOT_PARTS
from gridnode.primitives.units import EnergyWh, TimeMs
from gridnode.state.overlay import State

FIRST_BUNDLE: Final = 1


def open_bundle(context: Context, sender: Address, message: OpenBundle) -> None:
    """Handler of `lots.open_bundle`."""
    if message.source == Source.GRID:
        raise Rejected(LotsCode.NO_TECHNOLOGY, "expected a technology that generates", "source")
    state = context.state
    number = NEXT_BUNDLE.get(state) or FIRST_BUNDLE
    NEXT_BUNDLE.put(state, number + 1)
    _put(state, number, None, Bundle(sender, message.source, EnergyWh(0), 0, TimeMs(0), TimeMs(0), ""))
    context.emit(BundleOpened(number, sender, message.source))


def add_to_bundle(context: Context, sender: Address, message: AddToBundle) -> None:
    """Handler of `lots.add_to_bundle`."""
    state, number = context.state, message.bundle
    bundle = _own(state, sender, number)
    if bundle.sealed:
        raise Rejected(LotsCode.BUNDLE_SEALED, f"bundle {number} has its 1 MWh", "bundle")
    lots = own_lots(state, sender, message.lots)
    _check_fit(bundle, lots)
    inside, energy_wh = [], bundle.energy_wh
    for lot_number, lot in zip(message.lots, lots, strict=True):
        part_wh = EnergyWh(min(lot.energy_wh, BUNDLE_WH - energy_wh))
        changed = replace(lot, owner=BUNDLED, bundle=number, energy_wh=part_wh)
        inside.append(change_part(state, lot_number, lot, changed))
        energy_wh = EnergyWh(energy_wh + part_wh)
    sealed_ms = context.time_ms if energy_wh == BUNDLE_WH else TimeMs(0)
    filled = replace(bundle, energy_wh=energy_wh, lots=bundle.lots + len(lots), sealed_ms=sealed_ms)
    _put(state, number, bundle, filled)
    added_wh = EnergyWh(energy_wh - bundle.energy_wh)
    context.emit(LotsBundled(number, sender, tuple(inside), added_wh, filled.sealed))


def transfer_bundle(context: Context, sender: Address, message: TransferBundle) -> None:
    """Handler of `lots.transfer_bundle`."""
    bundle = _own_sealed(context.state, sender, message.bundle)
    check_target(context, message.recipient, "recipient")
    _put(context.state, message.bundle, bundle, replace(bundle, owner=message.recipient))
    context.emit(BundleTransferred(message.bundle, sender, message.recipient))


def retire_bundle(context: Context, sender: Address, message: RetireBundle) -> None:
    """Handler of `lots.retire_bundle`: one row changes, however many lots are inside."""
    bundle = _own_sealed(context.state, sender, message.bundle)
    check_target(context, message.beneficiary, "beneficiary")
    certificate = replace(
        bundle, owner=message.beneficiary, retired_ms=context.time_ms, purpose=message.purpose
    )
    _put(context.state, message.bundle, bundle, certificate)
    add_energy(context.state, 0, BUNDLE_WH)
    context.emit(BundleRetired(message.bundle, sender, message.beneficiary, message.purpose))


def unbundle(context: Context, sender: Address, message: Unbundle) -> None:
    """Handler of `lots.unbundle`."""
    state, number = context.state, message.bundle
    bundle = _own(state, sender, number)
    out = [lot for (_, lot), _ in INSIDE.scan(state, number, limit=MAX_LOT_PARTS)]
    energy_wh = 0
    for lot_number in out:
        lot = LOTS.require(state, lot_number)
        put_lot(state, lot_number, lot, replace(lot, owner=sender, bundle=0))
        energy_wh += lot.energy_wh
    left = replace(
        bundle,
        energy_wh=EnergyWh(bundle.energy_wh - energy_wh),
        lots=bundle.lots - len(out),
        sealed_ms=TimeMs(0),
    )
    _put(state, number, bundle, left if left.lots else None)
    context.emit(LotsUnbundled(number, sender, tuple(out), left.lots))


def _own(state: State, sender: Address, number: int) -> Bundle:
    """A bundle of the sender that is not retired."""
    bundle = BUNDLES.get(state, number)
    if bundle is None:
        raise Rejected(LotsCode.UNKNOWN_BUNDLE, f"there is no bundle {number}", "bundle")
    if bundle.owner != sender:
        raise Rejected(LotsCode.NOT_BUNDLE_OWNER, f"bundle {number} is not the sender's", "bundle")
    if bundle.retired:
        raise Rejected(LotsCode.BUNDLE_RETIRED, f"bundle {number} is retired", "bundle")
    return bundle


def _own_sealed(state: State, sender: Address, number: int) -> Bundle:
    bundle = _own(state, sender, number)
    if not bundle.sealed:
        raise Rejected(LotsCode.BUNDLE_NOT_SEALED, f"bundle {number} has {bundle.energy_wh} Wh", "bundle")
    return bundle


def _check_fit(bundle: Bundle, lots: list[Lot]) -> None:
    """The lots are of the bundle's technology, and none is behind the one that fills it."""
    room_wh = BUNDLE_WH - bundle.energy_wh
    for lot in lots:
        if lot.source != bundle.source:
            expected = f"expected lots of {bundle.source.name.lower()}"
            raise Rejected(LotsCode.OTHER_SOURCE, expected, "lots")
    for lot in lots:
        if room_wh <= 0:
            raise Rejected(LotsCode.LOTS_LEFT_OVER, "expected no lot behind the one that fills the bundle", "lots")
        room_wh -= lot.energy_wh


def _put(state: State, number: int, old: Bundle | None, new: Bundle | None) -> None:
    """Write a bundle, or delete it, and keep its owner's list in step."""
    if old is not None and (new is None or old.owner != new.owner):
        BUNDLES_OWNED.delete(state, old.owner, number)
    if new is None:
        BUNDLES.delete(state, number)
        return
    BUNDLES.put(state, number, new)
    BUNDLES_OWNED.put(state, new.owner, number, new.retired)
