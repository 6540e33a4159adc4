"""What a tariff must be, in genesis and in a message alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gridnode.modules.grid.codes import GridCode
from gridnode.modules.grid.tariffs import Charge, Tariff
from gridnode.primitives.errors import Rejected


def checked_tariff(tariff: Tariff, zones: Sequence[str], lines: Sequence[str]) -> Tariff:
    """The tariff with its charges in the order of these zones and lines, all there are.

    Raises Rejected, naming the field, with the first code of BAND_TWICE to FEED_IN_ABOVE_RETAIL that applies.
    """
    _check_bands(tariff)
    _check_hours(tariff)
    distribution = _in_order(tariff, tariff.distribution, zones, "distribution")
    wheeling = _in_order(tariff, tariff.wheeling, lines, "wheeling")
    _check_prices(tariff)
    return replace(tariff, distribution=distribution, wheeling=wheeling)


def _check_bands(tariff: Tariff) -> None:
    names = [band.name for band in tariff.bands]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise Rejected(GridCode.BAND_TWICE, f"the band {name} is there twice", "bands")
    if tariff.default_band not in names:
        raise Rejected(GridCode.UNKNOWN_BAND, f"expected one of {', '.join(names)}", "default_band")
    for slot in tariff.schedule:
        if slot.band not in names:
            raise Rejected(GridCode.UNKNOWN_BAND, f"expected one of {', '.join(names)}, got {slot.band}", "schedule")


def _check_hours(tariff: Tariff) -> None:
    if any(slot.from_quarter >= slot.until_quarter for slot in tariff.schedule):
        raise Rejected(GridCode.WRONG_HOURS, "expected from_quarter before until_quarter", "schedule")
    if tariff.peak_from_quarter > tariff.peak_until_quarter:
        raise Rejected(GridCode.WRONG_HOURS, "expected it not after peak_until_quarter", "peak_from_quarter")


def _in_order(tariff: Tariff, charges: Sequence[Charge], names: Sequence[str], field: str) -> tuple[Charge, ...]:
    found: dict[str, Charge] = {}
    for charge in charges:
        if charge.name not in names:
            raise Rejected(GridCode.UNKNOWN_CHARGE, f"no zone or line {charge.name} to charge for", field)
        if charge.name in found:
            raise Rejected(GridCode.CHARGE_TWICE, f"{charge.name} is charged twice", field)
        if len(charge.micro_per_kwh) != len(tariff.bands):
            raise Rejected(GridCode.WRONG_CHARGES, f"expected one charge of {charge.name} for each band", field)
        found[charge.name] = charge
    for name in names:
        if name not in found:
            raise Rejected(GridCode.CHARGE_MISSING, f"expected a charge of {name}", field)
    return tuple(found[name] for name in names)


def _check_prices(tariff: Tariff) -> None:
    """Of each band, in peak hours and outside, whether it has both or not: hours are changed more easily than prices."""
    retail = [
        [tariff.retail_micro_per_kwh(tariff.energy_micro_per_kwh(band, peak)) for peak in (False, True)]
        for band in range(len(tariff.bands))
    ]
    for band, prices in zip(tariff.bands, retail, strict=True):
        if min(prices) < 0:
            raise Rejected(GridCode.NEGATIVE_RETAIL, f"the price of {band.name} with Ft and VAT is negative", "bands")
    for band, prices in zip(tariff.bands, retail, strict=True):
        if band.feed_in_micro_per_kwh > min(prices):
            detail = f"expected a feed-in price of {band.name} that is not above what energy costs, {min(prices)}"
            raise Rejected(GridCode.FEED_IN_ABOVE_RETAIL, detail, "bands")
