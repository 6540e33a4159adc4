"""Bands and prices agree with a calendar that is written out day by day and table by table."""

from dataclasses import replace
from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from gridnode.modules.grid.clock import Prices, in_force, tariff_at
from gridnode.modules.grid.tables import HOLIDAYS, PARAMS, TARIFFS, Clock, GridParams
from gridnode.modules.grid.tariffs import HOLIDAY, Band, Charge, Slot, Tariff
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State

BANDS = ("a", "b", "c")
DAYS = 16

quarters = st.integers(0, 96)
slots = st.builds(Slot, st.integers(1, 255), quarters, quarters, st.sampled_from(BANDS))
prices = st.integers(0, 100_000_000)
tariffs = st.builds(
    Tariff,
    st.tuples(*[st.builds(Band, st.just(name), prices, prices) for name in BANDS]),
    st.sampled_from(BANDS),
    st.lists(slots, max_size=6).map(tuple),
    quarters,
    quarters,
    st.integers(0, 4_000_000),
    st.integers(-100_000_000, 100_000_000),
    st.integers(0, 1_000_000),
    st.just((Charge("Z", (0, 0, 0)),)),
    st.just(()),
)


def calendar(tariff: Tariff, weekday: int) -> list[str]:
    """Names of the bands of the 96 quarter hours of a day, painted from the last slot to the first."""
    row = [tariff.default_band] * 96
    for slot in reversed(tariff.schedule):
        if format(slot.days, "08b")[::-1][weekday] == "1":
            for quarter in range(slot.from_quarter, slot.until_quarter):
                row[quarter] = slot.band
    return row


def naive(tariff: Tariff, weekday: int, quarter: int) -> Prices:
    """Prices of a quarter hour, in fractions until the two places where they are rounded down."""
    name = calendar(tariff, weekday)[quarter]
    band = {band.name: band for band in tariff.bands}[name]
    in_peak = quarter in range(tariff.peak_from_quarter, tariff.peak_until_quarter)
    factor = Fraction(tariff.peak_multiplier_ppm, 1_000_000) if in_peak else Fraction(1)
    energy = floor(band.energy_micro_per_kwh * factor)
    retail = floor((energy + tariff.ft_micro_per_kwh) * (1 + Fraction(tariff.vat_ppm, 1_000_000)))
    return Prices(retail, band.feed_in_micro_per_kwh, energy, tariff.ft_micro_per_kwh, tariff.vat_ppm, name)


@given(
    st.lists(st.tuples(st.integers(1, DAYS * 96), tariffs), max_size=3, unique_by=lambda row: row[0]),
    tariffs,
    st.sets(st.integers(0, DAYS), max_size=5),
    st.integers(0, 6),
    st.lists(st.integers(0, DAYS * 96 - 1), min_size=1, max_size=20),
)
def test_as_the_calendar_has_it(
    later: list[tuple[int, Tariff]], first: Tariff, holidays: set[int], weekday: int, mtus: list[int]
) -> None:
    state = State(MemoryReader())
    PARAMS.put(state, GridParams(Clock(900_000, 0, weekday), 1))
    for from_mtu, tariff in [(0, first), *later]:
        TARIFFS.put(state, from_mtu, tariff)
    for day in holidays:
        HOLIDAYS.put(state, day, "")
    for mtu in mtus:
        day, quarter = divmod(mtu, 96)
        from_mtu, tariff = max([(0, first), *[row for row in later if row[0] <= mtu]], key=lambda row: row[0])
        kind = HOLIDAY if day in holidays else (weekday + day) % 7
        assert tariff_at(state, mtu) == naive(tariff, kind, quarter)
        found = in_force(state, mtu)
        assert (found.from_mtu, found.tariff.bands[found.band].name) == (from_mtu, calendar(tariff, kind)[quarter])


@given(tariffs, st.integers(0, 7), st.integers(0, 95))
def test_only_the_first_slot_that_covers_counts(tariff: Tariff, day: int, quarter: int) -> None:
    covering = [slot for slot in tariff.schedule if slot.holds(day, quarter)]
    alone = replace(tariff, schedule=tuple(covering[:1]))
    assert alone.band_number(day, quarter) == tariff.band_number(day, quarter)
