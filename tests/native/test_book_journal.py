"""begin, commit and rollback of the compiled books, inside each other. Rules: chapter gridnode._native."""

import pytest

from gridnode._native.book import Books
from tests.native.star_books import ANY, BID, NOW, OFFER, PLENTY, SOLAR, bid, books, offer


def seen(made: Books) -> list[tuple]:
    """Return what can be seen of the books."""
    return [
        (period, made.orders(period), made.flows(period), made.atc(period), made.band(period))
        for period in made.periods()
    ]


def test_rollback_brings_back_a_closed_period_and_the_next_id() -> None:
    """Everything since begin() is undone, and the undone ids may come again."""
    made = books()
    offer(made, 1, 0, 100, 50)
    bid(made, 2, 1, 150, 20)
    before = seen(made)
    made.begin()
    bid(made, 3, 2, 150, 10)
    made.set_atc(NOW, 0, 5, 5)
    made.close_period(NOW)
    made.open_period(8, 0, [1, 1, 1], [1, 1, 1])
    made.rollback()
    assert seen(made) == before
    assert bid(made, 3, 2, 150, 10)[0] == [(1, 10, 100, 10, 3)]


def test_an_order_that_is_filled_whole_or_not_at_all() -> None:
    """The inner rollback takes back the 50 Wh that were there of 60; the order before it in the same block stays."""
    made = books()
    offer(made, 1, 0, 100, 70)
    made.begin()
    bid(made, 2, 1, 150, 20)
    before = seen(made)
    made.begin()
    assert bid(made, 3, 1, 150, 60, rest=False)[1] == 10
    made.rollback()
    assert (seen(made), made.depth()) == (before, 1)
    made.commit()
    assert (seen(made), made.depth()) == (before, 0)


def test_the_outer_rollback_undoes_what_an_inner_commit_kept() -> None:
    """A fill, a capacity, a closed and a new period of the inner level are undone with the outer one, and the id is free again."""
    made = books()
    offer(made, 1, 0, 100, 70)
    before = seen(made)
    made.begin()
    bid(made, 2, 1, 150, 20)
    made.begin()
    bid(made, 3, 1, 150, 20)
    made.set_atc(NOW, 1, 7, 7)
    made.open_period(8, made.add_band([[5] * 3] * 3), [1, 1, 1], [1, 1, 1])
    made.close_period(NOW)
    made.commit()
    made.begin()
    made.close_period(8)
    made.rollback()
    assert made.periods() == [8]
    made.rollback()
    assert seen(made) == before
    assert bid(made, 2, 1, 150, 20)[0] == [(1, 20, 100, 10, 2)]


def test_each_level_gives_back_what_was_left_of_the_last_order() -> None:
    """Order 5 was interrupted with 30 Wh left; an order tried inside and undone does not end its right to go on."""
    made = books()
    for order_id in (1, 2, 3):
        offer(made, order_id, 0, 100, 10)
    assert bid(made, 5, 0, 200, 50, budget=2)[1:] == (30, False)
    made.begin()
    made.begin()
    assert bid(made, 6, 0, 200, 5)[1] == 0
    made.rollback()
    assert bid(made, 5, 0, 200, 30)[1:] == (20, True)
    made.rollback()
    assert bid(made, 5, 0, 200, 30)[1:] == (20, True)


def test_eight_levels_and_none_to_end_without_a_begin() -> None:
    """The ninth begin() is refused and changes nothing; each level undoes its own order."""
    made = books()
    for late in (made.commit, made.rollback):
        with pytest.raises(ValueError, match=r"without begin\(\)"):
            late()
    for level in range(8):
        made.begin()
        offer(made, level + 1, 0, 100, 5)
    with pytest.raises(ValueError, match="inside 8 others"):
        made.begin()
    for level in reversed(range(8)):
        assert (made.depth(), len(made)) == (level + 1, level + 1)
        made.rollback()
    assert (made.depth(), len(made)) == (0, 0)


def test_a_long_journal_of_many_levels_is_undone_level_by_level() -> None:
    """100,000 changes in each of three levels: more than the journal keeps room for, which it then gives back and takes anew."""
    made = books()
    for _ in range(2):
        sizes = []
        for level in range(3):
            made.begin()
            sizes.append(len(made))
            for order_id in range(level * 100_000 + 1, (level + 1) * 100_000 + 1):
                made.restore(NOW, order_id, OFFER, 0, SOLAR, order_id % 97, 1)
        made.commit()
        assert len(made) == 300_000
        made.rollback()
        assert len(made) == sizes[1]
        made.rollback()
        assert (len(made), made.depth()) == (0, 0)
    assert made.place(NOW, 1, BID, 0, ANY, 100, 1, PLENTY) == ([], 1, True)
