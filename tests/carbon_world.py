"""A world whose people hold carbon credits from genesis on, and short ways to trade them."""

from __future__ import annotations

from gridnode.modules.carbon.messages import CancelOrder, PlaceOrder
from gridnode.modules.market.tables import Side
from gridnode.modules.token.tables import Denomination, OpeningBalance
from tests.chain_in_memory import openings
from tests.energy_world import Call, World, account

CREDIT = 10**9
"""One credit in its smallest units."""
BAHT = 10**6
"""A price of 1 THB per credit."""
FEE_MICRO = 20_000
"""As in the test chain's genesis."""
TRADERS = ("alice", "bob", "carol")
OPENING = 100 * CREDIT


def carbon_world(full_checks: bool = True, **carbon: object) -> World:
    """Everybody has 1,000 THB, the traders 100 credits each; `carbon` replaces fields of the opening state."""
    balances = openings()["token"].balances
    balances += tuple(OpeningBalance(account(name), Denomination.CO2, OPENING) for name in TRADERS)
    return World(full_checks, token={"balances": balances}, carbon=carbon)


def bid(name: str, whole: int, baht: int) -> Call:
    """Buy whole credits at a limit in whole THB."""
    return name, PlaceOrder(Side.BID, whole * CREDIT, baht * BAHT)


def offer(name: str, whole: int, baht: int) -> Call:
    """Sell whole credits at a limit in whole THB."""
    return name, PlaceOrder(Side.OFFER, whole * CREDIT, baht * BAHT)


def cancel(name: str, number: int) -> Call:
    """Take an order back."""
    return name, CancelOrder(number)


def co2(world: World, name: str) -> int:
    """Credits of a name, 1e-9 credit."""
    return world.held(account(name), Denomination.CO2)
