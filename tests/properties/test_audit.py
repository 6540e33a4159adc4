"""Random markets are verified clean: whatever terms, phases and however few steps a block has, the audit comes to what the node did."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.audit.book import SparingBooks
from gridnode.modules.market.reference import ReferenceBooks
from tests.market_chain import audit
from tests.properties.random_market import RandomMarket


@settings(max_examples=40, deadline=None)
@given(chance=st.randoms(use_true_random=False), first=st.integers(1, 30))
def test_what_a_node_did_is_verified(chance: Random, first: int) -> None:
    """From the first block on, from any block on, and when all blocks are only followed."""
    market = RandomMarket(chance)
    market.run()
    recorded = market.chain.recorded
    whole = audit(market.chain.genesis, recorded)
    assert whole.findings == []
    assert whole.blocks == len(recorded)
    for start in (first, len(recorded) + 1):
        assert audit(market.chain.genesis, recorded, start).findings == []


ORDERS = st.tuples(st.booleans(), st.integers(0, 2), st.sampled_from([1, 2, 3]), st.integers(1, 6), st.integers(1, 40))
"""Side, zone, sources, price, energy."""


@settings(max_examples=150, deadline=None)
@given(orders=st.lists(ORDERS, max_size=30), room_wh=st.integers(1, 60), budget=st.sampled_from([1, 2, 1_000]), data=st.data())
def test_the_sparing_books_are_the_naive_books(orders: list[Any], room_wh: int, budget: int, data: st.DataObject) -> None:
    """Looking for crossed pairs only when there can be one finds the same pairs."""
    paths = [[[], [(0, 1)], [(0, 1), (1, 1)]], [[(0, -1)], [], [(1, 1)]], [[(1, -1), (0, -1)], [(1, -1)], []]]
    both = [cls(3, 2, paths) for cls in (ReferenceBooks, SparingBooks)]
    for books in both:
        books.open_period(7, books.add_band([[0, 1, 2], [1, 0, 1], [2, 1, 0]]), [room_wh] * 2, [room_wh] * 2)
    for number, (sells, zone, mask, price, energy_wh) in enumerate(orders, 1):
        order = (7, number, int(sells), zone, mask if not sells else 1 + mask % 2, price)
        left, done = energy_wh, False
        kills = data.draw(st.integers(0, 9)) == 0
        while not done:
            for books in both:
                books.begin()
            told = [books.place(*order, left, budget) for books in both]
            assert told[0] == told[1]
            _, left, done = told[0]
            for books in both:
                (books.rollback if kills else books.commit)()
            if kills or not left:
                break
        while not kills and not done:
            fills = [books.rematch(7, budget) for books in both]
            assert fills[0] == fills[1]
            done = fills[0][1]
