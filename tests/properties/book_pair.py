"""What the property tests of the order books share: drawn nets, orders and steps, and both books driven alike."""

from typing import NamedTuple

from hypothesis import event
from hypothesis import strategies as st

from gridnode._native.book import Books
from gridnode.modules.market.reference import BID, OFFER, ReferenceBooks

PLENTY = 10**6
EVERYTHING = 10**9
MOST_ZONES = 4

Either = Books | ReferenceBooks
Pass = tuple[int, bool, int]  # mask, rest, counterparty


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
    zones = draw(st.integers(1, MOST_ZONES))
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
WISHES = st.lists(st.tuples(st.sampled_from(("partner", "sources")), st.integers(0, 99)), max_size=3)
MATRICES = st.lists(st.integers(0, 3), min_size=MOST_ZONES**2, max_size=MOST_ZONES**2)
PLACE = st.tuples(st.just("place"), ORDERS, BUDGETS, st.sampled_from((True, True, False)), WISHES)
CHANGES = st.one_of(
    st.tuples(st.just("again"), ORDERS, BUDGETS, st.booleans(), st.sampled_from((0, 0, 2, 5))),
    st.tuples(st.just("cancel"), st.integers(1, 60)),
    st.tuples(
        st.just("set_atc"), st.integers(0, 1), st.integers(0, 3), st.integers(0, 20), st.integers(0, 20)
    ),
    st.tuples(st.just("restore_flow"), st.integers(0, 1), st.integers(0, 3), st.integers(-9, 9)),
    st.tuples(st.just("rematch"), st.integers(0, 1), BUDGETS),
    st.tuples(st.just("restore"), ORDERS),
    st.tuples(st.just("reopen"), st.integers(0, 1), CAPACITIES, MATRICES),
    st.tuples(st.just("add_band"), MATRICES),
    st.sampled_from((("begin",), ("begin",), ("commit",), ("rollback",))),
)
STEPS = st.booleans().flatmap(lambda trades: PLACE if trades else CHANGES)  # too few orders would never meet


def row_of(net: Net, order_id: int, order: tuple) -> tuple:
    """Return the arguments of place and restore, up to the energy, for a drawn order."""
    period, side, zone, sources, price, energy_wh = order
    mask = 1 << sources % 3 if side == OFFER else sources + 1
    return period, order_id, side, zone % net.n_zones, mask, price, energy_wh


def passes(books: Books, row: tuple, wishes: list, rest: bool) -> list[Pass]:
    """Return the calls of place in which an order tries its wishes, then everyone; most partners rest on the other side."""
    period, _, side, _, mask, _, _ = row
    known = books.orders(period)
    found: list[Pass] = []
    for kind, number in wishes:
        if kind == "partner":
            able = [other[0] for other in known if other[1] != side] if number % 8 else []
            choice = able or [number + 1]
            found.append((mask, False, choice[number % len(choice)]))
        elif side == BID:
            found.append((number % 7 + 1, False, 0))
    return [*found, (mask, rest, 0)]


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
        for period in (0, 1):
            self.open(period, net.adders[period], capacities)

    def call(self, name: str, *arguments: object) -> object:
        """Call both and return the common answer."""
        compiled, naive = (getattr(books, name)(*arguments) for books in self.both)
        assert compiled == naive, (name, arguments)
        return compiled

    def attempt(self, name: str, *arguments: object) -> object:
        """Call both and return the common answer, or None where both refuse."""
        answers = []
        for books in self.both:
            try:
                answers.append(getattr(books, name)(*arguments))
            except ValueError:
                answers.append("refused")
                event(f"{name} refused")
        assert answers[0] == answers[1], (name, arguments)
        return answers[0]

    def band(self, cells: list[int]) -> list[list[int]]:
        """Return drawn adders as a matrix of the net's size."""
        zones = self.net.n_zones
        return [cells[zone * zones : (zone + 1) * zones] for zone in range(zones)]

    def open(self, period: int, adders: list[list[int]], capacities: list[int]) -> None:
        """Open a period with the drawn capacities and adders."""
        lines = self.net.n_lines
        number = self.call("add_band", adders)
        self.call("open_period", period, number, capacities[:lines], capacities[4 : 4 + lines])

    def place(self, order: tuple, budget: int, rest: bool, wishes: list | None = None) -> list:
        """Place an order wish by wish, each with the same budget until it is done; return all fills."""
        row = row_of(self.net, self.next_id, order)
        self.next_id += 1
        fills: list = []
        left = row[-1]
        for mask, may_rest, partner in passes(self.both[0], row, wishes or [], rest):
            if left:
                head = (*row[:4], mask, row[5])
                left = self._one_pass(head, left, budget, may_rest, partner, fills)
                if partner and fills and fills[-1][0] == partner:
                    event("met the partner")
        assert self.both[0].crossed(row[0]) is None
        return fills

    def _one_pass(
        self, head: tuple, left: int, budget: int, rest: bool, partner: int, fills: list
    ) -> int:
        """Call place, and again until it is done; return what is left."""
        found, left, done = self.call("place", *head, left, budget, rest, partner)
        fills += found
        while not done:
            if left:
                found, left, done = self.call("place", *head, left, max(budget, 1), rest, partner)
            else:
                found, done = self.call("rematch", head[0], max(budget, 1))
            fills += found
        return left

    def step(self, name: str, *arguments: object) -> None:
        """Do one drawn step, as far as it makes sense now."""
        if name == "place":
            fills = self.place(*arguments)
            if any(taker < self.next_id - 1 for *_, taker in fills):
                event("resting orders met")
        elif name == "again":
            order, budget, rest, partner = arguments
            row = row_of(self.net, max(self.next_id - 1, 1), order)
            self.next_id = max(self.next_id, 2)
            self.attempt("place", *row, budget, rest, partner)
        elif name == "restore":
            self.call("restore", *row_of(self.net, self.next_id, arguments[0]))
            self.next_id += 1
        elif name == "reopen":
            self.call("close_period", arguments[0])
            self.open(arguments[0], self.band(arguments[2]), arguments[1])
        elif name == "add_band":
            self.call(name, self.band(arguments[0]))
        elif name in ("set_atc", "restore_flow"):
            self.call(name, arguments[0], arguments[1] % self.net.n_lines, *arguments[2:])
        elif name in ("begin", "commit", "rollback"):
            self.attempt(name)
            event(f"{self.call('depth')} levels")
        else:
            self.call(name, *arguments)
