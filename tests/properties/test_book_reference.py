"""The compiled books do what the naive ones do: same fills in the same order, same flows, same remainders, whatever happens."""

from array import array
from typing import NamedTuple

from hypothesis import event, given, settings
from hypothesis import strategies as st

from gridnode._native.book import Books
from gridnode.modules.market.reference import BID, OFFER, ReferenceBooks

PLENTY = 10**6
EVERYTHING = 10**9

Either = Books | ReferenceBooks


class Net(NamedTuple):
    """What both books are built from."""

    n_zones: int
    n_lines: int
    paths: list
    adders: list

    def books(self) -> tuple[Books, ReferenceBooks]:
        """Return the compiled and the naive books of this net, which know no band yet."""
        return Books(*self[:3]), ReferenceBooks(*self[:3])


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Draw a star, as the main grid is one, or zones joined by arbitrary ways with some pairs unreachable."""
    zones = draw(st.integers(1, 4))
    paths = [[() if a == b else ((a, 1), (b, -1)) for b in range(zones)] for a in range(zones)]
    if draw(st.booleans()):
        steps = st.tuples(st.integers(0, zones - 1), st.sampled_from((1, -1)))
        ways = st.none() | st.lists(steps, min_size=1, max_size=3, unique_by=lambda step: step[0])
        paths = [[() if a == b else draw(ways) for b in range(zones)] for a in range(zones)]
    adder = st.integers(0, 3)
    adders = [[[0 if a == b else draw(adder) for b in range(zones)] for a in range(zones)] for _ in range(2)]
    return Net(zones, zones, paths, adders)


# Few prices, sources and energies on purpose: ties, exact fills and lines that are just full are the cases that matter.
ORDERS = st.tuples(
    st.integers(0, 1),  # period
    st.sampled_from((BID, OFFER)),
    st.integers(0, 3),  # zone
    st.integers(0, 6),  # sources
    st.integers(-3, 6),  # price
    st.integers(1, 12),  # energy
)
CAPACITIES = st.lists(st.sampled_from((0, 1, 4, 9, 30)), min_size=8, max_size=8)
BUDGETS = st.sampled_from((0, 1, 2, PLENTY, PLENTY, PLENTY))
STEPS = st.one_of(
    st.tuples(st.just("place"), ORDERS, BUDGETS, st.booleans()),
    st.tuples(st.just("place"), ORDERS, st.just(PLENTY), st.just(True)),
    st.tuples(st.just("cancel"), st.integers(1, 60)),
    st.tuples(
        st.just("set_atc"), st.integers(0, 1), st.integers(0, 3), st.integers(0, 20), st.integers(0, 20)
    ),
    st.tuples(st.just("restore_flow"), st.integers(0, 1), st.integers(0, 3), st.integers(-9, 9)),
    st.tuples(st.just("rematch"), st.integers(0, 1), BUDGETS),
    st.tuples(st.just("restore"), ORDERS),
    st.tuples(st.just("reopen"), st.integers(0, 1), CAPACITIES, st.booleans()),
    st.sampled_from((("begin",), ("commit",), ("rollback",))),
)


def row_of(net: Net, order_id: int, order: tuple) -> tuple:
    """Return the arguments of place and restore, up to the energy, for a drawn order."""
    period, side, zone, sources, price, energy_wh = order
    mask = 1 << sources % 3 if side == OFFER else sources + 1
    return period, order_id, side, zone % net.n_zones, mask, price, energy_wh


def dump(books: Either, net: Net) -> list:
    """Return everything that can be seen of the books."""
    return [
        (
            *(period, books.flows(period), books.atc(period), books.orders(period), books.crossed(period)),
            [
                books.queue(period, side, zone, EVERYTHING)
                for side in (BID, OFFER)
                for zone in range(net.n_zones)
            ],
        )
        for period in books.periods()
    ]


class Pair:
    """Both books, driven alike; every answer is compared."""

    def __init__(self, net: Net, capacities: list[int]) -> None:
        self.net = net
        self.both = net.books()
        self.next_id = 1
        self.recording = False
        for period in (0, 1):
            self.open(period, period, capacities)

    def call(self, name: str, *arguments: object) -> object:
        """Call both and return the common answer."""
        compiled, naive = (getattr(books, name)(*arguments) for books in self.both)
        assert compiled == naive, (name, arguments)
        return compiled

    def open(self, period: int, band: int, capacities: list[int]) -> None:
        """Open a period with the drawn capacities and the adders of one of the two bands."""
        lines = self.net.n_lines
        number = self.call("add_band", self.net.adders[band])
        self.call("open_period", period, number, capacities[:lines], capacities[4 : 4 + lines])

    def place(self, order: tuple, budget: int, rest: bool) -> list:
        """Place an order, going on with the same budget until it is done; return all fills."""
        period, order_id, *middle, left = row_of(self.net, self.next_id, order)
        self.next_id += 1
        fills: list = []
        done = False
        while not done and (left or not fills):
            found, left, done = self.call("place", period, order_id, *middle, left, budget, rest)
            fills += found
            budget = max(budget, 1)
        while not done:
            found, done = self.call("rematch", period, budget)
            fills += found
        assert self.both[0].crossed(period) is None
        return fills

    def step(self, name: str, *arguments: object) -> None:
        """Do one drawn step, as far as it makes sense now."""
        if name == "place":
            fills = self.place(*arguments)
            if any(taker < self.next_id - 1 for *_, taker in fills):
                event("resting orders met")
        elif name == "restore":
            self.call("restore", *row_of(self.net, self.next_id, arguments[0]))
            self.next_id += 1
        elif name == "reopen":
            self.call("close_period", arguments[0])
            self.open(arguments[0], int(arguments[2]), arguments[1])
        elif name in ("set_atc", "restore_flow"):
            self.call(name, arguments[0], arguments[1] % self.net.n_lines, *arguments[2:])
        elif name in ("begin", "commit", "rollback"):
            if self.recording == (name != "begin"):
                self.call(name)
                self.recording = name == "begin"
        else:
            self.call(name, *arguments)


@settings(max_examples=300, deadline=None)
@given(nets(), CAPACITIES, st.lists(STEPS, max_size=60))
def test_compiled_and_naive_books_agree(net: Net, capacities: list[int], steps: list) -> None:
    """Any mixture of operations, budgets and interruptions gives the same answers and leaves the same content."""
    pair = Pair(net, capacities)
    for step in steps:
        pair.step(*step)
        compiled, naive = (dump(books, net) for books in pair.both)
        assert compiled == naive
        assert len(pair.both[0]) == len(pair.both[1])


@settings(max_examples=150, deadline=None)
@given(
    nets(),
    CAPACITIES,
    st.lists(STEPS, max_size=25),
    st.lists(STEPS, max_size=25),
    st.lists(ORDERS, max_size=25),
)
def test_rollback_leaves_no_trace(
    net: Net, capacities: list[int], kept: list, undone: list, later: list
) -> None:
    """After a rollback the compiled books look and behave like books to which the undone steps never happened."""
    tried, spared = Pair(net, capacities), Pair(net, capacities)
    journal = ("begin", "commit", "rollback")
    for step in kept:
        if step[0] not in journal:
            tried.step(*step)
            spared.step(*step)
    before, first_id = dump(tried.both[0], net), tried.next_id
    tried.call("begin")
    for step in undone:
        if step[0] not in journal:
            tried.step(*step)
    tried.call("rollback")
    tried.next_id = first_id
    assert dump(tried.both[0], net) == before
    for order in later:
        assert tried.place(order, PLENTY, True) == spared.place(order, PLENTY, True)
    assert dump(tried.both[0], net) == dump(spared.both[0], net)


@settings(max_examples=300, deadline=None)
@given(nets(), CAPACITIES, st.lists(ORDERS, max_size=30))
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
@given(nets(), CAPACITIES, st.lists(ORDERS, max_size=40))
def test_an_interruption_changes_no_fill(net: Net, capacities: list[int], orders: list) -> None:
    """One fill a call, in books rebuilt from state before each call, gives the fills of one uninterrupted call."""
    whole, broken = Pair(net, capacities), Pair(net, capacities).both[0]
    for order_id, order in enumerate(orders, 1):
        row = row_of(net, order_id, order)
        expected = whole.place(order, PLENTY, True)
        fills, left, done = broken.place(*row, 0)
        while not done:
            broken = rebuilt(broken, net)
            if left:
                found, left, done = broken.place(*row[:-1], left, 1)
            else:
                found, done = broken.rematch(row[0], 1)
            fills += found
        assert fills == expected
    assert dump(broken, net) == dump(whole.both[0], net)


@settings(max_examples=150, deadline=None)
@given(nets(), CAPACITIES, st.lists(ORDERS, max_size=40), st.sampled_from((1, 2, 5, PLENTY)))
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
@given(nets(), CAPACITIES, st.lists(ORDERS, max_size=60))
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
