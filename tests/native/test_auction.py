"""The compiled call auction: known auctions, real prices, numbers at their bounds, refusals."""

import gzip
import json
from array import array
from itertools import pairwise

import pytest

from gridnode._native import auction as kernel
from gridnode.modules.market.auction import clear
from gridnode.modules.market.certificate import check
from tests.vectors.load import FOLDER, load

MOST = 10**15
SIMPLE = load("zonal_clearing.json")["simple"]


def without_wheeling(lines: list) -> list:
    """Return rows (from, to, Wh) as lines that cost nothing."""
    return [(source, target, atc_wh, 0) for source, target, atc_wh in lines]


@pytest.mark.parametrize("case", SIMPLE, ids=[case["name"] for case in SIMPLE])
def test_small_auctions_have_their_known_answers(case: dict) -> None:
    orders, lines = [tuple(order) for order in case["orders"]], without_wheeling(case["atc"])
    clearing, expected = clear(orders, lines), case["expect"]
    bought = {order[0] for order in orders if order[2] == "B"}
    rent = sum(wh * (clearing.prices[b] - clearing.prices[a]) for (a, b), wh in clearing.flows.items())
    into = {zone: sum(wh for (_, b), wh in clearing.flows.items() if b == zone) for zone in case["zones"]}
    found = {
        "volume": sum(wh for name, wh in clearing.accepted.items() if name in bought),
        "price": {zone: clearing.prices[zone] for zone in expected.get("price", ())},
        "accepted": dict(clearing.accepted),
        "midpoint": clearing.prices["A"],
        "flow": {f"{a}>{b}": wh for (a, b), wh in clearing.flows.items() if wh},
        "flow_into": {zone: into[zone] for zone in expected.get("flow_into", ())},
        "congestion_income": rent,
    }
    answers = {name: value for name, value in expected.items() if name != "price_interval"}
    assert answers == {name: found[name] for name in answers}
    assert check(orders, lines, clearing) == []


def test_every_published_price_of_italy_is_found() -> None:
    with gzip.open(FOLDER / "italy_2025-04_days_01-10.json.gz") as packed:
        hours = json.load(packed)
    wrong, found = [], 0
    for hour in hours:
        orders = [(place, *order) for place, order in enumerate(hour["orders"])]
        lines = without_wheeling(hour["atc"])
        clearing = clear(orders, lines)
        found += sum(clearing.prices[zone] == price for zone, price in hour["price"].items())
        if clearing.prices != hour["price"]:
            wrong.append((hour["day"], hour["hour"], clearing.prices, hour["price"]))
        if hour["hour"] == 12:
            assert check(orders, lines, clearing) == []
    assert (wrong, found) == ([], 1_680)


def test_numbers_at_their_bounds_clear_exactly() -> None:
    orders = [("b", "A", "B", MOST, MOST), ("c", "A", "B", 2, -MOST), ("s", "B", "S", MOST, -MOST)]
    clearing = clear(orders, [("B", "A", MOST - 1, MOST)])
    assert clearing.accepted == {"b": MOST - 1, "s": MOST - 1}
    assert clearing.prices == {"B": -MOST, "A": MOST}
    assert clearing.flows == {("B", "A"): MOST - 1}


def test_most_energy_clears_exactly() -> None:
    count = 2**60 // MOST // 2
    orders = [(i, "A", "BS"[i % 2], MOST, 7) for i in range(2 * count)]
    assert sum(clear(orders, []).accepted.values()) == 2 * count * MOST
    more = [(i, "A", "B", MOST, 7) for i in ("x", "y")]
    with pytest.raises(ValueError, match="expected at most 1152921504606846976"):
        clear(orders + more, [])


def test_the_largest_net_clears() -> None:
    zones = [f"zone {i}" for i in range(128)]
    lines = [(a, b, 10, 1) for a, b in pairwise(zones)]
    orders = [("s", zones[0], "S", 5, 0), ("b", zones[-1], "B", 5, 127)]
    clearing = clear(orders, lines)
    assert clearing.accepted == {"s": 5, "b": 5}
    assert [clearing.prices[zone] for zone in zones] == list(range(128))
    assert clear([("s", zones[0], "S", 5, 0), ("b", zones[-1], "B", 5, 126)], lines).accepted == {}


def test_nothing_clears_to_nothing() -> None:
    assert clear([], []) == clear((), ())
    assert clear([], [("A", "B", 5, 0)]).prices == {"A": 0, "B": 0}


@pytest.mark.parametrize(
    ("orders", "price"),
    [
        ([("s", "A", "S", 1, 30), ("t", "A", "S", 1, 40)], 30),
        ([("b", "A", "B", 1, 30), ("c", "A", "B", 1, 20)], 30),
        ([("b", "A", "B", 1, 8), ("s", "A", "S", 1, 5)], 6),
        ([("b", "A", "B", 1, -5), ("s", "A", "S", 1, -8)], -7),
        ([("b", "A", "B", 2, 8), ("s", "A", "S", 1, 5), ("t", "A", "S", 1, 9)], 8),
    ],
)
def test_the_middle_is_rounded_down_and_an_open_side_is_closed(orders: list, price: int) -> None:
    assert clear(orders, []).prices == {"A": price}


def test_time_goes_across_zones_and_comes_before_short_ways() -> None:
    orders = [("far", "A", "S", 4, 5), ("near", "B", "S", 4, 5), ("b", "B", "B", 5, 9)]
    lines = [("A", "B", 10, 0)]
    assert clear(orders, lines).accepted == {"far": 4, "near": 1, "b": 5}
    assert clear([orders[1], orders[0], orders[2]], lines).accepted == {"near": 4, "far": 1, "b": 5}


def test_flows_take_few_hops_and_then_early_lines() -> None:
    orders = [("s", "A", "S", 9, 5), ("b", "D", "B", 9, 9)]
    by_c = [("A", "C", 6, 0), ("C", "D", 6, 0)]
    by_b = [("A", "B", 6, 0), ("B", "D", 6, 0)]
    back = [("D", "A", 6, 0), ("C", "A", 6, 0)]
    assert list(clear(orders, [*by_c, *by_b, *back]).flows.values()) == [6, 6, 3, 3, 0, 0]
    assert list(clear(orders, [*by_b, *by_c, *back]).flows.values()) == [6, 6, 3, 3, 0, 0]
    direct = ("A", "D", 2, 0)
    assert list(clear(orders, [*by_c, *by_b, direct]).flows.values()) == [6, 6, 1, 1, 2]


def columns(**changes: list) -> list:
    """Return the columns of two orders and one line, some of them changed."""
    rows = {
        "zone": [0, 1],
        "side": [0, 1],
        "energy_wh": [5, 5],
        "price": [9, 3],
        "from_zone": [1],
        "to_zone": [0],
        "atc_wh": [4],
        "wheeling": [2],
    }
    return [array("q", column) for column in {**rows, **changes}.values()]


def test_columns_give_columns() -> None:
    accepted, prices, flows = kernel.clear(2, *columns())
    assert (accepted.tolist(), prices, flows) == ([4, 4], [9, 3], [4])


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"zone": [0, 2]}, "zone of row 1 is 2; expected 0 to 1"),
        ({"zone": [0, -1]}, "zone of row 1 is -1; expected 0 to 1"),
        ({"side": [2, 1]}, "side of row 0 is 2; expected 0 to 1"),
        ({"energy_wh": [5, 0]}, "energy_wh of row 1 is 0"),
        ({"energy_wh": [5, MOST + 1]}, "energy_wh of row 1"),
        ({"price": [-MOST - 1, 0]}, "price of row 0"),
        ({"price": [1]}, "price has 1 rows; expected 2"),
        ({"from_zone": [2]}, "from_zone of row 0 is 2"),
        ({"to_zone": [1]}, "line 0 leads from zone 1 to itself"),
        ({"atc_wh": [-1]}, "atc_wh of row 0 is -1"),
        ({"wheeling": [-1]}, "wheeling of row 0 is -1"),
        ({"wheeling": []}, "wheeling has 0 rows; expected 1"),
    ],
)
def test_columns_out_of_bounds_are_refused(changes: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        kernel.clear(2, *columns(**changes))


def test_nets_out_of_bounds_are_refused() -> None:
    empty = [array("q")] * 8
    for zones in (-1, 129):
        with pytest.raises(ValueError, match=f"zones is {zones}"):
            kernel.clear(zones, *empty)
    many = [array("q", values) for values in ([0] * 1025, [1] * 1025, [1] * 1025, [0] * 1025)]
    with pytest.raises(ValueError, match="1025 lines"):
        kernel.clear(2, *empty[:4], *many)


GOOD = [("b", "A", "B", 5, 9), ("s", "A", "S", 5, 3)]


@pytest.mark.parametrize(
    ("orders", "lines", "complaint"),
    [
        ([*GOOD, ("b", "A", "B", 5, 9)], [], "a different id"),
        ([*GOOD, ("x", "A", "X", 5, 9)], [], "side of row 2"),
        ([*GOOD, ("x", "A", "B", 2**63, 9)], [], "at most 63 bits"),
        (GOOD, [("A", "B", 1, 0), ("A", "B", 2, 0)], "each pair of zones"),
        (GOOD, [("A", "A", 1, 0)], "to itself"),
        ([(i, f"{i}", "B", 1, 1) for i in range(129)], [], "at most 128 zones"),
    ],
)
def test_rows_out_of_bounds_are_refused(orders: list, lines: list, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        clear(orders, lines)


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError):
        clear([("b", "A", "B", 1.0, 9)], [])
