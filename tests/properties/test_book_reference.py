"""The compiled books do what the naive ones do: same fills in the same order, same flows, same remainders, whatever happens."""

from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode._native.book import Books
from tests.properties.book_pair import (
    CAPACITIES,
    ORDERS,
    PLENTY,
    STEPS,
    WISHES,
    Net,
    Pair,
    dump,
    nets,
    passes,
    row_of,
)


@settings(max_examples=300, deadline=None)
@given(nets(), CAPACITIES, st.lists(STEPS, min_size=15, max_size=60))
def test_compiled_and_naive_books_agree(net: Net, capacities: list[int], steps: list) -> None:
    """Any mixture of operations, budgets and interruptions gives the same answers and leaves the same content."""
    pair = Pair(net, capacities)
    for step in steps:
        pair.step(*step)
        compiled, naive = (dump(books, net) for books in pair.both)
        assert compiled == naive
        assert len(pair.both[0]) == len(pair.both[1])


@settings(max_examples=200, deadline=None)
@given(
    nets(),
    CAPACITIES,
    st.lists(STEPS, min_size=8, max_size=25),
    st.lists(STEPS, min_size=8, max_size=25),
    st.lists(STEPS, min_size=8, max_size=25),
)
def test_rollback_leaves_no_trace(
    net: Net, capacities: list[int], kept: list, undone: list, later: list
) -> None:
    """After a rollback the compiled books look and behave like books to which the undone steps never happened.

    The undone steps hold levels of their own, ended or not; the kept ones may leave levels open around.
    """
    tried, spared = Pair(net, capacities), Pair(net, capacities)
    for step in kept:
        tried.step(*step)
        spared.step(*step)
    before, first_id, around = dump(tried.both[0], net), tried.next_id, tried.call("depth")
    tried.attempt("begin")
    if tried.call("depth") == around:
        return
    for step in undone:
        if step[0] not in ("commit", "rollback") or tried.call("depth") > around + 1:
            tried.step(*step)
    while tried.call("depth") > around:
        tried.call("rollback")
    tried.next_id = first_id
    assert dump(tried.both[0], net) == before
    for step in later:
        tried.step(*step)
        spared.step(*step)
        assert dump(tried.both[0], net) == dump(spared.both[0], net)


@settings(max_examples=300, deadline=None)
@given(nets(), CAPACITIES, st.lists(ORDERS, min_size=5, max_size=30))
def test_crossed_resting_orders_meet_in_the_same_order(net: Net, capacities: list[int], orders: list) -> None:
    """Orders restored without matching, most of them crossed, meet in the order of the naive books."""
    pair = Pair(net, capacities)
    for order in orders:
        pair.step("restore", order)
    for period in (0, 1):
        pair.call("crossed", period)
        pair.call("rematch", period, 3)
        pair.call("rematch", period, PLENTY)
        assert pair.both[0].crossed(period) is None
    assert dump(pair.both[0], net) == dump(pair.both[1], net)


def rebuilt(books: Books, net: Net) -> Books:
    """Return new books restored from what can be seen of the old ones, the latest orders and bands first."""
    fresh = net.books()[0]
    for period in reversed(books.periods()):
        fresh.open_period(period, fresh.add_band(net.adders[period]), *zip(*books.atc(period), strict=True))
        for line, flow_wh in enumerate(books.flows(period)):
            fresh.restore_flow(period, line, flow_wh)
        for row in reversed(books.orders(period)):
            fresh.restore(period, *row)
    return fresh


@settings(max_examples=150, deadline=None)
@given(nets(), CAPACITIES, st.lists(st.tuples(ORDERS, WISHES), min_size=8, max_size=40))
def test_an_interruption_changes_no_fill(net: Net, capacities: list[int], orders: list) -> None:
    """One fill a call, in books rebuilt from state before each call, gives the fills of uninterrupted calls, wish by wish."""
    whole, broken = Pair(net, capacities), Pair(net, capacities).both[0]
    for order_id, (order, wishes) in enumerate(orders, 1):
        row = row_of(net, order_id, order)
        calls = passes(broken, row, wishes, True)
        expected = whole.place(order, PLENTY, True, wishes)
        fills: list[tuple] = []
        left = row[-1]
        for mask, rest, partner in calls if left else ():
            done, budget = False, 0
            while left and not done:
                found, left, done = broken.place(*row[:4], mask, row[5], left, budget, rest, partner)
                fills += found
                budget = 1
                broken = broken if done else rebuilt(broken, net)
            while not done and budget:
                found, done = broken.rematch(row[0], 1)
                fills += found
                broken = broken if done else rebuilt(broken, net)
        assert fills == expected
    assert dump(broken, net) == dump(whole.both[0], net)


@settings(max_examples=150, deadline=None)
@given(nets(), CAPACITIES, st.lists(ORDERS, min_size=8, max_size=40), st.sampled_from((1, 2, 5, PLENTY)))
def test_many_rows_at_once_are_the_rows_in_turn(
    net: Net, capacities: list[int], orders: list, budget: int
) -> None:
    """place_many, interrupted by its budget and taken up again, gives the fills of single calls."""
    single, many = Pair(net, capacities), Pair(net, capacities).both[0]
    expected = [fill for order in orders for fill in single.place(order, PLENTY, True)]
    rows = [list(row_of(net, order_id, order)) for order_id, order in enumerate(orders, 1)]
    fills: list[int] = []
    while rows:
        columns = [array("q", column) for column in zip(*rows, strict=True)]
        found, done_rows, left = many.place_many(*columns, budget)
        fills += found.tolist()
        rows = rows[done_rows:]
        if rows and left:
            rows[0][-1] = left
        elif rows:
            done = False
            while not done:
                found_again, done = many.rematch(rows[0][0], budget)
                fills += [number for fill in found_again for number in fill]
            rows = rows[1:]
    assert [tuple(fills[at : at + 5]) for at in range(0, len(fills), 5)] == expected
    assert dump(many, net) == dump(single.both[0], net)


@settings(max_examples=150, deadline=None)
@given(nets(), CAPACITIES, st.lists(ORDERS, min_size=10, max_size=60))
def test_every_fill_keeps_every_promise(net: Net, capacities: list[int], orders: list) -> None:
    """Both limits, the source filter and every line's capacity hold, and no energy appears or vanishes."""
    pair = Pair(net, capacities)
    known: dict[int, tuple] = {}
    traded: dict[int, int] = {}
    for order in orders:
        known[pair.next_id] = row_of(net, pair.next_id, order)
        for resting_id, energy_wh, seller_price, adder, taker_id in pair.place(order, PLENTY, True):
            ends = sorted((known[resting_id], known[taker_id]), key=lambda row: row[2])
            (_, bid_id, _, bid_zone, bid_mask, bid_price, _), (period, offer_id, _, zone, mask, price, _) = (
                ends
            )
            assert resting_id < taker_id
            assert mask & bid_mask
            assert adder == net.adders[period][zone][bid_zone]
            assert price <= seller_price <= bid_price - adder
            assert seller_price in (price, bid_price - adder)
            for order_id in (bid_id, offer_id):
                traded[order_id] = traded.get(order_id, 0) + energy_wh
        for period in (0, 1):
            lines = zip(pair.both[0].flows(period), pair.both[0].atc(period), strict=True)
            assert all(-backward <= flow <= forward for flow, (forward, backward) in lines)
    for order_id, row in known.items():
        assert traded.get(order_id, 0) + pair.both[0].remaining(order_id) == row[-1]
