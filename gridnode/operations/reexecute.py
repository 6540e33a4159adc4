"""Executes a stored chain again, in a scratch state, and compares everything that is stored with what comes of it.

It begins with the state of genesis, or with that of a snapshot, which `begin.py` makes.

For each block: header chain, the commit that makes it final, signatures of its transactions, every root of its header by executing it, its
receipts, its rows of the index. At the tip: totals, every row of the state, every row of the trees. The first thing that differs ends
it: what comes after follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import check_commit
from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import Transaction, VerifiedTransaction, decode_transaction
from gridnode.chain.validators import validators_hash
from gridnode.codec.records import layout, to_json
from gridnode.crypto.keys import verify
from gridnode.execution.admission import signature_checks
from gridnode.execution.executed import Executed
from gridnode.execution.ledger import Ledger
from gridnode.execution.validation import BlockInvalid
from gridnode.operations.compare_rows import first_of_lists, first_row, first_tree_row
from gridnode.operations.difference import MISSING, Difference, between
from gridnode.operations.records import receipt_record, transaction_record
from gridnode.operations.stored_block import Damaged, StoredBlock, block_bytes, check_index, read_block
from gridnode.primitives.errors import InvariantBroken, Malformed, Rejected
from gridnode.storage.block_store import BlockStore, Totals
from gridnode.storage.leveldb import Column, Database

Progress = Callable[[int, int], None]
"""(height done, last height)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What came out."""

    first: int
    """First block that was verified."""
    last: int
    """Last block that is as it should be; `first - 1` when none is."""
    transactions: int
    """In the blocks executed."""
    whole: bool
    """Whether the state and the trees were compared row by row, too: the last block was the newest."""
    difference: Difference | None
    """What is wrong first; left is what execution gives, right what is stored."""


class Reexecution:
    """One chain, from where its scratch ledger stands."""

    def __init__(self, stored: Database, blocks: BlockStore, scratch: Database, ledger: Ledger) -> None:
        """`ledger` executes over `scratch`, which is thrown away afterwards; `blocks` are those of `stored`."""
        self._stored = stored
        self._scratch = scratch
        self._blocks = blocks
        self._ledger = ledger
        self._start = ledger.tip.height
        self._transactions = 0
        self._bytes = 0

    def run(self, first: int, last: int, progress: Progress) -> Verified:
        """Verify blocks `first` to `last`; those below are executed, because the state comes of them, and only their roots are checked."""
        found: Difference | None = None
        done = int(self._start)
        while done < last and found is None:
            found = self._block(done + 1, done + 1 >= first)
            if found is None:
                done += 1
                progress(done, last)
        whole = found is None and last == self._blocks.height
        if whole:
            found = self._tip(last)
        return Verified(first, max(done, first - 1), self._transactions, whole, found)

    def _block(self, height: int, in_full: bool) -> Difference | None:
        try:
            stored = read_block(self._blocks, height)
        except Damaged as damaged:
            return damaged.difference
        transactions: list[Transaction] = []
        for index, raw in enumerate(stored.block.transactions):
            try:
                transactions.append(decode_transaction(raw))
            except Malformed as fault:
                return Difference(height, "transaction", f"transactions[{index}]", "", "a transaction", str(fault))
        if in_full:
            found = self._beside(stored, transactions)
            if found is not None:
                return found
        return self._executed(stored, [VerifiedTransaction(one) for one in transactions], in_full)

    def _beside(self, stored: StoredBlock, transactions: Sequence[Transaction]) -> Difference | None:
        """What can be said of a block without executing it: its commit, its signatures, its index."""
        header = stored.block.header
        block_hash = header_hash(header)
        try:
            check_commit(stored.commit, self._ledger.tip.chain_id, self._ledger.tip.validators, header.height, block_hash)
        except Malformed as fault:
            return Difference(header.height, "commit", "the commit that makes it final", "", "a valid one", str(fault))
        for index, transaction in enumerate(transactions):
            where = f"transactions[{index}] {transaction.id.hex()}"
            record = transaction_record(transaction.raw)
            try:
                valid = all(verify(*check) for check in signature_checks(transaction))
            except (Malformed, Rejected) as fault:
                return Difference(header.height, "transaction", where, "", "known messages", str(fault), None, record)
            if not valid:
                return Difference(header.height, "transaction", where, "signature", "valid signatures", "one that is not", None, record)
        voters = self._blocks.validators(header.height + 1)
        if voters is None or validators_hash(voters) != header.next_validators_hash:
            told = MISSING if voters is None else validators_hash(voters).hex()
            expected = header.next_validators_hash.hex()
            return Difference(header.height, "validators", f"set that votes on block {header.height + 1}", "", expected, told)
        return check_index(self._stored, stored.block, transactions)

    def _executed(
        self, stored: StoredBlock, transactions: Sequence[VerifiedTransaction], in_full: bool
    ) -> Difference | None:
        block = stored.block
        try:
            executed = self._ledger.execute(block, transactions)
        except BlockInvalid as wrong:
            return self._explained(stored, transactions, wrong)
        except InvariantBroken as broken:
            return Difference(block.header.height, "execution", broken.name, "", "an invariant that holds", broken.detail)
        if in_full:
            found = _of_receipts(block.header.height, executed.receipts, stored.receipts)
            if found is not None:
                return found
        self._keep(executed)
        return None

    def _keep(self, executed: Executed) -> None:
        """Go on from an executed block in the scratch state."""
        batch = self._scratch.batch(synced=False)
        batch.apply(Column.STATE, executed.writes)
        batch.apply(Column.PAGES, executed.update.pages)
        batch.commit()
        self._ledger.commit(executed)
        height = executed.block.header.height
        self._transactions += len(executed.transactions)
        self._bytes += block_bytes(self._stored, height)

    def _explained(
        self, stored: StoredBlock, transactions: Sequence[VerifiedTransaction], wrong: BlockInvalid
    ) -> Difference:
        """Why a stored block is not what execution gives: the receipt or row behind a root that differs, where it can be named."""
        header = stored.block.header
        plain = Difference(header.height, "header", "block", "", "a block that can be executed", wrong.reason)
        try:
            made = self._ledger.build(
                header.time_ms, header.proposer, stored.block.last_commit, transactions, stored.block.evidence
            )
        except (BlockInvalid, InvariantBroken):
            return plain
        if len(made.transactions) != len(transactions) or made.block.evidence != stored.block.evidence:
            return plain
        field = _first_field(made.block.header, header)
        if field is None:
            return plain
        if field == "receipts_root":
            found = _of_receipts(header.height, made.receipts, stored.receipts)
            if found is not None:
                return found
        if field == "state_root" and header.height == self._blocks.height:
            self._keep(made)
            found = first_row(header.height, self._scratch.view(Column.STATE), self._stored.view(Column.STATE))
            if found is not None:
                return found
        ours, theirs = to_json(made.block.header), to_json(header)
        return Difference(header.height, "header", "header", field, ours[field], theirs[field], ours, theirs)

    def _tip(self, height: int) -> Difference | None:
        """Totals, state and trees at the newest block."""
        found: Difference | None = None
        if not self._start:  # else blocks are in the totals that were not executed
            ours = to_json(Totals(self._ledger.tip.height, self._transactions, self._bytes))
            found = between(height, "totals", "totals", ours, to_json(self._blocks.totals))
        found = found or first_row(height, self._scratch.view(Column.STATE), self._stored.view(Column.STATE))
        return found or first_tree_row(height, self._scratch.view(Column.PAGES), self._stored.view(Column.PAGES))


def _first_field(computed: Header, stored: Header) -> str | None:
    return next((name for name in layout(Header).kinds if getattr(computed, name) != getattr(stored, name)), None)


def _of_receipts(height: int, computed: Sequence[Receipt], stored: Sequence[Receipt]) -> Difference | None:
    """The first receipt that differs."""
    index = first_of_lists(list(computed), list(stored))
    if index is None:
        return None
    ours = receipt_record(computed[index]) if index < len(computed) else MISSING
    theirs = receipt_record(stored[index]) if index < len(stored) else MISSING
    name = "hooks" if index >= len(computed) - 1 else computed[index].transaction_id.hex()
    return between(height, "receipt", f"receipts[{index}] {name}", ours, theirs)

