"""The ledger against a plain dict of balances: random transactions in random blocks, good and bad, give the same money everywhere."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.execution.registry import MODULES
from gridnode.modules.token.codes import TokenCode
from gridnode.modules.token.messages import Approve, Burn, Mint, Transfer, TransferFrom
from gridnode.modules.token.queries import holders, supplies
from gridnode.modules.token.tables import ALLOWANCES, Denomination
from gridnode.primitives.limits import MAX_AMOUNT
from tests.chain_in_memory import ACTORS, FEE, THB, MemoryChain, account

NAMES = ("alice", "bob", "bank", "mea", "nobody")
MESSAGE_FEE = 1_000
OPERATOR = {"mea": "mea", "pea": "pea"}
PENCE = (0, 1, 7, THB, 400 * THB, 999 * THB, 1_001 * THB, MAX_AMOUNT)


class Account(NamedTuple):
    """Row of the model: whose, and which money."""

    name: str
    denomination: Denomination


class Bank:
    """The obvious version of module `token`: dicts, and every rule as an if."""

    def __init__(self) -> None:
        self.held = {Account(name, Denomination.THB): 1_000 * THB for name in ACTORS}
        self.allowed: dict[tuple[str, str, Denomination], int] = {}

    def run(self, sender: str, messages: list[tuple[Any, ...]], operator: str) -> int | None:
        """Code of a transaction, None when its sender cannot pay for it."""
        fee = FEE + MESSAGE_FEE * len(messages)
        purse = Account(sender, Denomination.THB)
        if self.held.get(purse, 0) < fee:
            return None
        self._add(purse, -fee)
        self._add(Account(operator, Denomination.THB), fee)
        before = deepcopy((self.held, self.allowed))
        for kind, *fields in messages:
            code = getattr(self, kind)(sender, *fields)
            if code:
                self.held, self.allowed = before
                return int(code)
        return 0

    def transfer(self, sender: str, to: str, denomination: Denomination, amount: int) -> int:
        if not amount:
            return TokenCode.ZERO_AMOUNT
        if sender == to:
            return TokenCode.SAME_ACCOUNT
        if self.held.get(Account(sender, denomination), 0) < amount:
            return TokenCode.INSUFFICIENT_BALANCE
        self._add(Account(sender, denomination), -amount)
        self._add(Account(to, denomination), amount)
        return 0

    def approve(self, sender: str, to: str, denomination: Denomination, amount: int) -> int:
        if sender == to:
            return TokenCode.SAME_ACCOUNT
        self.allowed[sender, to, denomination] = amount
        return 0

    def transfer_from(self, sender: str, owner: str, to: str, denomination: Denomination, amount: int) -> int:
        if not amount:
            return TokenCode.ZERO_AMOUNT
        if owner == to:
            return TokenCode.SAME_ACCOUNT
        if self.allowed.get((owner, sender, denomination), 0) < amount:
            return TokenCode.INSUFFICIENT_ALLOWANCE
        code = self.transfer(owner, to, denomination, amount)
        if not code:
            self.allowed[owner, sender, denomination] -= amount
        return code

    def mint(self, sender: str, to: str, denomination: Denomination, amount: int) -> int:
        if not amount:
            return TokenCode.ZERO_AMOUNT
        if sender != "bank" or denomination is not Denomination.THB:
            return TokenCode.NOT_MINTER
        if sum(held for of, held in self.held.items() if of.denomination is denomination) + amount > MAX_AMOUNT:
            return TokenCode.SUPPLY_OVERFLOW
        self._add(Account(to, denomination), amount)
        return 0

    def burn(self, sender: str, denomination: Denomination, amount: int) -> int:
        if not amount:
            return TokenCode.ZERO_AMOUNT
        if sender != "bank" or denomination is not Denomination.THB:
            return TokenCode.NOT_BURNER
        if self.held.get(Account(sender, denomination), 0) < amount:
            return TokenCode.INSUFFICIENT_BALANCE
        self._add(Account(sender, denomination), -amount)
        return 0

    def _add(self, where: Account, amount: int) -> None:
        self.held[where] = self.held.get(where, 0) + amount


names = st.sampled_from(NAMES)
amounts = st.sampled_from(PENCE) | st.integers(0, 2_000 * THB)
kinds = st.sampled_from((Denomination.THB, Denomination.THB, Denomination.THB, Denomination.GRID))
messages = st.one_of(
    st.tuples(st.just("transfer"), names, kinds, amounts),
    st.tuples(st.just("approve"), names, kinds, amounts),
    st.tuples(st.just("transfer_from"), names, names, kinds, amounts),
    st.tuples(st.just("mint"), names, kinds, amounts),
    st.tuples(st.just("burn"), kinds, amounts),
)
transactions = st.tuples(names, st.lists(messages, min_size=1, max_size=4))
blocks = st.lists(
    st.tuples(st.sampled_from(("mea", "pea")), st.lists(transactions, max_size=6)), min_size=1, max_size=4
)
RECORDS = {"transfer": Transfer, "approve": Approve, "transfer_from": TransferFrom, "mint": Mint, "burn": Burn}


def record(kind: str, *fields: Any) -> Any:
    """The message that a row of the model stands for."""
    return RECORDS[kind](*[account(field) if isinstance(field, str) else field for field in fields])


@settings(max_examples=150)
@given(blocks)
def test_money_is_that_of_the_model(plan: list[tuple[str, list[tuple[str, list[tuple[Any, ...]]]]]]) -> None:
    chain, voter, bank = MemoryChain(), MemoryChain(), Bank()
    for proposer, planned in plan:
        waiting = [chain.transaction(sender, *[record(*row) for row in rows]) for sender, rows in planned]
        codes = [bank.run(sender, rows, OPERATOR[proposer]) for sender, rows in planned]
        executed = chain.block(*waiting, proposer=proposer)
        included = [code for code in codes if code is not None]
        assert [receipt.code for receipt in executed.receipts[:-1]] == included
        assert len(executed.refused) == len(codes) - len(included)
        voter.commit(voter.ledger.execute(executed.block, executed.transactions))
    assert voter.ledger.tip == chain.ledger.tip
    _check_money(chain, bank)
    for module in MODULES:
        module.check_whole(chain.reader)


def _check_money(chain: MemoryChain, bank: Bank) -> None:
    by_account = {account(name): name for name in (*NAMES, *ACTORS)}
    held = {Account(by_account[who], denomination): amount for who, denomination, amount in holders(chain.reader, 100)}
    assert held == {of: amount for of, amount in bank.held.items() if amount}
    assert supplies(chain.reader)[Denomination.THB] == sum(held.values())
    allowed = {
        (by_account[owner], by_account[spender], Denomination(denomination)): amount
        for (owner, spender, denomination), amount in ALLOWANCES.scan(chain.reader)
    }
    assert allowed == {of: amount for of, amount in bank.allowed.items() if amount}
