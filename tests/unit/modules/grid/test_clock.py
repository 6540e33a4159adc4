"""The clock and the tariff: a day has 96 MTUs whatever they last, and a band follows from hour and weekday."""

from dataclasses import replace

import pytest

from gridnode.modules.grid.clock import Prices, band_at, clock, mtu_ms, tariff_at
from gridnode.modules.grid.tables import Band, Clock
from tests.chain_in_memory import START_MS, MemoryChain, genesis, openings

ORIGIN = START_MS // 3_000
"""An MTU at which a Wednesday begins."""


@pytest.fixture(scope="module")
def chain() -> MemoryChain:
    return MemoryChain()


@pytest.mark.parametrize(
    ("offset", "quarter", "weekday"),
    [(0, 0, 2), (95, 95, 2), (96, 0, 3), (-1, 95, 1), (-96, 0, 1), (-97, 95, 0), (4 * 96, 0, 6), (5 * 96, 0, 0)],
)
def test_quarter_and_weekday(chain: MemoryChain, offset: int, quarter: int, weekday: int) -> None:
    of_chain = clock(chain.reader)
    assert (of_chain.quarter_of_day(ORIGIN + offset), of_chain.weekday(ORIGIN + offset)) == (quarter, weekday)


def test_mtu_of_a_time_and_back(chain: MemoryChain) -> None:
    of_chain = clock(chain.reader)
    assert mtu_ms(chain.reader) == 3_000
    assert of_chain.mtu_at(of_chain.start_ms(7)) == 7
    assert of_chain.mtu_at(of_chain.start_ms(8) - 1) == 7


@pytest.mark.parametrize(
    ("offset", "band"),
    [
        (35, Band.OFF_PEAK),  # Wednesday 08:45
        (36, Band.ON_PEAK),  # 09:00
        (87, Band.ON_PEAK),  # 21:45
        (88, Band.OFF_PEAK),  # 22:00
        (2 * 96 + 40, Band.ON_PEAK),  # Friday
        (3 * 96 + 40, Band.OFF_PEAK),  # Saturday
        (4 * 96 + 40, Band.OFF_PEAK),  # Sunday
        (5 * 96 + 40, Band.ON_PEAK),  # Monday
    ],
)
def test_band(chain: MemoryChain, offset: int, band: Band) -> None:
    assert band_at(chain.reader, ORIGIN + offset) is band
    retail = 5_798_200 if band is Band.ON_PEAK else 2_636_900
    expected = Prices(retail, 2_200_000, retail, 0, 0, band.name.lower())
    assert tariff_at(chain.reader, ORIGIN + offset) == expected


def test_length_of_an_mtu_changes_no_band() -> None:
    state = openings()["grid"]
    slow = replace(state, params=replace(state.params, clock=Clock(900_000, 0, 3)))
    chain = MemoryChain(genesis(grid=slow))
    assert [band_at(chain.reader, mtu) for mtu in (35, 36, 88)] == [Band.OFF_PEAK, Band.ON_PEAK, Band.OFF_PEAK]


def test_numbers_of_bands_are_frozen() -> None:
    assert [(band.name, int(band)) for band in Band] == [("OFF_PEAK", 0), ("ON_PEAK", 1)]
