"""What rules ask about time and tariff: market time units, their band, and what the utility charges and pays in them."""

from __future__ import annotations

from typing import Final, NamedTuple

from gridnode.modules.grid.tables import PARAMS, Band, Clock, Tariff
from gridnode.primitives.units import DurationMs, PriceMicro
from gridnode.state.kv import Reader

MILLION: Final = 1_000_000
"""Parts in a whole, for shares in ppm."""


class Prices(NamedTuple):
    """Tariff of one MTU, micro THB per kWh: what the utility charges for lack and pays for excess."""

    retail_micro_per_kwh: PriceMicro
    """All in: (energy + Ft) x (1 + VAT), rounded down."""
    feed_in_micro_per_kwh: PriceMicro
    """Paid for excess."""
    energy_micro_per_kwh: PriceMicro
    """Of the retail price: for the energy."""
    ft_micro_per_kwh: PriceMicro
    """Of the retail price: the fuel adjustment, which may be negative."""
    vat_ppm: int
    """Value-added tax on both."""
    band: str
    """Name of the tariff's band."""


def clock(reader: Reader) -> Clock:
    """How chain time divides into market time units."""
    return PARAMS.require(reader).clock


def mtu_ms(reader: Reader) -> DurationMs:
    """Length of a market time unit in chain time."""
    return PARAMS.require(reader).clock.mtu_ms


def band_at(reader: Reader, mtu: int) -> Band:
    """Tariff band of an MTU."""
    params = PARAMS.require(reader)
    return _band(params.clock, params.tariff, mtu)


def tariff_at(reader: Reader, mtu: int) -> Prices:
    """Retail and feed-in price of an MTU."""
    params = PARAMS.require(reader)
    tariff = params.tariff
    band = _band(params.clock, tariff, mtu)
    on_peak = band is Band.ON_PEAK
    retail = tariff.retail_on_peak_micro_per_kwh if on_peak else tariff.retail_off_peak_micro_per_kwh
    return Prices(retail, tariff.feed_in_micro_per_kwh, retail, PriceMicro(0), 0, band.name.lower())


def vat_part(amount: int, vat_ppm: int) -> int:
    """The value-added tax in an amount that includes it, rounded down."""
    return amount * vat_ppm // (MILLION + vat_ppm)


def _band(clock: Clock, tariff: Tariff, mtu: int) -> Band:
    in_hours = tariff.on_peak_from <= clock.quarter_of_day(mtu) < tariff.on_peak_until
    on_day = tariff.on_peak_weekdays >> clock.weekday(mtu) & 1
    return Band.ON_PEAK if in_hours and on_day else Band.OFF_PEAK
