"""A tariff: what the utility charges and pays in each quarter hour, and what the grid's owners charge for passing and delivering.

Prices are in micro THB per kWh. Charges of zones and lines include VAT; prices of bands do not.
"""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.codec.fields import NAME, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.limits import (
    MAX_BAND_SLOTS,
    MAX_BANDS,
    MAX_CHARGE_MICRO,
    MAX_LINES,
    MAX_PEAK_PPM,
    MAX_ZONES,
    MTUS_PER_DAY,
)
from gridnode.primitives.units import PPM, PriceMicro

DAYS_PER_WEEK: Final = 7
HOLIDAY: Final = DAYS_PER_WEEK
"""Kind of day of a holiday; 0 to 6 are Monday to Sunday."""
CHARGE: Final = Int(0, MAX_CHARGE_MICRO)
QUARTER: Final = Int(0, MTUS_PER_DAY)
BY_BAND: Final = ListOf(CHARGE, MAX_BANDS, 1)


@record
class Band:
    """A price of energy, which holds in certain quarter hours of certain days."""

    name: Annotated[str, NAME]
    energy_micro_per_kwh: Annotated[PriceMicro, CHARGE]  # for what was not traded, without Ft and VAT
    feed_in_micro_per_kwh: Annotated[PriceMicro, CHARGE]  # paid for excess


@record
class Slot:
    """An entry of the schedule: in these quarter hours of these days a band holds."""

    days: Annotated[int, Int(1, 2 ** (HOLIDAY + 1) - 1)]  # bits: 1 Monday, 2 Tuesday, ... 64 Sunday, 128 holidays
    from_quarter: Annotated[int, QUARTER]  # the first one of the day, 36 for 09:00
    until_quarter: Annotated[int, QUARTER]  # the first one after it that is not, 88 for 22:00
    band: Annotated[str, NAME]

    def holds(self, day: int, quarter: int) -> bool:
        """Whether it covers a quarter hour (0 to 95) of a kind of day (0 Monday to 6 Sunday, 7 a holiday)."""
        return self.from_quarter <= quarter < self.until_quarter and self.days >> day & 1 == 1


@record
class Charge:
    """What the owner of a grid takes for each kWh, VAT included."""

    name: Annotated[str, NAME]  # of the zone where it is delivered, or of the line that it passes
    micro_per_kwh: Annotated[tuple[PriceMicro, ...], BY_BAND]  # in each band, in the order of the tariff's bands


@record
class Tariff:
    """Prices, the week, and charges. On chain, charges stand in order of the numbers of zones and lines."""

    bands: Annotated[tuple[Band, ...], ListOf(Nested(Band), MAX_BANDS, 1)]
    default_band: Annotated[str, NAME]  # where no slot holds
    schedule: Annotated[tuple[Slot, ...], ListOf(Nested(Slot), MAX_BAND_SLOTS)]  # the first slot that holds counts
    peak_from_quarter: Annotated[int, QUARTER]  # peak hours, on all days; none where both are equal
    peak_until_quarter: Annotated[int, QUARTER]
    peak_multiplier_ppm: Annotated[int, Int(0, MAX_PEAK_PPM)]  # on the price of energy in peak hours; 1,000,000 leaves it
    ft_micro_per_kwh: Annotated[PriceMicro, Int(-MAX_CHARGE_MICRO, MAX_CHARGE_MICRO)]  # fuel adjustment on the price of energy
    vat_ppm: Annotated[int, Int(0, PPM)]  # value-added tax on energy and Ft
    distribution: Annotated[tuple[Charge, ...], ListOf(Nested(Charge), MAX_ZONES, 1)]  # of each zone, for delivery in it
    wheeling: Annotated[tuple[Charge, ...], ListOf(Nested(Charge), MAX_LINES)]  # of each line, in both directions

    def band_number(self, day: int, quarter: int) -> int:
        """Place in `bands` of the band of a quarter hour (0 to 95) of a kind of day (0 Monday to 6 Sunday, 7 a holiday)."""
        name = self.default_band
        for slot in self.schedule:
            if slot.holds(day, quarter):
                name = slot.band
                break
        return [band.name for band in self.bands].index(name)

    def is_peak(self, quarter: int) -> bool:
        """Whether a quarter hour of the day is in the peak hours."""
        return self.peak_from_quarter <= quarter < self.peak_until_quarter

    def energy_micro_per_kwh(self, band: int, peak: bool) -> PriceMicro:
        """Price of energy in a band, in peak hours or not, rounded down; without Ft and VAT."""
        price = self.bands[band].energy_micro_per_kwh
        return PriceMicro(price * self.peak_multiplier_ppm // PPM) if peak else price

    def retail_micro_per_kwh(self, energy_micro_per_kwh: int) -> PriceMicro:
        """All that a kWh at this price of energy costs: (energy + Ft) x (1 + VAT), rounded down."""
        return PriceMicro((energy_micro_per_kwh + self.ft_micro_per_kwh) * (PPM + self.vat_ppm) // PPM)


def vat_part(amount: int, vat_ppm: int) -> int:
    """The value-added tax in an amount that includes it, rounded down."""
    return amount * vat_ppm // (PPM + vat_ppm)
