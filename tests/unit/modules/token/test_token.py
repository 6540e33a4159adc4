"""Money: every result code, what each message does, fees, and invariants that notice what does not add up."""

from typing import Any

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.context import Writes
from gridnode.modules.market.tables import ESCROW_ACCOUNT
from gridnode.modules.token import queries
from gridnode.modules.token.codes import TokenCode
from gridnode.modules.token.invariants import check_block, check_whole
from gridnode.modules.token.messages import Approve, Burn, Mint, Transfer, TransferFrom
from gridnode.modules.token.tables import ALLOWANCES, BALANCES, ROLES, SUPPLY, Denomination, Role
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_AMOUNT
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from tests.chain_in_memory import FEE, THB, MemoryChain, account

T = Denomination.THB
G = Denomination.GRID
OPENING = 1_000 * THB
COST = FEE + 1_000
"""Fee of a transaction with one token message."""
ALICE, BOB, CAROL, BANK = map(account, ("alice", "bob", "carol", "bank"))


@pytest.fixture
def chain() -> MemoryChain:
    return MemoryChain()


def held(chain: MemoryChain, name: str, denomination: Denomination = T) -> int:
    return queries.balances_of(chain.reader, account(name))[denomination]


@pytest.mark.parametrize(
    ("sender", "message", "code"),
    [
        ("alice", Transfer(BOB, T, 0), TokenCode.ZERO_AMOUNT),
        ("alice", Transfer(ALICE, T, 0), TokenCode.ZERO_AMOUNT),
        ("alice", Transfer(ALICE, T, 1), TokenCode.SAME_ACCOUNT),
        ("alice", Transfer(ESCROW_ACCOUNT, T, 1), TokenCode.RESERVED_ACCOUNT),
        ("alice", TransferFrom(BOB, ESCROW_ACCOUNT, T, 1), TokenCode.RESERVED_ACCOUNT),
        ("alice", Mint(ESCROW_ACCOUNT, T, 1), TokenCode.RESERVED_ACCOUNT),
        ("alice", Transfer(BOB, T, OPENING), TokenCode.INSUFFICIENT_BALANCE),
        ("alice", Transfer(BOB, G, 1), TokenCode.INSUFFICIENT_BALANCE),
        ("alice", Approve(ALICE, T, 1), TokenCode.SAME_ACCOUNT),
        ("alice", TransferFrom(BOB, ALICE, T, 0), TokenCode.ZERO_AMOUNT),
        ("alice", TransferFrom(BOB, BOB, T, 1), TokenCode.SAME_ACCOUNT),
        ("alice", TransferFrom(BOB, ALICE, T, 1), TokenCode.INSUFFICIENT_ALLOWANCE),
        ("alice", TransferFrom(BOB, ALICE, T, 2 * OPENING), TokenCode.INSUFFICIENT_ALLOWANCE),
        ("bank", Mint(ALICE, T, 0), TokenCode.ZERO_AMOUNT),
        ("alice", Mint(ALICE, T, 1), TokenCode.NOT_MINTER),
        ("bank", Mint(ALICE, G, 1), TokenCode.NOT_MINTER),
        ("bank", Mint(ALICE, T, MAX_AMOUNT), TokenCode.SUPPLY_OVERFLOW),
        ("bank", Burn(T, 0), TokenCode.ZERO_AMOUNT),
        ("alice", Burn(T, 1), TokenCode.NOT_BURNER),
        ("bank", Burn(G, 1), TokenCode.NOT_BURNER),
        ("bank", Burn(T, OPENING), TokenCode.INSUFFICIENT_BALANCE),
    ],
)
def test_refusals(chain: MemoryChain, sender: str, message: Any, code: TokenCode) -> None:
    supplies = queries.supplies(chain.reader)
    assert chain.run(sender, message) == code
    assert held(chain, sender) == OPENING - COST
    assert queries.supplies(chain.reader) == supplies


def test_codes_are_frozen() -> None:
    assert [(code.name, int(code)) for code in TokenCode] == [
        ("ZERO_AMOUNT", 101),
        ("SAME_ACCOUNT", 102),
        ("RESERVED_ACCOUNT", 103),
        ("NOT_MINTER", 104),
        ("NOT_BURNER", 105),
        ("INSUFFICIENT_ALLOWANCE", 106),
        ("INSUFFICIENT_BALANCE", 107),
        ("SUPPLY_OVERFLOW", 108),
    ]


def test_transfer_moves_and_tells(chain: MemoryChain) -> None:
    executed = chain.block(chain.transaction("alice", Transfer(BOB, T, 7)))
    [event] = executed.receipts[0].events
    told = decode(EVENTS[event.kind], event.body)
    assert (told.source, told.target, told.denomination, told.amount) == (ALICE, BOB, T, 7)
    assert (held(chain, "alice"), held(chain, "bob")) == (OPENING - COST - 7, OPENING + 7)


def test_all_that_is_left_leaves_no_row(chain: MemoryChain) -> None:
    assert chain.run("alice", Transfer(BOB, T, OPENING - COST)) == 0
    assert not BALANCES.has(chain.reader, ALICE, T)


def test_one_unit_more_than_is_left_is_refused(chain: MemoryChain) -> None:
    assert chain.run("alice", Transfer(BOB, T, OPENING - COST + 1)) == TokenCode.INSUFFICIENT_BALANCE


def test_allowance_shrinks_and_ends(chain: MemoryChain) -> None:
    assert chain.run("alice", Approve(BOB, T, 10)) == 0
    assert chain.run("bob", TransferFrom(ALICE, CAROL, T, 4)) == 0
    assert queries.allowances_of(chain.reader, ALICE, 10) == [(BOB, T, 6)]
    assert chain.run("bob", TransferFrom(ALICE, CAROL, T, 7)) == TokenCode.INSUFFICIENT_ALLOWANCE
    assert chain.run("bob", TransferFrom(ALICE, BOB, T, 6)) == 0
    assert not ALLOWANCES.has(chain.reader, ALICE, BOB, T)
    assert held(chain, "carol") == OPENING + 4


def test_allowance_is_replaced_and_withdrawn(chain: MemoryChain) -> None:
    assert chain.run("alice", Approve(BOB, T, 10), Approve(BOB, T, 3)) == 0
    assert queries.allowance(chain.reader, ALICE, BOB, T) == 3
    assert chain.run("alice", Approve(BOB, T, 0)) == 0
    assert queries.allowances_of(chain.reader, ALICE, 10) == []


def test_allowance_beyond_the_balance_does_not_create_money(chain: MemoryChain) -> None:
    assert chain.run("alice", Approve(BOB, T, MAX_AMOUNT)) == 0
    assert chain.run("bob", TransferFrom(ALICE, CAROL, T, 2 * OPENING)) == TokenCode.INSUFFICIENT_BALANCE
    assert queries.allowance(chain.reader, ALICE, BOB, T) == MAX_AMOUNT


def test_mint_and_burn_change_the_supply(chain: MemoryChain) -> None:
    before = queries.supplies(chain.reader)[T]
    assert chain.run("bank", Mint(ALICE, T, 50)) == 0
    assert queries.supplies(chain.reader)[T] == before + 50
    assert chain.run("bank", Burn(T, 30)) == 0
    assert queries.supplies(chain.reader)[T] == before + 20
    assert held(chain, "alice") == OPENING + 50
    check_whole(chain.reader)


def test_fee_goes_to_the_operator_of_the_proposer(chain: MemoryChain) -> None:
    chain.block(chain.transaction("alice", Transfer(BOB, T, 1), Transfer(BOB, T, 1)), proposer="pea")
    assert held(chain, "pea") == OPENING + FEE + 2_000


def test_operator_pays_its_fee_to_itself(chain: MemoryChain) -> None:
    chain.block(chain.transaction("mea", Transfer(BOB, T, 1)), proposer="mea")
    assert held(chain, "mea") == OPENING - 1


def test_fee_stays_when_messages_fail(chain: MemoryChain) -> None:
    executed = chain.block(chain.transaction("alice", Transfer(BOB, T, 1), Transfer(BOB, T, 0)))
    receipt = executed.receipts[0]
    assert (receipt.code, receipt.failed_message) == (TokenCode.ZERO_AMOUNT, 1)
    assert (receipt.fee, receipt.events) == (FEE + 2_000, ())
    assert held(chain, "bob") == OPENING


def test_pages_of_holders(chain: MemoryChain) -> None:
    everybody = queries.holders(chain.reader, 100)
    first = queries.holders(chain.reader, 3)
    last = first[-1]
    assert first + queries.holders(chain.reader, 100, (last[0], last[1])) == everybody
    assert sum(amount for _, _, amount in everybody) == queries.supplies(chain.reader)[T]


def test_roles_by_query(chain: MemoryChain) -> None:
    assert queries.roles(chain.reader) == [(T, Role.MINTER, BANK), (T, Role.BURNER, BANK)]


def writes_of(chain: MemoryChain, change: Any) -> Writes:
    state = State(chain.reader)
    change(state)
    return state.writes()


@pytest.mark.parametrize(
    "change",
    [
        lambda state: BALANCES.put(state, ALICE, T, 1),
        lambda state: BALANCES.put(state, account("nobody"), G, 1),
        lambda state: BALANCES.put(state, account("nobody"), G, 0),
        lambda state: SUPPLY.delete(state, T),
        lambda state: SUPPLY.put(state, G, 1),
    ],
)
def test_invariants_notice_money_from_nowhere(chain: MemoryChain, change: Any) -> None:
    writes = writes_of(chain, change)
    with pytest.raises(InvariantBroken):
        check_block(chain.reader, writes)
    changed = MemoryReader(dict(chain.reader.scan(b"\x00", b"\xff")))
    changed.apply(writes)
    with pytest.raises(InvariantBroken):
        check_whole(changed)


def test_whole_invariant_notices_a_role_for_tokens_of_rules(chain: MemoryChain) -> None:
    chain.reader.apply(writes_of(chain, lambda state: ROLES.put(state, G, Role.MINTER, BANK, True)))
    with pytest.raises(InvariantBroken):
        check_whole(chain.reader)
