"""The clock and prices: a day has 96 MTUs whatever they last, a band follows from day and hour, and what is charged from the band."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gridnode.modules.grid.clock import Prices, clock, in_force, mtu_ms, notice_mtus, tariff_at
from gridnode.modules.grid.network import wheeling_micro_per_kwh
from gridnode.modules.grid.tables import Clock, Holiday
from gridnode.modules.grid.tariffs import Band, Charge, Slot, Tariff, vat_part
from gridnode.node.genesis_file import load_genesis
from tests.chain_in_memory import NOTICE_MTUS, START_MS, MemoryChain, genesis, openings, tariff

ORIGIN = START_MS // 3_000
"""An MTU at which a Wednesday begins."""
SHIPPED = Path(__file__).parents[4] / "genesis"
DAY = 96
WEEK = 7 * DAY


@pytest.fixture(scope="module")
def chain() -> MemoryChain:
    return MemoryChain()


@pytest.fixture(scope="module")
def thailand() -> MemoryChain:
    return MemoryChain(load_genesis(SHIPPED / "thailand.toml"))


def chain_with(**changes: Any) -> MemoryChain:
    return MemoryChain(genesis(grid=replace(openings()["grid"], **changes)))


@pytest.mark.parametrize(
    ("offset", "quarter", "weekday", "day"),
    [
        (0, 0, 2, 0),
        (95, 95, 2, 0),
        (96, 0, 3, 1),
        (-1, 95, 1, -1),
        (-96, 0, 1, -1),
        (-97, 95, 0, -2),
        (4 * 96, 0, 6, 4),
        (5 * 96, 0, 0, 5),
    ],
)
def test_quarter_weekday_and_day(chain: MemoryChain, offset: int, quarter: int, weekday: int, day: int) -> None:
    of_chain, mtu = clock(chain.reader), ORIGIN + offset
    assert (of_chain.quarter_of_day(mtu), of_chain.weekday(mtu), of_chain.day(mtu)) == (quarter, weekday, day)
    assert of_chain.day_start(day) == mtu - quarter


def test_mtu_of_a_time_and_back(chain: MemoryChain) -> None:
    of_chain = clock(chain.reader)
    assert mtu_ms(chain.reader) == 3_000
    assert of_chain.mtu_at(of_chain.start_ms(7)) == 7
    assert of_chain.mtu_at(of_chain.start_ms(8) - 1) == 7
    assert notice_mtus(chain.reader) == NOTICE_MTUS


@pytest.mark.parametrize(
    ("offset", "band"),
    [
        (35, "off_peak"),  # Wednesday 08:45
        (36, "on_peak"),  # 09:00
        (87, "on_peak"),  # 21:45
        (88, "off_peak"),  # 22:00
        (2 * DAY + 40, "on_peak"),  # Friday
        (3 * DAY + 40, "off_peak"),  # Saturday
        (4 * DAY + 40, "off_peak"),  # Sunday
        (5 * DAY + 40, "on_peak"),  # Monday
    ],
)
def test_band(chain: MemoryChain, offset: int, band: str) -> None:
    retail = 5_798_200 if band == "on_peak" else 2_636_900
    assert tariff_at(chain.reader, ORIGIN + offset) == Prices(retail, 2_200_000, retail, 0, 0, band)


def test_length_of_an_mtu_changes_no_band() -> None:
    slow = chain_with(params=replace(openings()["grid"].params, clock=Clock(900_000, 0, 3)))
    assert [tariff_at(slow.reader, mtu).band for mtu in (35, 36, 88)] == ["off_peak", "on_peak", "off_peak"]


def test_thailand_all_in_prices_are_frozen(thailand: MemoryChain) -> None:
    """(5.7982 + 0.1623) x 1.07 = 6.377735 and (2.6369 + 0.1623) x 1.07 = 2.995144 THB/kWh."""
    monday = clock(thailand.reader).day_start(4)
    assert tariff_at(thailand.reader, monday + 36) == Prices(6_377_735, 2_200_000, 5_798_200, 162_300, 70_000, "on-peak")
    assert tariff_at(thailand.reader, monday + 35) == Prices(2_995_144, 2_200_000, 2_636_900, 162_300, 70_000, "off-peak")


def test_thailand_by_day_and_hour(thailand: MemoryChain) -> None:
    """Working days 09:00 to 22:00 are on-peak; weekends and holidays are not, the Monday after a holiday on a Sunday is."""
    of_chain = clock(thailand.reader)

    def on_peak(day: int) -> list[int]:
        start = of_chain.day_start(day)
        return [quarter for quarter in range(DAY) if tariff_at(thailand.reader, start + quarter).band == "on-peak"]

    working, free = list(range(36, 88)), []
    assert [on_peak(day) for day in range(4, 11)] == [working] * 5 + [free] * 2  # Monday 5 January and its week
    assert on_peak(0) == on_peak(102) == on_peak(120) == free  # 1 January, 13 April, 1 May
    assert (on_peak(101), on_peak(105)) == (free, working)  # Sunday and Thursday around Songkran
    assert (on_peak(150), on_peak(151)) == (free, working)  # Visakha Bucha, a Sunday, and the Monday after
    assert on_peak(132) == working  # Royal Ploughing Ceremony, 13 May
    assert on_peak(365) == working  # 1 January 2027: the calendar ends


def test_at_full_wheeling_trading_off_peak_loses_money_in_thailand(thailand: MemoryChain) -> None:
    """What is left of retail after wheeling, less what the utility pays for excess: the gain that buyer and seller could share."""
    monday = clock(thailand.reader).day_start(4)

    def gain(mtu: int, source: int, target: int) -> int:
        prices = tariff_at(thailand.reader, mtu)
        wheeling = wheeling_micro_per_kwh(thailand.reader, source, target, mtu)
        return prices.retail_micro_per_kwh - wheeling - prices.feed_in_micro_per_kwh

    for source, target in ((0, 0), (0, 5), (3, 1)):
        assert gain(monday, source, target) == -274_856
        assert gain(monday + 40, source, target) == 3_107_735


def test_campus_pays_half_as_much_again_in_the_evening() -> None:
    campus = MemoryChain(load_genesis(SHIPPED / "campus.toml")).reader
    start = clock(campus).day_start(5)
    prices = [tariff_at(campus, start + quarter).retail_micro_per_kwh for quarter in range(DAY)]
    assert prices == [4_000_000] * 72 + [6_000_000] * 16 + [4_000_000] * 8
    assert {tariff_at(campus, start + quarter).band for quarter in range(DAY)} == {"flat"}


def test_roundings_are_down_at_both_steps() -> None:
    """999,999 x 1.5 = 1,499,998.5 -> 1,499,998; less Ft 1, x 1.07 = 1,604,996.79 -> 1,604,996."""
    flat = tariff(
        bands=(Band("flat", 999_999, 0),),
        default_band="flat",
        schedule=(),
        peak_from_quarter=0,
        peak_until_quarter=1,
        peak_multiplier_ppm=1_500_000,
        ft_micro_per_kwh=-1,
        vat_ppm=70_000,
        distribution=(Charge("CITY", (0,)), Charge("NORTH", (0,))),
        wheeling=(Charge("city-bus", (0,)), Charge("north-bus", (0,))),
    )
    reader = chain_with(tariff=flat).reader
    assert tariff_at(reader, ORIGIN) == Prices(1_604_996, 0, 1_499_998, -1, 70_000, "flat")
    assert tariff_at(reader, ORIGIN + 1) == Prices(1_069_997, 0, 999_999, -1, 70_000, "flat")


def test_holidays_have_a_schedule_of_their_own() -> None:
    """The first slot that covers counts; a holiday is no weekday any more."""
    slots = (Slot(128, 40, 48, "on_peak"), Slot(0b100, 36, 38, "off_peak"), Slot(0b100, 36, 88, "on_peak"))
    reader = chain_with(tariff=tariff(schedule=slots), holidays=(Holiday(7, "Feast"),)).reader

    def on_peak(day: int) -> list[int]:
        start = ORIGIN + day * DAY
        return [quarter for quarter in range(DAY) if in_force(reader, start + quarter).band == 0]

    assert on_peak(0) == on_peak(14) == list(range(38, 88))
    assert on_peak(7) == list(range(40, 48))
    assert on_peak(6) == on_peak(8) == []


def test_before_the_first_day_there_are_no_holidays(chain: MemoryChain) -> None:
    assert in_force(chain.reader, ORIGIN - WEEK + 40) == (0, openings()["grid"].tariff, 0)
    assert tariff_at(chain.reader, 0).retail_micro_per_kwh > 0
    assert tariff_at(chain.reader, 2**62).retail_micro_per_kwh > 0


@pytest.mark.parametrize(("amount", "part"), [(0, 0), (107, 7), (106, 6), (1_070_000_000, 70_000_000), (2**128, 2**128 * 7 // 107)])
def test_vat_in_an_amount_that_includes_it(amount: int, part: int) -> None:
    assert vat_part(amount, 70_000) == part
    assert vat_part(amount, 0) == 0


def test_charges_of_a_tariff_are_on_chain_in_order_of_numbers() -> None:
    turned = openings()["grid"].tariff
    turned = replace(turned, distribution=turned.distribution[::-1], wheeling=turned.wheeling[::-1])
    found = in_force(chain_with(tariff=turned).reader, ORIGIN).tariff
    assert isinstance(found, Tariff)
    assert found == openings()["grid"].tariff
