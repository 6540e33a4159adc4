"""The check of a clearing accepts the one the rules give and refuses every other, however close it comes."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.modules.market.auction import clear
from gridnode.modules.market.certificate import check
from gridnode.modules.market.clearing import Clearing
from tests.properties.auction_books import auctions, by_chance


@settings(max_examples=300, deadline=None)
@given(auctions())
def test_the_clearing_passes(drawn: tuple[list, list]) -> None:
    assert check(*drawn, clear(*drawn)) == []


def test_clearings_for_another_order_of_rows_are_refused() -> None:
    refused = 0
    for seed in range(1_000):
        chance = random.Random(seed)
        orders, lines = by_chance(chance, 9)
        right = clear(orders, lines)
        other = clear(orders[::-1], chance.sample(lines, len(lines)))
        mixed = Clearing(
            other.accepted,
            chance.choice((right.prices, other.prices)),
            chance.choice((right.flows, other.flows)),
        )
        assert bool(check(orders, lines, mixed)) is (mixed != right), (orders, lines, mixed)
        refused += mixed != right
    assert refused > 100


@settings(max_examples=300, deadline=None)
@given(auctions().filter(lambda drawn: drawn[0]), st.data())
def test_one_wh_or_one_cent_is_seen(drawn: tuple[list, list], data: st.DataObject) -> None:
    orders, lines = drawn
    right = clear(orders, lines)
    part = data.draw(st.sampled_from(("accepted", "prices", "flows") if lines else ("accepted", "prices")))
    changed = dict(getattr(right, part))
    key = data.draw(st.sampled_from([order[0] for order in orders] if part == "accepted" else list(changed)))
    changed[key] = changed.get(key, 0) + data.draw(st.sampled_from((-1, 1)))
    wrong = replace(right, **{part: Counter(changed) if part == "accepted" else changed})
    assert check(orders, lines, wrong)


ORDERS = [("s", "A", "S", 4, 5), ("t", "A", "S", 4, 5), ("b", "B", "B", 5, 9)]
LINES = [("A", "B", 5, 1), ("A", "C", 5, 0), ("C", "B", 5, 1)]
RIGHT = clear(ORDERS, LINES)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"accepted": {"s": 4, "t": 1, "b": 5, "x": 1}}, "order x is accepted and was not given"),
        ({"accepted": {"s": 5, "b": 5}}, "order s is accepted with 5 of 4 Wh"),
        ({"prices": {"A": 5, "B": 6}}, "the prices are not those of the zones"),
        ({"flows": {}}, "the flows are not those of the lines"),
        ({"flows": {("A", "B"): 6, ("A", "C"): 0, ("C", "B"): 0}}, "line A to B carries 6 of 5 Wh"),
        ({"flows": {("A", "B"): 4, ("A", "C"): 0, ("C", "B"): 0}}, "zone A has 1 Wh more than it uses"),
        ({"prices": {"A": 6, "B": 7, "C": 6}}, "order t gains 1 and is not filled"),
        ({"prices": {"A": 4, "B": 5, "C": 4}}, "order s loses 1 and is accepted"),
        ({"prices": {"A": 5, "B": 5, "C": 5}}, "line A to B loses 1 and is used"),
        ({"prices": {"A": 5, "B": 6, "C": 4}}, "line C to B gains 1 and is not full"),
        ({"accepted": {"s": 1, "t": 4, "b": 5}}, "order s could be filled further at the cost of later ones"),
        (
            {"flows": {("A", "B"): 4, ("A", "C"): 1, ("C", "B"): 1}},
            "energy could take fewer hops, or earlier lines",
        ),
    ],
)
def test_complaints_say_what_is_wrong(changes: dict, complaint: str) -> None:
    if "accepted" in changes:
        changes = {"accepted": Counter(changes["accepted"])}
    assert RIGHT.prices == {"A": 5, "B": 6, "C": 5}
    assert complaint in check(ORDERS, LINES, replace(RIGHT, **changes))


def test_less_volume_and_another_price_are_named() -> None:
    even = [("b", "A", "B", 5, 5), ("s", "A", "S", 5, 5)]
    nothing = replace(clear(even, []), accepted=Counter())
    assert check(even, [], nothing) == ["more could be traded at the same welfare"]
    apart = [("b", "A", "B", 5, 9), ("s", "A", "S", 5, 5)]
    high = replace(clear(apart, []), prices={"A": 8})
    assert check(apart, [], high) == ["the price of A is 8, the middle of its interval is 7"]
