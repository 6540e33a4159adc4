"""What rules ask about time and tariff: market time units, the tariff in force, what the utility charges and pays."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.modules.grid.tables import HOLIDAYS, PARAMS, TARIFFS, Clock
from gridnode.modules.grid.tariffs import HOLIDAY, Tariff
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.units import DurationMs, Mtu, PriceMicro
from gridnode.state.kv import Reader


class Prices(NamedTuple):
    """Tariff of one MTU, micro THB per kWh: what the utility charges for lack and pays for excess."""

    retail_micro_per_kwh: PriceMicro
    """All in: (energy + Ft) x (1 + VAT), rounded down."""
    feed_in_micro_per_kwh: PriceMicro
    """Paid for excess."""
    energy_micro_per_kwh: PriceMicro
    """Of the retail price: for the energy, in peak hours with their multiplier, rounded down."""
    ft_micro_per_kwh: PriceMicro
    """Of the retail price: the fuel adjustment, which may be negative."""
    vat_ppm: int
    """Value-added tax on both."""
    band: str
    """Name of the tariff's band."""


class InForce(NamedTuple):
    """The tariff of an MTU, and which of its bands holds then."""

    from_mtu: Mtu
    """Since when it is in force."""
    tariff: Tariff
    """What it says."""
    band: int
    """Place of the band in `tariff.bands`, and in what each zone and line is charged."""


def clock(reader: Reader) -> Clock:
    """How chain time divides into market time units."""
    return PARAMS.require(reader).clock


def mtu_ms(reader: Reader) -> DurationMs:
    """Length of a market time unit in chain time."""
    return PARAMS.require(reader).clock.mtu_ms


def notice_mtus(reader: Reader) -> int:
    """How many MTUs after the present one no tariff or holiday can change any more."""
    return PARAMS.require(reader).notice_mtus


def in_force(reader: Reader, mtu: int) -> InForce:
    """The tariff in force in an MTU, and its band."""
    of_chain = clock(reader)
    day = HOLIDAY if HOLIDAYS.has(reader, of_chain.day(mtu)) else of_chain.weekday(mtu)
    for (from_mtu,), tariff in TARIFFS.scan(reader, stop=(mtu + 1,), limit=1, reverse=True):
        return InForce(from_mtu, tariff, tariff.band_number(day, of_chain.quarter_of_day(mtu)))
    raise InvariantBroken("grid", f"no tariff is in force in MTU {mtu}")


def tariff_at(reader: Reader, mtu: int) -> Prices:
    """What the utility charges and pays in an MTU."""
    _, tariff, band = in_force(reader, mtu)
    energy = tariff.energy_micro_per_kwh(band, tariff.is_peak(clock(reader).quarter_of_day(mtu)))
    return Prices(
        tariff.retail_micro_per_kwh(energy),
        tariff.bands[band].feed_in_micro_per_kwh,
        energy,
        tariff.ft_micro_per_kwh,
        tariff.vat_ppm,
        tariff.bands[band].name,
    )
