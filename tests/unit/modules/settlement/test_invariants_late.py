"""Invariants of corrections, congestion rent, locks and void trades notice each row that a broken rule could leave behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gridnode.execution.registry import MODULES
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.market.locks import LOCKS, VOIDED, Lock
from gridnode.modules.market.messages import AcknowledgeLock
from gridnode.modules.registry.messages import AddGateway
from gridnode.modules.settlement import correction_tables as late
from gridnode.modules.settlement import tables as settlement
from gridnode.modules.token.tables import BALANCES, SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.overlay import State
from tests.energy_world import MTU_MS, account, bid, offer, sheet
from tests.settlement_case import PRICE, Case

Damage = Callable[[State, int], None]
ALICE, BOB = "alice-point", "bob-point"


@pytest.fixture(scope="module")
def case() -> Case:
    """An MTU with a void trade (1), a paid one (2) and two corrections of bob; the MTU after the next waits with a lock."""
    made = Case(metering={"correction_window_ms": 600_000}, market={"lock_from_wh": 50})
    world = made.world
    world.ok(("erc", AddGateway(account("egat"), "box")))
    made.trade("bob", 60)
    made.trade("bob", 40)
    later = made.mtu + 20
    world.ok(sheet("alice", 100, offer(later, 70, PRICE)), sheet("bob", 100, bid(later, 70, 5_000_000)))
    world.ok(("egat", AcknowledgeLock(later, ALICE, 65)))
    made.measure(alice_pv=100, alice_load=0, alice_wind=0, bob_load=100)
    made.correct(bob_load=120)
    made.correct(version=2, bob_load=90)
    made.correct(version=0, carol_load=5)
    assert later * MTU_MS > world.time_ms
    return made


def _changed(table: Any, *key: Any, **changes: Any) -> Damage:
    """Change a row of the settled MTU."""

    def damage(state: State, mtu: int) -> None:
        found = table.require(state, mtu, *key)
        table.put(state, mtu, *key, replace(found, **changes))

    return damage


def _correction(number: int, **changes: Any) -> Damage:
    return _changed(late.CORRECTIONS, BOB, number, **changes)


def _lock(requested_wh: int, acknowledged_wh: int) -> Damage:
    return lambda state, mtu: LOCKS.put(state, mtu + 20, ALICE, Lock(requested_wh, acknowledged_wh))


def _mint(state: State, mtu: int) -> None:
    BALANCES.put(state, CONGESTION, Denomination.THB, 1)
    SUPPLY.put(state, Denomination.THB, SUPPLY.require(state, Denomination.THB) + 1)


def _sums(table: Any, in_mtu: bool) -> Damage:
    def damage(state: State, mtu: int) -> None:
        key = (mtu,) if in_mtu else ()
        found = table.require(state, *key)
        table.put(state, *key, replace(found, charged=found.charged + 1))

    return damage


BLOCK_AND_WHOLE: dict[str, Damage] = {
    "a correction charges something else": _correction(2, charged=1),
    "a correction has other figures": _correction(1, consumed_wh=121),
    "a correction tells another tax": _correction(1, lack_vat=1),
    "a correction vanishes": lambda state, mtu: late.CORRECTIONS.delete(state, mtu, BOB, 1),
    "corrections have a gap": lambda state, mtu: late.CORRECTIONS.put(
        state, mtu, BOB, 4, late.CORRECTIONS.require(state, mtu, BOB, 2)
    ),
    "corrections of an MTU miscounted": _sums(late.MTU_CORRECTIONS, True),
    "all corrections miscounted": _sums(late.ALL_CORRECTIONS, False),
    "rent from nowhere": _mint,
    "rent spent that did not move": lambda state, _: late.SPENDINGS.put(
        state, 1, late.Spending(account("pea"), 1, "", account("erc"), 1, 1)
    ),
    "a paid trade becomes void": lambda state, mtu: VOIDED.put(state, mtu, 2, True),
    "a trade becomes void before its MTU is settled": lambda state, mtu: VOIDED.put(state, mtu + 20, 3, True),
    "a lock is released early": lambda state, mtu: LOCKS.delete(state, mtu + 20, ALICE),
    "a lock asks for less": _lock(69, 65),
    "a statement is priced otherwise": _changed(settlement.STATEMENTS, BOB, imbalance=1),
    "a statement tells another tax": _changed(settlement.STATEMENTS, BOB, wheeling_vat=1),
}
BLOCK_ONLY: dict[str, Damage] = {
    "an acknowledgement falls": _lock(70, 64),
    "a void trade is void no more": lambda state, mtu: VOIDED.put(state, mtu, 1, False),
}
WHOLE_ONLY: dict[str, Damage] = {
    "a statement is not its owner's": lambda state, mtu: settlement.OWNER_STATEMENTS.delete(state, account("bob"), mtu, BOB),
    "a void trade is forgotten": lambda state, mtu: VOIDED.delete(state, mtu, 1),
    "a lock of a settled MTU": lambda state, mtu: LOCKS.put(state, mtu, ALICE, Lock(1, 1)),
    "a lock that nobody asked for": lambda state, mtu: LOCKS.put(state, mtu + 20, BOB, Lock(1, 1)),
    "sales of a settled MTU": lambda state, mtu: settlement.SALES.put(state, mtu, ALICE, settlement.Sales(0, False, ())),
    "sales covered beyond their lock": lambda state, mtu: settlement.SALES.put(
        state, mtu + 20, ALICE, settlement.Sales(66, False, ())
    ),
}


def _check_block(case: Case, state: State) -> None:
    for module in MODULES:
        module.check_block(case.world.reader, state.writes())


def _check_whole(state: State) -> None:
    for module in MODULES:
        module.check_whole(state)


@pytest.mark.parametrize("name", [*BLOCK_AND_WHOLE, *BLOCK_ONLY])
def test_the_check_of_a_block_notices(case: Case, name: str) -> None:
    state = State(case.world.reader)
    (BLOCK_AND_WHOLE | BLOCK_ONLY)[name](state, case.mtu)
    with pytest.raises(InvariantBroken):
        _check_block(case, state)


@pytest.mark.parametrize("name", [*BLOCK_AND_WHOLE, *WHOLE_ONLY])
def test_the_audit_notices(case: Case, name: str) -> None:
    state = State(case.world.reader)
    (BLOCK_AND_WHOLE | WHOLE_ONLY)[name](state, case.mtu)
    with pytest.raises(InvariantBroken):
        _check_whole(state)


def test_nothing_is_found_where_nothing_is_wrong(case: Case) -> None:
    case.world.check()
