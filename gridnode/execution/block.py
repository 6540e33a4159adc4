"""One block in the making: transactions in order, the modules' hooks, the invariants, the net change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gridnode._native.book import Books
from gridnode.chain.block import EnergySummary, SourceEnergy
from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.receipt import ChainCode, Event, Receipt
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.chain.validators import Validator, ValidatorSet
from gridnode.execution.admission import check_new, check_time
from gridnode.execution.module import Lane
from gridnode.execution.recent import RecentIds
from gridnode.execution.registry import ACCOUNTS, MESSAGES, MODULES
from gridnode.execution.transaction import instructions, run_transaction
from gridnode.modules.context import Context, Totals, Writes
from gridnode.modules.validators.offences import punish
from gridnode.modules.validators.rules import begin_block, current_set, is_authority, proposers
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, Hash, TransactionId
from gridnode.primitives.units import Amount, EnergyWh, Height, TimeMs
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

NO_TRANSACTION: Final = TransactionId(b"")
"""Stands in the receipt of a block's hooks."""


class BlockRun:
    """Executes one block over the committed state, without changing it."""

    def __init__(
        self,
        chain_id: str,
        height: Height,
        time_ms: TimeMs,
        previous_hash: Hash,
        proposer: Validator,
        base: Reader,
        books: Books,
        recent: RecentIds,
    ) -> None:
        self._base = base
        self._recent = recent
        self._included: dict[TransactionId, None] = {}
        self._has_authority = is_authority(base, proposer.address)
        self._context = Context(
            state=State(base),
            chain_id=chain_id,
            height=height,
            time_ms=time_ms,
            operator=proposer.operator,
            books=books,
            proposer=proposer.address,
            previous_hash=previous_hash,
            module_accounts=ACCOUNTS,
        )
        self._events: list[Event] = []  # of what runs before the transactions
        self.receipts: list[Receipt] = []

    def begin(self, last_commit: Commit) -> None:
        """First of all: what the commit of the block before says."""
        begin_block(self._context, last_commit)
        self._keep_events()

    def accuse(self, evidence: Evidence) -> None:
        """Run the next piece of evidence; all of them come before the transactions. Raises Rejected, with nothing changed."""
        punish(self._context, evidence)
        self._keep_events()

    def _keep_events(self) -> None:
        self._events += self._context.events
        self._context.events = []

    def may_carry(self, transaction: VerifiedTransaction) -> bool:
        """Whether this block's proposer may propose the lanes of the transaction; messages of unknown kinds are in no lane."""
        return self._has_authority or not any(
            message.kind in MESSAGES and MESSAGES[message.kind].lane is Lane.ENERGY
            for message in transaction.body.messages
        )

    def add(self, transaction: VerifiedTransaction) -> None:
        """Run the next transaction and keep its receipt.

        Raises Rejected, with nothing changed, when it cannot stand in this block: WRONG_CHAIN, UNKNOWN_MESSAGE, MALFORMED, EXPIRED,
        TOO_FAR_AHEAD, DUPLICATE or FEE_UNPAID.
        """
        context = self._context
        if transaction.body.chain_id != context.chain_id:
            raise Rejected(ChainCode.WRONG_CHAIN, f"expected chain {context.chain_id}", "chain_id")
        messages = instructions(transaction)
        check_time(transaction, context.time_ms)
        check_new(transaction, self._recent)
        if transaction.id in self._included:
            raise Rejected(ChainCode.DUPLICATE, "expected each transaction once in a block")
        self.receipts.append(run_transaction(context, transaction, messages))
        self._included[transaction.id] = None

    def end(self) -> Writes:
        """Run the hooks of all modules, check all invariants, return the net change of the state.

        The hooks' events stand in a last receipt, that of no transaction. Raises InvariantBroken.
        """
        for module in MODULES:
            if module.end_block is not None:
                module.end_block(self._context)
        events = (*self._events, *self._context.events)
        self.receipts.append(Receipt(NO_TRANSACTION, 0, 0, Amount(0), events))
        self._context.events = []
        writes = self._context.state.writes()
        for module in MODULES:
            module.check_block(self._base, writes)
        return writes

    def before(self) -> Writes:
        """What the rows that `end` returned were before the block; None for no row."""
        return self._context.state.before()

    def validators(self) -> ValidatorSet:
        """Who votes on the next block."""
        return current_set(self._context.state)

    def proposers(self) -> tuple[Address, ...]:
        """In which order they propose."""
        return proposers(self._context.state)

    def energy(self) -> EnergySummary:
        """What the block did in energy."""
        return _summary(self._context.totals)


def _summary(totals: Totals) -> EnergySummary:
    return EnergySummary(
        EnergyWh(totals.traded_wh),
        EnergyWh(totals.generated_wh),
        EnergyWh(totals.consumed_wh),
        EnergyWh(totals.settled_wh),
        totals.co2_credits_nano,
        _by_source(sorted(totals.generated_by_source_wh.items())),
        tuple(totals.clearings),
    )


def _by_source(rows: Sequence[tuple[str, int]]) -> tuple[SourceEnergy, ...]:
    return tuple(SourceEnergy(name, EnergyWh(energy_wh)) for name, energy_wh in rows if energy_wh)
