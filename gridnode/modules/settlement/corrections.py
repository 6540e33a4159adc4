"""Corrections: what readings said late is settled by dated entries beside what stands; rules 10 and 11 of the chapter."""

from __future__ import annotations

from dataclasses import fields
from typing import Final, NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import tariff_at
from gridnode.modules.lots.rules import give
from gridnode.modules.lots.tables import LOTS
from gridnode.modules.metering.points import Late, point_quality, take_late
from gridnode.modules.registry.standing import dso_of_zone
from gridnode.modules.registry.standing import point as point_of
from gridnode.modules.settlement.arrears import pay_or_owe
from gridnode.modules.settlement.correction_tables import (
    ALL_CORRECTIONS,
    CORRECTIONS,
    MTU_CORRECTIONS,
    Correction,
    CorrectionSums,
)
from gridnode.modules.settlement.events import PointCorrected
from gridnode.modules.settlement.imbalance import due, vat_of
from gridnode.modules.settlement.payments import Payments
from gridnode.modules.settlement.tables import OWNER_STATEMENTS, STATEMENTS, Statement
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.units import Amount, EnergyWh, Mtu
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

FIGURES: Final = tuple(field.name for field in fields(CorrectionSums))
NO_CORRECTIONS: Final = CorrectionSums(**dict.fromkeys(FIGURES, 0))  # type: ignore[arg-type]


class Standing(NamedTuple):
    """The figures of a connection point in an MTU as they stand: of its last correction, else of its statement, else zeros."""

    entries: int
    """Corrections so far."""
    generated_wh: int
    """In all."""
    consumed_wh: int
    """In all."""
    imbalance_wh: int
    """Above zero excess, below zero lack."""
    lack_vat: int
    """Value-added tax contained in what lack costs, 1e-9 THB."""


def standing(reader: Reader, mtu: int, point: PointId) -> Standing:
    """How a connection point stands in an MTU."""
    for (_, _, number), last in CORRECTIONS.scan(reader, mtu, point, limit=1, reverse=True):
        return after_entry(number, last)
    return after_statement(STATEMENTS.get(reader, mtu, point))


def after_entry(number: int, entry: Correction) -> Standing:
    """How a connection point stands after a correction."""
    return Standing(number, entry.generated_wh, entry.consumed_wh, entry.imbalance_wh, entry.lack_vat)


def after_statement(found: Statement | None) -> Standing:
    """How it stands after its first settlement; zeros when it has none."""
    if found is None:
        return Standing(0, 0, 0, 0, 0)
    return Standing(0, found.generated_wh, found.consumed_wh, found.excess_wh - found.lack_wh, found.lack_vat)


def correct(context: Context, before: int, steps: int) -> int | None:
    """Correct at most `steps` points of MTUs below `before`, in order of MTU and name; returns the last one's MTU, None for none."""
    payments = Payments(context)
    last = None
    for late in take_late(context.state, before, steps):
        _correct(context, payments, late)
        last = late.mtu
    payments.pay()
    return last


def _correct(context: Context, payments: Payments, late: Late) -> None:
    state, mtu, point = context.state, late.mtu, late.point
    was, place, prices = standing(state, mtu, point), point_of(state, point), tariff_at(state, mtu)
    dso = dso_of_zone(state, place.zone)
    imbalance_wh = was.imbalance_wh + late.change.generated_wh - late.change.consumed_wh
    amount = due(prices, imbalance_wh) - due(prices, was.imbalance_wh)
    unpaid = pay_or_owe(context, dso, place.owner, amount) if amount > 0 else pay_or_owe(context, place.owner, dso, -amount)
    more_wh = max(0, max(0, imbalance_wh) - max(0, was.imbalance_wh))
    sold_wh, kept_wh = _give_lots(context, payments, late.change.lots, more_wh, dso, place.owner)
    entry = Correction(
        context.height,
        context.time_ms,
        point_quality(state, mtu, point),
        EnergyWh(was.generated_wh + late.change.generated_wh),
        EnergyWh(was.consumed_wh + late.change.consumed_wh),
        late.change.generated_wh,
        late.change.consumed_wh,
        was.imbalance_wh,
        imbalance_wh,
        Amount(max(0, amount)),
        Amount(max(0, -amount)),
        Amount(unpaid),
        Amount(vat_of(prices, imbalance_wh)),
        EnergyWh(sold_wh),
        EnergyWh(kept_wh),
    )
    number = was.entries + 1
    CORRECTIONS.put(state, mtu, point, number, entry)
    if not OWNER_STATEMENTS.has(state, place.owner, mtu, point):
        OWNER_STATEMENTS.put(state, place.owner, mtu, point, False)
    _count(state, mtu, entry, was.lack_vat)
    context.emit(
        PointCorrected(Mtu(mtu), point, number, imbalance_wh, entry.credited, entry.charged, entry.unpaid)
    )


def _give_lots(
    context: Context, payments: Payments, lots: tuple[int, ...], to_sell_wh: int, dso: Address, owner: Address
) -> tuple[int, int]:
    """Give late lots to the DSO up to what it pays for as excess, the rest to the owner; returns the Wh of each."""
    sold_wh = kept_wh = 0
    for number in lots:
        energy_wh = LOTS.require(context.state, number).energy_wh
        sold = min(energy_wh, to_sell_wh - sold_wh)
        if sold:
            give(context, number, sold, dso)
            payments.energy(dso, sold)
        if sold < energy_wh:
            give(context, number, energy_wh - sold, owner)
            payments.energy(owner, energy_wh - sold)
        sold_wh += sold
        kept_wh += energy_wh - sold
    return sold_wh, kept_wh


def gains(entry: Correction, lack_vat_before: int) -> dict[str, int]:
    """What a correction adds to the sums of corrections, by names of `CorrectionSums`."""
    return {
        "entries": 1,
        "generated_wh": entry.generated_change_wh,
        "consumed_wh": entry.consumed_change_wh,
        "credited": entry.credited,
        "charged": entry.charged,
        "unpaid": entry.unpaid,
        "vat_added": max(0, entry.lack_vat - lack_vat_before),
        "vat_removed": max(0, lack_vat_before - entry.lack_vat),
        "sold_wh": entry.sold_wh,
        "kept_wh": entry.kept_wh,
    }


def _count(state: State, mtu: int, entry: Correction, lack_vat_before: int) -> None:
    gained = gains(entry, lack_vat_before)
    MTU_CORRECTIONS.put(state, mtu, _added(MTU_CORRECTIONS.get(state, mtu), gained))
    ALL_CORRECTIONS.put(state, _added(ALL_CORRECTIONS.get(state), gained))


def _added(sums: CorrectionSums | None, gained: dict[str, int]) -> CorrectionSums:
    known = sums or NO_CORRECTIONS
    return CorrectionSums(**{name: getattr(known, name) + gained[name] for name in FIGURES})
