"""The credits' order book against a naive model of it: random orders, cancels and retirements, conservation after each step.

The model is a list of orders that is searched and sorted anew each time. The world checks every invariant of every module after each block.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gridnode.modules.carbon import queries
from gridnode.modules.carbon.codes import CarbonCode
from gridnode.modules.carbon.messages import PlaceOrder, RetireCredits
from gridnode.modules.carbon.tables import ESCROW_ACCOUNT
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.modules.token.tables import Denomination
from tests.carbon_world import BAHT, CREDIT, FEE_MICRO, OPENING, TRADERS, cancel, carbon_world, co2
from tests.energy_world import THB, account

STEPS = 3
MOST_OPEN = 8
"""As in the test chain's genesis."""


@dataclass
class Naive:
    """An order of the model."""

    number: int
    owner: str
    side: Side
    left: int
    filled: int
    baht: int
    is_open: bool = True


def _price(amount: int, baht: int) -> int:
    """Credits (1e-9) at whole THB each, in 1e-9 THB."""
    return amount * baht


def _fee(amount: int) -> int:
    return amount * FEE_MICRO // 10**6


class CarbonBook(RuleBasedStateMachine):
    """Three traders with money and credits that run out."""

    @initialize()
    def start(self) -> None:
        self.world = carbon_world()
        self.orders: list[Naive] = []
        self.money = dict.fromkeys(TRADERS, 1_000 * THB)
        self.credits = dict.fromkeys(TRADERS, OPENING)
        self.fees = self.retired = 0

    @rule(
        name=st.sampled_from(TRADERS),
        side=st.sampled_from(list(Side)),
        amount=st.sampled_from([1, 2, 5, 30]).map(lambda whole: whole * CREDIT) | st.just(CREDIT // 10_000 * 3_333),
        baht=st.integers(3, 9),
    )
    def place(self, name: str, side: Side, amount: int, baht: int) -> None:
        expected = self._refusal(name, side, amount, baht)
        [code] = self.world.block((name, PlaceOrder(side, amount, baht * BAHT)))
        assert code == expected, self.world.details
        if not code:
            self._place(Naive(len(self.orders) + 1, name, side, amount, 0, baht))

    @rule(name=st.sampled_from(TRADERS), number=st.integers(1, 30))
    def cancel(self, name: str, number: int) -> None:
        [code] = self.world.block(cancel(name, number))
        found = self.orders[number - 1] if number <= len(self.orders) else None
        if found is None:
            assert code == CarbonCode.UNKNOWN_ORDER
        elif found.owner != name:
            assert code == CarbonCode.NOT_OWNER
        elif not found.is_open:
            assert code == CarbonCode.ORDER_DONE
        else:
            assert code == 0
            self._give_back(found)

    @rule(name=st.sampled_from(TRADERS), amount=st.integers(1, 3 * CREDIT))
    def retire(self, name: str, amount: int) -> None:
        [code] = self.world.block((name, RetireCredits(amount, account(name), "")))
        assert code == (0 if amount <= self.credits[name] else CarbonCode.CREDITS_UNPAID)
        if not code:
            self.credits[name] -= amount
            self.retired += amount

    def _refusal(self, name: str, side: Side, amount: int, baht: int) -> int:
        own = [order for order in self.orders if order.owner == name and order.is_open]
        if len(own) >= MOST_OPEN:
            return CarbonCode.TOO_MANY_ORDERS
        for other in own:
            if other.side != side and (baht >= other.baht if side is Side.BID else baht <= other.baht):
                return CarbonCode.OWN_ORDERS_CROSS
        due, held = (
            (_price(amount, baht) + _fee(amount), self.money[name]) if side is Side.BID else (amount, self.credits[name])
        )
        return CarbonCode.ESCROW_UNPAID if held < due else 0

    def _reached(self, order: Naive) -> list[Naive]:
        """Open orders that an order reaches, in the order in which it meets them."""
        others = [other for other in self.orders if other.is_open and other.side != order.side]
        if order.side is Side.BID:
            return sorted((o for o in others if o.baht <= order.baht), key=lambda o: (o.baht, o.number))
        return sorted((o for o in others if o.baht >= order.baht), key=lambda o: (-o.baht, o.number))

    def _place(self, order: Naive) -> None:
        """Take what the order needs, trade, and put it into the book or give the rest back."""
        if order.side is Side.BID:
            self.money[order.owner] -= _price(order.left, order.baht) + _fee(order.left)
        else:
            self.credits[order.owner] -= order.left
        for other in self._reached(order)[:STEPS]:
            if order.left:
                self._trade(order, other)
        self.orders.append(order)
        order.is_open = order.left > 0
        if order.is_open and self._reached(order):
            self._give_back(order)

    def _trade(self, order: Naive, other: Naive) -> None:
        amount = min(order.left, other.left)
        bid, offer = (order, other) if order.side is Side.BID else (other, order)
        self.money[bid.owner] += _price(amount, bid.baht - other.baht)
        self.money[offer.owner] += _price(amount, other.baht)
        self.credits[bid.owner] += amount
        self.fees += _fee(amount)
        for each in (order, other):
            each.left -= amount
            each.filled += amount
        other.is_open = other.left > 0

    def _give_back(self, order: Naive) -> None:
        order.is_open = False
        if order.side is Side.BID:
            self.money[order.owner] += _price(order.left, order.baht) + _fee(order.left)
        else:
            self.credits[order.owner] += order.left

    @invariant()
    def agrees(self) -> None:
        for name in TRADERS:
            assert (self.world.thb(name), co2(self.world, name)) == (self.money[name], self.credits[name])
        assert self.world.thb("egat") == 1_000 * THB + self.fees
        rows = queries.orders(self.world.reader, 1_000)[::-1]
        assert [(number, row.filled_nano) for number, row in rows] == [(o.number, o.filled) for o in self.orders]
        assert [row.status in (OrderStatus.ACTIVE, OrderStatus.PARTLY_FILLED) for _, row in rows] == [
            order.is_open for order in self.orders
        ]

    @invariant()
    def conserves(self) -> None:
        escrow = [self.world.held(ESCROW_ACCOUNT, of) for of in (Denomination.THB, Denomination.CO2)]
        assert sum(self.money.values()) + self.fees + escrow[0] == 3_000 * THB
        assert sum(self.credits.values()) + self.retired + escrow[1] == 3 * OPENING


TestCarbonBook = CarbonBook.TestCase
TestCarbonBook.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
