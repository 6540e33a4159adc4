"""Flows of an auction become paths: by the stated rule, and nothing that does not add up passes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gridnode.modules.market.pairing import Arc, FlowPath, flow_paths
from gridnode.primitives.errors import InvariantBroken


def test_energy_stays_in_its_zone_first() -> None:
    paths = flow_paths({"A": 10, "B": 5}, {"A": 4, "B": 11}, [Arc(0, 1, "A", "B", 6)])
    assert paths == [
        FlowPath((), "A", "A", 4),
        FlowPath((), "B", "B", 5),
        FlowPath(((0, 1),), "A", "B", 6),
    ]


def test_the_lowest_zone_comes_first_and_takes_the_lowest_line() -> None:
    # A and B both sell to C; A has a line of its own, number 2, and one over the hub, number 0
    arcs = [
        Arc(2, 1, "A", "C", 3),
        Arc(0, 1, "A", "H", 4),
        Arc(1, 1, "B", "H", 5),
        Arc(3, -1, "H", "C", 9),
    ]
    assert flow_paths({"A": 7, "B": 5, "C": 0}, {"C": 12}, arcs) == [
        FlowPath(((0, 1), (3, -1)), "A", "C", 4),
        FlowPath(((2, 1),), "A", "C", 3),
        FlowPath(((1, 1), (3, -1)), "B", "C", 5),
    ]


def test_a_path_ends_where_it_is_first_needed() -> None:
    arcs = [Arc(0, 1, "A", "B", 8), Arc(1, 1, "B", "C", 5)]
    assert flow_paths({"A": 8}, {"B": 3, "C": 5}, arcs) == [
        FlowPath(((0, 1),), "A", "B", 3),
        FlowPath(((0, 1), (1, 1)), "A", "C", 5),
    ]


def test_a_zone_that_sells_is_passed_by() -> None:
    arcs = [Arc(0, 1, "A", "B", 2), Arc(1, 1, "B", "C", 5)]
    assert flow_paths({"A": 2, "B": 3}, {"C": 5}, arcs) == [
        FlowPath(((0, 1), (1, 1)), "A", "C", 2),
        FlowPath(((1, 1),), "B", "C", 3),
    ]


def test_paths_may_have_more_lines_than_a_way_of_the_kernel() -> None:
    nodes = ["A", *(f"H{number}" for number in range(20)), "B"]
    arcs = [Arc(at, 1, *pair, 1) for at, pair in enumerate(pairwise(nodes))]
    [path] = flow_paths({"A": 1}, {"B": 1}, arcs)
    assert len(path.hops) == 21


@pytest.mark.parametrize(
    ("sold", "bought", "arcs"),
    [
        ({"A": 5}, {"B": 5}, [Arc(0, 1, "A", "B", 4)]),
        ({"A": 5}, {"B": 5}, []),
        ({"A": 5}, {"A": 5}, [Arc(0, 1, "A", "B", 4)]),
        ({"A": 5}, {"A": 5, "B": 1}, []),
        ({"A": 5}, {"B": 5}, [Arc(0, 1, "A", "C", 5), Arc(1, 1, "C", "A", 5)]),
        ({"A": 5}, {"B": 5}, [Arc(0, 1, "A", "B", 5), Arc(0, -1, "B", "A", 5)]),
    ],
    ids=["too little", "no line", "flow for nobody", "bought from nobody", "a circle", "both directions"],
)
def test_flows_that_do_not_carry_the_sales_stop_the_node(
    sold: dict[str, int], bought: dict[str, int], arcs: list[Arc]
) -> None:
    with pytest.raises(InvariantBroken):
        flow_paths(sold, bought, arcs)
