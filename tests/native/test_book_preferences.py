"""One counterparty, and several preferences in turn under one id. Rules: chapter gridnode._native."""

import pytest

from tests.native.star_books import ANY, NOW, OFFER, PLENTY, SOLAR, WIND, bid, books, offer


def test_the_one_counterparty_is_taken_before_better_ones() -> None:
    """Offer 2 at 120 across an adder of 10 is asked for; offer 1 at 100 next door is not touched."""
    made = books()
    offer(made, 1, 0, 100, 50)
    offer(made, 2, 1, 120, 30)
    assert bid(made, 3, 0, 130, 40, rest=False, counterparty=2) == ([(2, 30, 120, 10, 3)], 10, True)
    assert (made.remaining(1), made.flows(NOW)) == (50, [-30, 30, 0])


def test_an_offer_asks_for_its_bid_and_gets_its_price_less_the_adder() -> None:
    """Bid 1 at 140 pays 140, the seller gets 130, although bid 2 would pay more."""
    made = books()
    bid(made, 1, 2, 140, 30)
    bid(made, 2, 0, 500, 30)
    assert offer(made, 3, 0, 130, 20, rest=False, counterparty=1) == ([(1, 20, 130, 10, 3)], 0, True)
    assert (made.remaining(1), made.remaining(2)) == (10, 30)


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        (99, {}),  # rests nowhere
        (4, {}),  # rests in another period
        (3, {}),  # a bid
        (2, {"mask": SOLAR}),  # a source that is not accepted
        (1, {"price": 109}),  # 100 + 10 is above the limit
        (5, {}),  # behind a line that is full
    ],
)
def test_without_that_counterparty_there_is_no_fill(asked: int, how: dict) -> None:
    """Whatever the reason, nothing changes and the whole order comes back; without the wish it would have traded."""
    made = books()
    made.open_period(8, 0, [100] * 3, [100] * 3)
    made.set_atc(NOW, 2, 0, 0)
    offer(made, 1, 1, 100, 50)
    offer(made, 2, 1, 100, 50, WIND)
    bid(made, 3, 1, 10, 50)
    made.place(8, 4, OFFER, 1, SOLAR, 100, 50, PLENTY)
    offer(made, 5, 2, 50, 50)
    before = made.orders(NOW)
    order = {"price": 110, "mask": ANY, **how}
    assert bid(made, 6, 0, energy_wh=40, rest=False, counterparty=asked, **order) == ([], 40, True)
    assert (made.orders(NOW), made.flows(NOW)) == (before, [0, 0, 0])
    assert bid(made, 6, 0, 110, 40)[0] == [(1, 40, 100, 10, 6)]


def test_a_fill_with_the_counterparty_lets_resting_orders_meet_and_goes_on() -> None:
    """Line 0 is full outwards; 20 Wh in free it for offer 1 and bid 2, and the 20 Wh that these trade out let 20 more in."""
    made = books(atc_wh=100)
    made.set_atc(NOW, 0, 0, 20)
    offer(made, 1, 0, 50, 20)
    bid(made, 2, 1, 80, 20, SOLAR)
    offer(made, 3, 2, 60, 40, WIND)
    fills = [(3, 20, 60, 10, 5), (1, 20, 50, 10, 2), (3, 20, 60, 10, 5)]
    assert bid(made, 5, 0, 90, 50, WIND, rest=False, counterparty=3) == (fills, 10, True)


def test_a_spent_budget_interrupts_the_one_counterparty_too() -> None:
    """No step left while the fill is possible: not done, and the same call goes on; without that fill it is done."""
    made = books()
    offer(made, 1, 0, 100, 10)
    asking = {"rest": False, "counterparty": 1}
    assert bid(made, 2, 0, 100, 30, budget=0, **asking) == ([], 30, False)
    assert bid(made, 2, 0, 100, 30, budget=1, **asking) == ([(1, 10, 100, 0, 2)], 20, True)
    assert bid(made, 2, 0, 100, 20, budget=0, **asking) == ([], 20, True)


def test_preferences_in_turn_fill_one_order_once() -> None:
    """A partner, else wind, else any: 10 of the dear partner, 10 of the dear wind, then the cheap solar; the rest rests once."""
    made = books()
    offer(made, 1, 0, 90, 10)
    offer(made, 2, 0, 110, 10, WIND)
    offer(made, 3, 0, 120, 10)
    assert bid(made, 9, 0, 130, 50, rest=False, counterparty=3) == ([(3, 10, 120, 0, 9)], 40, True)
    assert bid(made, 9, 0, 130, 40, WIND, rest=False) == ([(2, 10, 110, 0, 9)], 30, True)
    assert bid(made, 9, 0, 130, 30, ANY) == ([(1, 10, 90, 0, 9)], 20, True)
    assert made.orders(NOW) == [(9, 0, 0, ANY, 130, 20)]


def test_an_id_comes_again_only_with_what_is_left_and_does_not_rest() -> None:
    """Less than what is left is fine, more is not; a filled, a resting, a cancelled and an older order never come again."""
    made = books()
    assert bid(made, 1, 0, 100, 50, rest=False)[1] == 50
    assert bid(made, 1, 0, 100, 30, rest=False)[1] == 30
    with pytest.raises(ValueError, match="at most the 30 Wh"):
        bid(made, 1, 0, 100, 31)
    bid(made, 1, 0, 100, 30)
    with pytest.raises(ValueError, match="order_id is 1"):
        bid(made, 1, 0, 100, 1)
    made.cancel(1)
    with pytest.raises(ValueError, match="order_id is 1"):
        bid(made, 1, 0, 100, 1)
    offer(made, 2, 0, 100, 5)
    assert bid(made, 3, 0, 100, 5, rest=False)[1] == 0
    with pytest.raises(ValueError, match="order_id is 3"):
        bid(made, 3, 0, 100, 1)
    bid(made, 4, 0, 100, 5, rest=False)
    offer(made, 5, 0, 100, 5, rest=False)
    with pytest.raises(ValueError, match="order_id is 4"):
        bid(made, 4, 0, 100, 5)


def test_an_order_that_must_not_rest_gives_its_remainder_back() -> None:
    """Immediate or cancel: 20 of 50 are filled, 30 come back and nothing rests."""
    made = books()
    offer(made, 1, 0, 100, 20)
    assert bid(made, 2, 0, 100, 50, rest=False) == ([(1, 20, 100, 0, 2)], 30, True)
    assert len(made) == 0
