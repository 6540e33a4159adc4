"""The network: ways by their stated rule, wheeling and who receives it, the kernel made of it, and genesis that makes no sense."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from gridnode.modules.grid import queries
from gridnode.modules.grid.codes import GridCode
from gridnode.modules.grid.invariants import check_block, check_whole
from gridnode.modules.grid.network import (
    WheelingShare,
    adders,
    build_books,
    capacities,
    distribution_micro_per_kwh,
    line_wheeling_micro_per_kwh,
    way,
    wheeling_micro_per_kwh,
    wheeling_shares,
    zone_name,
    zone_number,
)
from gridnode.modules.grid.tables import LINES, WAYS, GridGenesis, Holiday, Hop, Line, Way, Zone
from gridnode.modules.grid.ways import ways_from
from gridnode.primitives.errors import InvariantBroken, OperatorError, Rejected
from gridnode.primitives.limits import MAX_PATH_LINES
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from tests.chain_in_memory import START_MS, MemoryChain, account, genesis, openings, tariff

OFF_PEAK = START_MS // 3_000
"""An MTU at which a Wednesday begins."""
ON_PEAK = OFF_PEAK + 40
EGAT, MEA, PEA = map(account, ("egat", "mea", "pea"))


@pytest.fixture(scope="module")
def chain() -> MemoryChain:
    return MemoryChain()


def line(start: str, end: str) -> Line:
    return Line(f"{start}-{end}", start, end, 10, 10, EGAT)


def hops(*pairs: tuple[int, int]) -> Way:
    return Way(tuple(Hop(number, direction) for number, direction in pairs))


def test_way_has_fewest_lines_before_lowest_numbers() -> None:
    lines = [line("A", "C"), line("C", "B"), line("A", "B")]
    assert ways_from("A", lines)["B"] == hops((2, 1))


def test_way_has_lowest_numbers_in_order_of_travel() -> None:
    lines = [line("A", "D"), line("B", "C"), line("A", "C"), line("D", "B")]
    assert ways_from("A", lines)["B"] == hops((0, 1), (3, 1))
    assert ways_from("B", lines)["A"] == hops((1, 1), (2, -1))


def test_way_to_itself_is_empty_and_no_way_is_none() -> None:
    ways = ways_from("A", [line("B", "C")])
    assert ways == {"A": Way(())}


def test_way_has_at_most_eight_lines() -> None:
    nodes = [f"N{index}" for index in range(MAX_PATH_LINES + 2)]
    chain_of_lines = [line(start, end) for start, end in pairwise(nodes)]
    ways = ways_from("N0", chain_of_lines)
    assert len(ways[f"N{MAX_PATH_LINES}"].hops) == MAX_PATH_LINES
    assert f"N{MAX_PATH_LINES + 1}" not in ways


def test_zones_have_the_numbers_of_their_places(chain: MemoryChain) -> None:
    assert [zone_number(chain.reader, name) for name in ("CITY", "NORTH")] == [0, 1]
    assert [zone_name(chain.reader, number) for number in (0, 1)] == ["CITY", "NORTH"]
    with pytest.raises(Rejected) as refusal:
        zone_number(chain.reader, "MOON")
    assert refusal.value.code is GridCode.UNKNOWN_ZONE


def test_star_goes_over_the_hub(chain: MemoryChain) -> None:
    assert way(chain.reader, 0, 1) == hops((0, 1), (1, -1))
    assert way(chain.reader, 1, 0) == hops((1, 1), (0, -1))
    assert way(chain.reader, 0, 0) == hops()


def test_wheeling_is_distribution_of_delivery_and_every_line(chain: MemoryChain) -> None:
    shares = wheeling_shares(chain.reader, 0, 1, ON_PEAK)
    assert shares == [WheelingShare(PEA, 250_000), WheelingShare(EGAT, 100_000), WheelingShare(EGAT, 120_000)]
    assert wheeling_micro_per_kwh(chain.reader, 0, 1, ON_PEAK) == 470_000
    assert wheeling_micro_per_kwh(chain.reader, 1, 0, OFF_PEAK) == 420_000
    assert wheeling_shares(chain.reader, 0, 0, OFF_PEAK) == [WheelingShare(MEA, 200_000)]


def test_no_way_is_refused() -> None:
    torn = replace(openings()["grid"], lines=(), tariff=tariff(wheeling=()))
    chain = MemoryChain(genesis(grid=torn))
    assert way(chain.reader, 0, 1) is None
    with pytest.raises(Rejected) as refusal:
        wheeling_shares(chain.reader, 0, 1, ON_PEAK)
    assert refusal.value.code is GridCode.NO_WAY
    build_books(chain.reader)


def test_capacities_are_those_of_the_lines(chain: MemoryChain) -> None:
    assert capacities(chain.reader, 7) == ((40_000, 60_000), (50_000, 70_000))


def test_kernel_knows_ways_adders_and_bands(chain: MemoryChain) -> None:
    books = build_books(chain.reader)
    for period, adder in ((OFF_PEAK, 370_000), (ON_PEAK, 470_000)):
        books.open_period(period, books.add_band(adders(chain.reader, period)), *capacities(chain.reader, period))
        books.place(period, 10 * period, 1, 0, 1, 1_000_000, 500, 10)
        fills, left_wh, done = books.place(period, 10 * period + 1, 0, 1, 1, 2_000_000, 300, 10)
        assert fills == [(10 * period, 300, 1_000_000, adder, 10 * period + 1)]
        assert (left_wh, done) == (0, True)
        assert books.flows(period) == [300, -300]


def test_charges_of_an_mtu_by_number(chain: MemoryChain) -> None:
    assert [distribution_micro_per_kwh(chain.reader, zone, ON_PEAK) for zone in (0, 1)] == [300_000, 250_000]
    assert [distribution_micro_per_kwh(chain.reader, zone, OFF_PEAK) for zone in (0, 1)] == [200_000, 150_000]
    assert line_wheeling_micro_per_kwh(chain.reader, ON_PEAK) == (100_000, 120_000)


def test_adders_are_the_wheeling_between_all_zones(chain: MemoryChain) -> None:
    for mtu in (ON_PEAK, OFF_PEAK):
        matrix = [[wheeling_micro_per_kwh(chain.reader, source, target, mtu) for target in (0, 1)] for source in (0, 1)]
        assert adders(chain.reader, mtu) == matrix
    assert adders(chain.reader, OFF_PEAK)[0] == [200_000, 370_000]


def test_query_gives_genesis_back(chain: MemoryChain) -> None:
    state = openings()["grid"]
    assert queries.network(chain.reader) == (state.zones, state.hubs, state.lines)
    assert queries.params(chain.reader) == state.params
    assert queries.tariffs(chain.reader, 10) == [(0, state.tariff)]
    assert queries.holidays(chain.reader, 10) == []


def _with(**changes: Any) -> GridGenesis:
    return replace(openings()["grid"], **changes)


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (_with(zones=(Zone("CITY"), Zone("CITY"))), "CITY is used twice"),
        (_with(hubs=("CITY",)), "CITY is used twice"),
        (_with(zones=(Zone("CITY"),), lines=()), "registry.services"),
        (_with(zones=(Zone("CITY"), Zone("MOON")), lines=()), "registry.services"),
        (_with(lines=(line("CITY", "CITY"),)), "join two different"),
        (_with(lines=(line("CITY", "MOON"),)), "join two different"),
        (_with(lines=(line("CITY", "NORTH"), line("CITY", "NORTH"))), "is used twice"),
        (_with(tariff=tariff(default_band="none")), "^grid.tariff.default_band: expected one of on_peak, off_peak$"),
        (_with(tariff=tariff(wheeling=())), "grid.tariff.wheeling: expected a charge of city-bus"),
        (_with(holidays=(Holiday(3, ""), Holiday(3, ""))), "^grid.holidays: expected ascending days"),
    ],
)
def test_senseless_genesis_is_one_clear_error(state: GridGenesis, names: str) -> None:
    with pytest.raises(OperatorError, match=names):
        MemoryChain(genesis(grid=state))


def test_invariants_notice_a_network_that_changes(chain: MemoryChain) -> None:
    state = State(chain.reader)
    LINES.put(state, 0, replace(LINES.require(state, 0), atc_forward_wh=1))
    with pytest.raises(InvariantBroken, match="the row"):
        check_block(chain.reader, state.writes())
    WAYS.put(state, 0, 1, hops((1, 1)))
    changed = MemoryReader(dict(chain.reader.scan(b"\x00", b"\xff")))
    check_whole(changed)
    changed.apply(state.writes())
    with pytest.raises(InvariantBroken):
        check_whole(changed)
