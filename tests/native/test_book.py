"""The rules of the compiled books in literal numbers, and its queues under load. Rules: chapter gridnode._native."""

import random

import pytest

from gridnode._native.book import Books
from tests.native.star_books import ANY, BID, NOW, OFFER, PLENTY, SOLAR, WIND, bid, books, offer


def test_the_resting_offer_makes_the_price() -> None:
    """A bid at 4.0 that meets an offer at 3.5 in its own zone trades at 3.5; the remainder of the bid rests."""
    made = books()
    assert offer(made, 1, 0, 3_500_000, 300) == ([], 300, True)
    assert bid(made, 2, 0, 4_000_000, 500) == ([(1, 300, 3_500_000, 0, 2)], 200, True)
    assert made.orders(NOW) == [(2, BID, 0, ANY, 4_000_000, 200)]
    assert made.flows(NOW) == [0, 0, 0]


def test_the_resting_bid_makes_the_price_and_the_seller_bears_the_adder() -> None:
    """An offer at 350 that meets a bid at 400 across an adder of 10 sells at 390; the energy flows out and in."""
    made = books()
    bid(made, 1, 2, 400, 500)
    assert offer(made, 2, 0, 350, 300) == ([(1, 300, 390, 10, 2)], 0, True)
    assert made.remaining(1) == 200
    assert made.flows(NOW) == [300, 0, -300]


def test_a_pair_meets_at_equality_and_not_one_below() -> None:
    """bid >= offer + adder: 110 meets 100 + 10, 109 does not; within the zone 100 meets 100."""
    made = books()
    offer(made, 1, 0, 100, 50)
    assert bid(made, 2, 1, 109, 10)[0] == []
    assert bid(made, 3, 1, 110, 10)[0] == [(1, 10, 100, 10, 3)]
    assert bid(made, 4, 0, 100, 10)[0] == [(1, 10, 100, 0, 4)]


def test_an_incoming_bid_takes_the_lowest_delivered_price_then_the_oldest() -> None:
    """Delivered to zone 0: 105 of zone 0 beats 96 + 10; 95 + 10 ties with it and is younger; equal prices go by id."""
    made = books()
    offer(made, 1, 1, 96, 5)
    offer(made, 2, 0, 105, 5)
    offer(made, 3, 1, 95, 5)
    offer(made, 4, 2, 95, 5)
    fills, left, done = bid(made, 5, 0, 200, 100)
    assert fills == [(2, 5, 105, 0, 5), (3, 5, 95, 10, 5), (4, 5, 95, 10, 5), (1, 5, 96, 10, 5)]
    assert (left, done) == (80, True)


def test_an_incoming_offer_takes_the_highest_net_price_then_the_oldest() -> None:
    """Net of the adder to zone 0: 110 of zone 1 and 100 of zone 0 tie, the older one is first; 111 is above both."""
    made = books()
    bid(made, 1, 0, 100, 5)
    bid(made, 2, 1, 110, 5)
    bid(made, 3, 2, 111, 5)
    assert offer(made, 4, 0, 90, 15)[0] == [(3, 5, 101, 10, 4), (1, 5, 100, 0, 4), (2, 5, 100, 10, 4)]


def test_negative_prices() -> None:
    """A seller who pays to be rid of energy: -50 meets a bid of -40 plus adder 10 exactly."""
    made = books()
    offer(made, 1, 0, -50, 5)
    assert bid(made, 2, 1, -41, 5)[0] == []
    assert bid(made, 3, 1, -40, 5)[0] == [(1, 5, -50, 10, 3)]


def test_a_bid_takes_only_the_sources_it_accepts() -> None:
    """A wind bid passes over the better solar offer in the same queue, and an offer the better bid for wind."""
    made = books()
    offer(made, 1, 0, 90, 5, SOLAR)
    offer(made, 2, 0, 95, 5, WIND)
    assert bid(made, 3, 0, 100, 8, WIND) == ([(2, 5, 95, 0, 3)], 3, True)
    bid(made, 4, 1, 50, 5, ANY)
    assert offer(made, 5, 1, 40, 9, SOLAR)[0] == [(4, 5, 50, 0, 5)]
    assert made.best(NOW, OFFER, 0) == (1, OFFER, 0, SOLAR, 90, 5)
    assert made.best(NOW, OFFER, 0, WIND) is None


def test_a_zone_behind_a_full_line_is_passed_over() -> None:
    """20 Wh leave zone 1, then its line is full and the dearer offer of zone 2 is taken."""
    made = books(atc_wh=100)
    made.set_atc(NOW, 1, 20, 20)
    offer(made, 1, 1, 80, 50)
    offer(made, 2, 2, 90, 50)
    assert bid(made, 3, 0, 200, 60) == ([(1, 20, 80, 10, 3), (2, 40, 90, 10, 3)], 0, True)
    assert made.flows(NOW) == [-60, 20, 40]
    assert made.crossed(NOW) is None


def test_an_unreachable_zone_never_trades() -> None:
    """Zone 0 reaches zone 1 and not the other way round."""
    made = Books(2, 1, [[(), [(0, 1)]], [None, ()]])
    made.open_period(NOW, made.add_band([[0, 0], [0, 0]]), [100], [100])
    offer(made, 1, 1, 1, 5)
    assert bid(made, 2, 0, 100, 5) == ([], 5, True)
    assert made.crossed(NOW) is None


def test_an_opposite_trade_frees_a_line_and_resting_orders_meet() -> None:
    """Zone 0 is full outwards with offer 1 and bid 2 crossed behind it; importing 30 Wh frees 30, which they trade.

    The older of the two, offer 1, makes the price, and bid 2 is the taker although bid 5 is the incoming order.
    """
    made = books(atc_wh=100)
    made.set_atc(NOW, 0, 0, 100)
    offer(made, 1, 0, 50, 40)
    bid(made, 2, 1, 80, 40, SOLAR)
    offer(made, 3, 2, 60, 30, WIND)
    assert made.crossed(NOW) is None
    assert bid(made, 5, 0, 90, 30, WIND) == ([(3, 30, 60, 10, 5), (1, 30, 50, 10, 2)], 0, True)
    assert made.flows(NOW) == [0, -30, 30]
    assert (made.remaining(1), made.remaining(2)) == (10, 10)


def test_the_older_of_two_resting_orders_makes_the_price() -> None:
    """Here the bid is older: it pays its 80 and the seller gets 70."""
    made = books(atc_wh=0)
    bid(made, 1, 1, 80, 40)
    offer(made, 2, 0, 50, 40)
    made.set_atc(NOW, 0, 100, 0)
    made.set_atc(NOW, 1, 0, 25)
    assert made.crossed(NOW) == (2, 1)
    assert made.rematch(NOW, PLENTY) == ([(1, 25, 70, 10, 2)], True)
    assert made.crossed(NOW) is None


def test_resting_pairs_meet_by_surplus_then_oldest_offer_then_oldest_bid() -> None:
    """Surplus: offer 5 with either bid 30, offers 1 and 2 with either bid 20. All rest behind a line that opens."""
    made = books(atc_wh=0)
    offer(made, 1, 0, 60, 10)
    offer(made, 2, 0, 60, 10)
    bid(made, 3, 1, 90, 15)
    bid(made, 4, 2, 90, 15)
    offer(made, 5, 0, 50, 10)
    for line in (0, 1, 2):
        made.set_atc(NOW, line, 100, 100)
    fills = [(3, 10, 80, 10, 5), (1, 5, 60, 10, 3), (1, 5, 60, 10, 4), (2, 10, 60, 10, 4)]
    assert made.crossed(NOW) == (5, 3)
    assert made.rematch(NOW, PLENTY) == (fills, True)


def test_resting_pairs_of_equal_surplus_in_different_zones_meet_by_age() -> None:
    """All three pairs have a surplus of 20: the oldest offer is first although its zone is searched last."""
    made = books(atc_wh=0)
    offer(made, 1, 2, 60, 10, SOLAR)
    offer(made, 2, 0, 60, 10, WIND)
    offer(made, 3, 1, 60, 10, 4)
    for order_id, (zone, mask) in enumerate(((1, SOLAR), (2, WIND), (0, 4)), 4):
        bid(made, order_id, zone, 90, 10, mask)
    for line in (0, 1, 2):
        made.set_atc(NOW, line, 100, 100)
    assert made.rematch(NOW, PLENTY)[0] == [(1, 10, 60, 10, 4), (2, 10, 60, 10, 5), (3, 10, 60, 10, 6)]


def test_two_filtered_pairs_free_one_line_for_each_other_within_the_budget() -> None:
    """Solar goes one way and wind the other over a line of 1 Wh: one Wh a fill, until the budget stops it."""
    made = Books(2, 1, [[(), [(0, 1)]], [[(0, -1)], ()]])
    made.open_period(NOW, made.add_band([[0, 0], [0, 0]]), [0], [0])
    offer(made, 1, 0, 50, 1_000, SOLAR)
    bid(made, 2, 1, 60, 1_000, SOLAR)
    offer(made, 3, 1, 50, 1_000, WIND)
    bid(made, 4, 0, 60, 1_000, WIND)
    made.set_atc(NOW, 0, 1, 0)
    fills, done = made.rematch(NOW, 5)
    assert fills == [(1, 1, 50, 0, 2), (3, 1, 50, 0, 4), (1, 1, 50, 0, 2), (3, 1, 50, 0, 4), (1, 1, 50, 0, 2)]
    assert not done
    assert len(made.rematch(NOW, PLENTY)[0]) == 1_995


def test_the_budget_counts_fills_and_the_rest_comes_later() -> None:
    """Two fills of three; the remainder does not rest and goes on under its id. Exactly enough budget is done."""
    made = books()
    for order_id in (1, 2, 3):
        offer(made, order_id, 0, 100 + order_id, 10)
    assert bid(made, 4, 0, 200, 35, budget=2) == ([(1, 10, 101, 0, 4), (2, 10, 102, 0, 4)], 15, False)
    assert made.remaining(4) == 0
    with pytest.raises(ValueError, match="at most the 15 Wh"):
        bid(made, 4, 0, 200, 16)
    assert bid(made, 4, 0, 200, 15, budget=0) == ([], 15, False)
    assert bid(made, 4, 0, 200, 15, budget=1) == ([(3, 10, 103, 0, 4)], 5, True)
    assert made.remaining(4) == 5
    with pytest.raises(ValueError, match="order_id is 4"):
        bid(made, 4, 0, 200, 5)



def test_a_capacity_below_the_flow_lets_only_the_other_direction_pass() -> None:
    """60 Wh flow out of zone 0, then its line shrinks to 40: nothing more goes out until 21 Wh came in."""
    made = books(atc_wh=100)
    offer(made, 1, 0, 50, 100)
    bid(made, 2, 1, 60, 60)
    made.set_atc(NOW, 0, 40, 100)
    assert bid(made, 3, 1, 60, 5, rest=False)[0] == []
    offer(made, 4, 2, 50, 21, WIND)
    assert bid(made, 5, 0, 60, 21, WIND)[0] == [(4, 21, 50, 10, 5)]
    assert bid(made, 6, 1, 60, 5, rest=False)[0] == [(1, 1, 50, 10, 6)]
    assert made.flows(NOW)[0] == 40


def test_a_period_has_the_adders_of_its_band() -> None:
    """A band added later leaves the open period at its 10; the next one pays 25, and an equal band has the same number."""
    made = books(adder=10)
    dear = [[0 if a == b else 25 for b in range(3)] for a in range(3)]
    band = made.add_band(dear)
    assert (band, made.add_band(tuple(map(tuple, dear))), made.band(NOW)) == (1, 1, 0)
    made.open_period(8, band, [100] * 3, [100] * 3)
    offer(made, 1, 0, 100, 5)
    made.place(8, 2, OFFER, 0, SOLAR, 100, 5, PLENTY)
    assert bid(made, 3, 1, 110, 5)[0] == [(1, 5, 100, 10, 3)]
    assert made.place(8, 4, BID, 1, ANY, 124, 5, PLENTY, False)[0] == []
    assert made.place(8, 5, BID, 1, ANY, 125, 5, PLENTY)[0] == [(2, 5, 100, 25, 5)]


def test_cancel_and_close() -> None:
    """A cancel gives back what is left, once; closing lists what rests in id order and forgets the period."""
    made = books()
    offer(made, 1, 2, 500, 30)
    bid(made, 2, 0, 40, 20)
    offer(made, 3, 1, 300, 10)
    assert [made.cancel(2), made.cancel(2), made.cancel(99)] == [20, 0, 0]
    assert made.close_period(NOW) == [(1, 30), (3, 10)]
    assert made.periods() == []
    assert made.remaining(1) == 0
    with pytest.raises(ValueError, match="open period"):
        offer(made, 4, 0, 1, 1)



@pytest.mark.parametrize("step", [1, -1])
def test_prices_in_sequence_do_not_unbalance_a_queue(step: int) -> None:
    """The stack of a walk holds 48 places: 3,000 orders each better, or worse, than the last must not need more."""
    made = books()
    for order_id in range(1, 3_001):
        offer(made, order_id, 0, step * order_id, 1)
    assert [row[0] for row in made.queue(NOW, OFFER, 0, PLENTY)] == list(range(1, 3_001))[::step]
    for order_id in range(1, 3_001)[::step]:
        assert made.best(NOW, OFFER, 0)[0] == order_id
        made.cancel(order_id)


def test_a_source_that_left_a_queue_is_not_looked_for() -> None:
    """Each of 15 rare sources has one order among many; when it is cancelled, wherever it hung, nothing offers it."""
    chance = random.Random(9)
    made = books()
    prices = chance.sample(range(10_000), 600)
    rare = dict(zip(chance.sample(range(1, 601), 15), range(1, 16), strict=True))
    for order_id, price in enumerate(prices, 1):
        offer(made, order_id, 0, price, 1, 1 << rare.get(order_id, 0))
    for order_id, source in rare.items():
        assert made.best(NOW, OFFER, 0, 1 << source)[0] == order_id
        made.cancel(order_id)
        assert made.best(NOW, OFFER, 0, 1 << source) is None


def test_long_queues_stay_in_order_through_thousands_of_changes() -> None:
    """20,000 orders of one queue, half of them cancelled, some undone: always best price first, then oldest."""
    chance = random.Random(5)
    made = books()
    expected: dict[int, tuple[int, int]] = {}
    for order_id in range(1, 20_001):
        price, energy_wh = chance.randrange(400) * 100 + order_id % 7, chance.randrange(1, 99)
        offer(made, order_id, 1, price, energy_wh, 1 << chance.randrange(16))
        expected[order_id] = (price, energy_wh)
    for order_id in chance.sample(range(1, 20_001), 10_000):
        assert made.cancel(order_id) == expected.pop(order_id)[1]
    made.begin()
    for order_id in chance.sample(sorted(expected), 3_000):
        made.cancel(order_id)
    made.rollback()
    served = [(row[4], row[0], row[5]) for row in made.queue(NOW, OFFER, 1, PLENTY)]
    assert served == sorted((price, order_id, energy) for order_id, (price, energy) in expected.items())
    for source in range(16):
        of_source = [row for row in made.queue(NOW, OFFER, 1, PLENTY) if row[3] == 1 << source]
        assert made.best(NOW, OFFER, 1, 1 << source) == of_source[0]
    fills, left, _ = bid(made, 30_000, 1, 10**9, 10**9, 0xFFFF)
    assert [(seller_price, resting_id, energy) for resting_id, energy, seller_price, _, _ in fills] == served
    assert left == 10**9 - sum(energy for *_, energy in served)
    assert made.memory_bytes() < 150 * 20_000
