"""The compiled call auction gives what the naive one gives, to the last Wh and cent, and what depends on nothing does not change."""

import gzip
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.modules.market import auction, auction_reference
from tests.properties.auction_books import auctions, by_chance
from tests.vectors.load import FOLDER


@settings(max_examples=600, deadline=None)
@given(auctions())
def test_both_give_the_same(drawn: tuple[list, list]) -> None:
    assert auction.clear(*drawn) == auction_reference.clear(*drawn)


@pytest.mark.parametrize(("count", "most_orders"), [(1_500, 14), (150, 80)])
def test_both_give_the_same_by_chance(count: int, most_orders: int) -> None:
    for seed in range(count):
        drawn = by_chance(random.Random(seed), most_orders)
        assert auction.clear(*drawn) == auction_reference.clear(*drawn), drawn


@pytest.mark.parametrize("hour", [3, 60, 109, 158, 227])
def test_both_give_the_same_on_hours_of_italy(hour: int) -> None:
    with gzip.open(FOLDER / "italy_2025-04_days_01-10.json.gz") as packed:
        book = json.load(packed)[hour]
    orders = [(place, *order) for place, order in enumerate(book["orders"])]
    lines = [(a, b, atc_wh, 0) for a, b, atc_wh in book["atc"]]
    assert auction.clear(orders, lines) == auction_reference.clear(orders, lines)


@settings(max_examples=100, deadline=None)
@given(auctions(), st.integers(-40, 40), st.integers(1, 1000))
def test_prices_move_with_all_limits_and_volumes_grow_with_all_energies(
    drawn: tuple[list, list], shift: int, factor: int
) -> None:
    orders, lines = drawn
    before = auction.clear(orders, lines)
    moved = [(name, zone, side, wh * factor, price + shift) for name, zone, side, wh, price in orders]
    after = auction.clear(moved, [(a, b, wh * factor, wheeling) for a, b, wh, wheeling in lines])
    assert after.accepted == {name: wh * factor for name, wh in before.accepted.items()}
    assert after.flows == {line: wh * factor for line, wh in before.flows.items()}
    for zone in {order[1] for order in orders}:
        assert after.prices[zone] == before.prices[zone] + shift


@settings(max_examples=100, deadline=None)
@given(auctions(), st.data())
def test_two_halves_of_an_order_get_what_the_whole_gets(
    drawn: tuple[list, list], data: st.DataObject
) -> None:
    orders, lines = drawn
    large = [at for at, order in enumerate(orders) if order[3] > 1]
    if not large:
        return
    at = data.draw(st.sampled_from(large))
    name, zone, side, wh, price = orders[at]
    part = data.draw(st.integers(1, wh - 1))
    halves = [(name, zone, side, part, price), ("rest", zone, side, wh - part, price)]
    whole, split = auction.clear(orders, lines), auction.clear(orders[:at] + halves + orders[at + 1 :], lines)
    assert (split.prices, split.flows) == (whole.prices, whole.flows)
    assert split.accepted[name] + split.accepted["rest"] == whole.accepted[name]
    assert split.accepted["rest"] == 0 or split.accepted[name] == part
