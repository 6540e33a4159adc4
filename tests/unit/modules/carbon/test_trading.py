"""Orders for credits: whom they meet at what price, what they pay, and every result code."""

from __future__ import annotations

import pytest

from gridnode.modules.carbon import queries
from gridnode.modules.carbon.codes import CarbonCode
from gridnode.modules.carbon.messages import CancelOrder, PlaceOrder, RetireCredits
from gridnode.modules.carbon.tables import ESCROW_ACCOUNT, Order
from gridnode.modules.market.rules import set_barred
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.modules.registry.messages import SuspendParticipant
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import OperatorError
from gridnode.state.overlay import State
from gridnode.state.prefixes import VALIDATORS
from tests.carbon_world import BAHT, CREDIT, OPENING, bid, cancel, carbon_world, co2, offer
from tests.energy_world import THB, World, account

FUNDS = 1_000 * THB


@pytest.fixture
def world() -> World:
    return carbon_world()


def _order(world: World, number: int) -> Order:
    found = queries.order(world.reader, number)
    assert found is not None
    return found


def _escrow(world: World) -> tuple[int, int]:
    return world.held(ESCROW_ACCOUNT, Denomination.THB), world.held(ESCROW_ACCOUNT, Denomination.CO2)


def test_orders_wait_with_what_they_need_in_escrow(world: World) -> None:
    world.ok(offer("alice", 10, 5), bid("bob", 10, 4))
    assert _escrow(world) == (10 * (4 * THB + THB // 50), 10 * CREDIT)  # 4 THB and a fee of 0.02
    assert co2(world, "alice") == OPENING - 10 * CREDIT
    assert _order(world, 1).status is _order(world, 2).status is OrderStatus.ACTIVE


def test_a_bid_pays_the_limits_of_the_offers_it_meets_and_keeps_the_rest(world: World) -> None:
    world.ok(offer("alice", 3, 5), offer("carol", 2, 4), offer("alice", 2, 4))
    world.ok(bid("bob", 6, 6))
    fills = [(found.offer, found.amount_nano, found.price_micro) for _, found in queries.trades(world.reader, 9)]
    assert fills[::-1] == [(2, 2 * CREDIT, 4 * BAHT), (3, 2 * CREDIT, 4 * BAHT), (1, 2 * CREDIT, 5 * BAHT)]
    spent = (8 + 8 + 10) * THB
    assert world.thb("bob") == FUNDS - spent - 6 * THB // 50
    assert world.thb("alice") == FUNDS + 18 * THB
    assert world.thb("egat") == FUNDS + 6 * THB // 50
    assert co2(world, "bob") == OPENING + 6 * CREDIT
    assert (_order(world, 4).status, _order(world, 4).value) == (OrderStatus.FILLED, spent)
    assert (_order(world, 1).status, _order(world, 1).filled_nano) == (OrderStatus.PARTLY_FILLED, 2 * CREDIT)
    assert _escrow(world) == (0, CREDIT)


def test_an_offer_gets_the_limits_of_the_bids_it_meets(world: World) -> None:
    world.ok(bid("bob", 1, 4), bid("carol", 1, 6), bid("bob", 1, 6))
    world.ok(offer("alice", 4, 4))
    bids = [found.bid for _, found in queries.trades(world.reader, 9)]
    assert bids[::-1] == [2, 3, 1]
    assert world.thb("alice") == FUNDS + 16 * THB
    assert _order(world, 4).status is OrderStatus.PARTLY_FILLED
    assert _escrow(world) == (0, CREDIT)


def test_what_still_reaches_the_book_after_the_last_step_is_cancelled(world: World) -> None:
    world.ok(*(offer("alice", 1, 5) for _ in range(4)))
    world.ok(bid("bob", 5, 5))
    taken = _order(world, 5)
    assert (taken.status, taken.filled_nano) == (OrderStatus.CANCELLED, 3 * CREDIT)
    assert world.thb("bob") == FUNDS - 15 * THB - 3 * THB // 50
    assert queries.overview(world.reader).best_bid_micro is None


def test_what_no_longer_reaches_the_book_after_the_last_step_waits(world: World) -> None:
    world.ok(*(offer("alice", 1, 5) for _ in range(3)), offer("alice", 1, 6))
    world.ok(bid("bob", 5, 5))
    assert _order(world, 5).status is OrderStatus.PARTLY_FILLED
    assert queries.overview(world.reader).best_bid_micro == 5 * BAHT


def test_an_order_that_ends_with_the_last_step_is_filled(world: World) -> None:
    world.ok(*(offer("alice", 1, 5) for _ in range(4)))
    world.ok(bid("bob", 3, 5))
    assert _order(world, 5).status is OrderStatus.FILLED


@pytest.mark.parametrize("call", [offer("bob", 9, 5), bid("bob", 9, 5)])
def test_cancel_gives_back_what_is_left(world: World, call: tuple[str, object]) -> None:
    other = bid("carol", 4, 5) if call[1].side is Side.OFFER else offer("carol", 4, 5)  # type: ignore[attr-defined]
    world.ok(call, other)
    world.ok(cancel("bob", 1))
    assert _order(world, 1).status is OrderStatus.CANCELLED
    assert _escrow(world) == (0, 0)
    moved = 4 * CREDIT if call[1].side is Side.BID else -4 * CREDIT  # type: ignore[attr-defined]
    assert co2(world, "bob") == OPENING + moved


def test_the_last_of_an_account_trades(world: World) -> None:
    world.ok(offer("alice", 100, 1), bid("bob", 100, 1))
    assert co2(world, "alice") == 0
    assert world.thb("alice") == FUNDS + 100 * THB


def _place(side: Side, amount_nano: int, price_micro: int) -> PlaceOrder:
    return PlaceOrder(side, amount_nano, price_micro)


def _rows(world: World) -> dict[bytes, bytes]:
    """All rows but those of the validators, whose turns every block draws anew."""
    return {key: row for key, row in world.reader.scan(b"", b"\xff") if key[0] != VALIDATORS}


@pytest.mark.parametrize(
    ("sender", "message", "code"),
    [
        ("bob", _place(Side.BID, 0, 5 * BAHT), CarbonCode.AMOUNT_TOO_SMALL),
        ("bob", _place(Side.BID, -CREDIT, 5 * BAHT), CarbonCode.AMOUNT_TOO_SMALL),
        ("bob", _place(Side.BID, 999_999, 5 * BAHT), CarbonCode.AMOUNT_TOO_SMALL),
        ("bob", _place(Side.BID, 10**15 + 100_000, 5 * BAHT), CarbonCode.AMOUNT_TOO_LARGE),
        ("bob", _place(Side.BID, 1_000_001, 5 * BAHT), CarbonCode.AMOUNT_OFF_STEP),
        ("bob", _place(Side.BID, CREDIT, 0), CarbonCode.PRICE_OUT_OF_RANGE),
        ("bob", _place(Side.BID, CREDIT, -BAHT), CarbonCode.PRICE_OUT_OF_RANGE),
        ("bob", _place(Side.BID, CREDIT, 101 * BAHT), CarbonCode.PRICE_OUT_OF_RANGE),
        ("bob", _place(Side.BID, CREDIT, BAHT + 1), CarbonCode.PRICE_OFF_TICK),
        ("alice", _place(Side.BID, CREDIT, 5 * BAHT), CarbonCode.OWN_ORDERS_CROSS),
        ("alice", _place(Side.BID, CREDIT, 6 * BAHT), CarbonCode.OWN_ORDERS_CROSS),
        ("alice", _place(Side.OFFER, CREDIT, 2 * BAHT), CarbonCode.OWN_ORDERS_CROSS),
        ("bob", _place(Side.BID, 200 * CREDIT, 5 * BAHT), CarbonCode.ESCROW_UNPAID),
        ("bob", _place(Side.OFFER, 102 * CREDIT, 5 * BAHT), CarbonCode.ESCROW_UNPAID),
        ("egat", _place(Side.OFFER, CREDIT, 5 * BAHT), CarbonCode.ESCROW_UNPAID),
        ("bob", CancelOrder(9), CarbonCode.UNKNOWN_ORDER),
        ("bob", CancelOrder(2**64 - 1), CarbonCode.UNKNOWN_ORDER),
        ("bob", CancelOrder(1), CarbonCode.NOT_OWNER),
        ("alice", CancelOrder(3), CarbonCode.ORDER_DONE),
        ("bob", CancelOrder(4), CarbonCode.ORDER_DONE),
        ("bob", RetireCredits(0, account("bob"), ""), CarbonCode.ZERO_AMOUNT),
        ("bob", RetireCredits(1, ESCROW_ACCOUNT, ""), CarbonCode.RESERVED_ACCOUNT),
        ("bob", RetireCredits(OPENING + CREDIT + 1, account("bob"), ""), CarbonCode.CREDITS_UNPAID),
    ],
)
def test_refused(sender: str, message: object, code: CarbonCode) -> None:
    world = carbon_world()
    world.ok(offer("alice", 10, 5), bid("alice", 10, 2), offer("alice", 1, 3), bid("bob", 1, 3))
    before = _rows(world)
    assert world.block((sender, message)) == [code], world.details
    assert _rows(world) == before


def test_an_account_has_so_many_open_orders_and_no_more(world: World) -> None:
    world.ok(*(offer("alice", 1, 5) for _ in range(8)))
    assert world.block(offer("alice", 1, 5)) == [CarbonCode.TOO_MANY_ORDERS]
    world.ok(cancel("alice", 3), offer("alice", 1, 5))


def test_a_suspended_participant_may_cancel_and_nothing_else(world: World) -> None:
    world.join("alice", "CITY")
    world.ok(offer("alice", 1, 5))
    world.ok(("erc", SuspendParticipant(account("alice"), "")))
    assert world.block(offer("alice", 1, 6)) == [CarbonCode.SUSPENDED]
    world.ok(cancel("alice", 1))


def test_who_is_in_arrears_may_offer_and_not_bid(world: World) -> None:
    state = State(world.reader)
    set_barred(state, account("bob"), True)
    world.reader.apply(state.writes())
    world.full_checks = False  # nobody is owed anything
    assert world.block(bid("bob", 1, 5), offer("bob", 1, 5)) == [CarbonCode.IN_ARREARS, 0]


def test_retired_credits_are_gone(world: World) -> None:
    world.ok(("bob", RetireCredits(30 * CREDIT, account("carol"), "a flight")))
    overview = queries.overview(world.reader)
    assert (co2(world, "bob"), overview.retired_nano) == (OPENING - 30 * CREDIT, 30 * CREDIT)
    assert overview.supply_nano == 3 * OPENING - 30 * CREDIT


@pytest.mark.parametrize(
    "change",
    [
        {"min_amount_nano": 2, "max_amount_nano": 1},
        {"price_floor_micro": 2, "price_cap_micro": 1},
        {"price_tick_micro": 1},
        {"fee_micro": 5},
        {"fee_account": ESCROW_ACCOUNT},
    ],
)
def test_genesis_without_sense(change: dict[str, object]) -> None:
    with pytest.raises(OperatorError, match=r"^carbon: expected"):
        carbon_world(**change)


def test_genesis_with_a_source_listed_twice() -> None:
    from tests.chain_in_memory import openings

    rates = openings()["carbon"].rates
    with pytest.raises(OperatorError, match="expected solar once"):
        carbon_world(rates=rates * 2)
