"""Every order and trade of a random market explains itself, and what is said fits what the rules did."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.modules.market.explanation import OrderExplanation, Standing, WhichBook, explain_order
from gridnode.modules.market.reach import Obstacle
from gridnode.modules.market.tables import NEXT_ORDER, NEXT_TRADE, PENDING, Ending, Side
from gridnode.modules.market.trade_explanation import explain_trade
from gridnode.modules.market.wording import order_text, trade_text
from gridnode.state.kv import Reader
from tests.properties.random_market import RandomMarket

ENOUGH = 1_000
"""Steps of a block that always suffice."""


@settings(max_examples=40, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_everything_explains_itself(chance: Random) -> None:
    """Within the auctions, the matching and the ends of a random market."""
    market = RandomMarket(chance)
    market.run()
    reader = market.chain.chain.reader
    for number in range(1, NEXT_ORDER.get(reader) or 1):
        found = explain_order(reader, number)
        assert found is not None
        assert order_text(found).startswith(("Bid ", "Offer "))
        _check(reader, found, market.steps == ENOUGH)
    for number in range(1, NEXT_TRADE.get(reader) or 1):
        _check_trade(reader, number)


def _check(reader: Reader, found: OrderExplanation, enough: bool) -> None:
    """Nobody who was matched is in reach of an order that rests; a killed order could not have been filled; the counts fit."""
    order = found.order
    assert (found.standing is Standing.ENDED) == (order.ending is not Ending.NONE)
    assert bool(found.trades) == (order.remaining_wh < order.energy_wh)
    if found.best is not None:
        assert found.counters > 0
        assert (found.best.gap_micro > 0) or found.best.obstacle is not Obstacle.PRICE
    if found.standing is Standing.RESTS and enough and found.best is not None:
        assert found.best.obstacle is not Obstacle.NONE or PENDING.has(reader, found.best.number)
    if order.ending is Ending.KILLED and found.book is WhichBook.MATCHED and enough:
        assert found.in_reach_wh < order.energy_wh


def _check_trade(reader: Reader, number: int) -> None:
    """Its parts make its price, and both are inside their limits."""
    found = explain_trade(reader, number)
    assert found is not None
    assert trade_text(found).startswith(f"Trade {number}: ")
    trade = found.trade
    assert sum(share.price_micro for share in found.shares) == trade.wheeling_micro
    assert found.total_micro == trade.price_micro + trade.wheeling_micro + trade.rent_micro + trade.fee_micro
    assert min(found.buyer_gain_micro, found.seller_gain_micro) >= 0
    assert (found.resting == 0) == (trade.path > 0)
    taker = found.bid if trade.buyer_order > trade.seller_order else found.offer
    if found.preference is None and not trade.path and taker.side is Side.BID:
        assert taker.sources & found.offer.sources
