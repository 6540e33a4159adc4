"""`Ledger`: the committed state and at most one executed block above it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TypeVar

from gridnode._native.book import Books
from gridnode.chain.block import Block, Header, header_hash
from gridnode.chain.commit import Commit, commit_hash
from gridnode.chain.evidence import Evidence, evidence_root
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.transaction import Transaction, VerifiedTransaction
from gridnode.chain.validators import Validator, ValidatorSet, validators_hash
from gridnode.codec.records import encode
from gridnode.crypto.merkle import root
from gridnode.execution.admission import check_standing
from gridnode.execution.block import BlockRun
from gridnode.execution.executed import Executed
from gridnode.execution.proposal import Refused, filling
from gridnode.execution.recent import RecentIds, recent_ids_from
from gridnode.execution.validation import (
    BlockInvalid,
    Tip,
    check_body,
    check_header,
    check_outcome,
    transactions_root,
)
from gridnode.modules.market.books import restore_books
from gridnode.modules.validators.offences import Clock, check_evidence, check_offence
from gridnode.modules.validators.rules import current_set, proposers
from gridnode.primitives.errors import InvariantBroken, Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_BLOCK_EVIDENCE, SLICE_MESSAGES
from gridnode.primitives.units import Height, TimeMs
from gridnode.state.commitment import Commitment
from gridnode.state.kv import Reader

T = TypeVar("T")


class Ledger:
    """Builds and executes blocks over the committed state; see the chapter for how a node uses it.

    Its reader must show the state after `tip`, and after each `commit` that with the block's writes.
    """

    def __init__(
        self, genesis: Genesis, tip: Tip, reader: Reader, tree: Commitment, books: Books, recent: RecentIds
    ) -> None:
        self.tip = tip
        self._params = genesis.params
        self._reader = reader
        self._tree = tree
        self._books = books
        self._recent = recent
        self._executed: Executed | None = None
        self._is_running = False

    # Questions

    @property
    def next_height(self) -> Height:
        """Height of the block to come."""
        return Height(self.tip.height + 1)

    def check_standing(self, transaction: Transaction) -> None:
        """Whether a transaction could stand in the next block, as far as is known now.

        Raises Rejected with EXPIRED, TOO_FAR_AHEAD, DUPLICATE or FEE_UNPAID.
        """
        check_standing(transaction, self._reader, self._recent, self.next_height, self.tip.time_ms)

    def check_evidence(self, evidence: Evidence) -> None:
        """Whether the next block could carry it, as far as is known now. Raises Rejected with a code of `ValidatorsCode`."""
        check_evidence(self._reader, self.tip.chain_id, evidence, self._next)

    def check_offence(self, evidence: Evidence) -> None:
        """As `check_evidence`, of evidence whose signatures were found valid before."""
        check_offence(self._reader, evidence, self._next)

    @property
    def _next(self) -> Clock:
        return Clock(self.next_height, self.tip.time_ms + 1)

    # Blocks

    def build(
        self,
        time_ms: TimeMs,
        proposer: Address,
        last_commit: Commit,
        candidates: Iterable[VerifiedTransaction],
        evidence: Sequence[Evidence] = (),
    ) -> Executed:
        """`building` in one go."""
        return _finish(self.building(time_ms, proposer, last_commit, candidates, evidence))

    def execute(self, block: Block, transactions: Sequence[VerifiedTransaction]) -> Executed:
        """`executing` in one go."""
        return _finish(self.executing(block, transactions))

    def building(
        self,
        time_ms: TimeMs,
        proposer: Address,
        last_commit: Commit,
        candidates: Iterable[VerifiedTransaction],
        evidence: Sequence[Evidence] = (),
    ) -> Generator[None, None, Executed]:
        """Make the next block of what is waiting, at chain time `time_ms` (above the tip's), proposed by a validator of the height.

        Of `evidence`, at most MAX_BLOCK_EVIDENCE pieces that hold are put into it. An executed block that was alive is discarded first.
        Raises BlockInvalid when time or proposer do not fit.
        """
        maker = self.tip.validators.get(proposer)
        if maker is None or time_ms <= self.tip.time_ms:
            raise BlockInvalid(f"expected a validator of the height and a time above {self.tip.time_ms}, got {time_ms}")
        run = self._begin(time_ms, maker)
        try:
            run.begin(last_commit)
            pieces = _accused(run, evidence)
            filled = yield from filling(run, candidates, self._params)
            executed = self._end(run, time_ms, proposer, last_commit, pieces, filled.chosen, filled.refused)
        except BaseException:
            self._abandon()
            raise
        return self._keep(executed)

    def executing(
        self, block: Block, transactions: Sequence[VerifiedTransaction]
    ) -> Generator[None, None, Executed]:
        """Check a proposed block and execute it; `transactions` are its own, taken apart, with their signatures checked.

        An executed block that was alive is discarded first, unless it is this one. Raises BlockInvalid with the reason for a nil vote.
        """
        alive = self._executed
        if alive is not None and alive.block == block:
            return alive
        maker = check_header(block, self.tip)
        check_body(block, transactions, self._params)
        header = block.header
        run = self._begin(header.time_ms, maker)
        try:
            run.begin(block.last_commit)
            _accuse_all(run, block.evidence)
            yield from _running(run, transactions)
            executed = self._end(
                run, header.time_ms, header.proposer, block.last_commit, block.evidence, tuple(transactions), ()
            )
            check_outcome(header, executed.block.header)
        except BaseException:
            self._abandon()
            raise
        return self._keep(executed)

    def commit(self, executed: Executed) -> None:
        """The block is final and its batch is written: go on from there. Raises InvariantBroken unless it is the one alive."""
        if executed is not self._executed:
            raise InvariantBroken("ledger", "expected the block that was executed last")
        header = executed.block.header
        self._books.commit()
        self._tree.commit(executed.update)
        self._recent.add_block(
            header.time_ms, [(item.id, item.body.valid_until_ms) for item in executed.transactions]
        )
        voted = self.tip.validators
        self.tip = Tip(
            header.chain_id, header.height, executed.block_hash, header.time_ms, executed.validators, voted, executed.proposers
        )
        self._executed = None

    def discard(self) -> None:
        """Forget the executed block, if there is one."""
        if self._executed is not None:
            self._books.rollback()
            self._executed = None

    # One run

    def _begin(self, time_ms: TimeMs, maker: Validator) -> BlockRun:
        if self._is_running:
            raise InvariantBroken("ledger", "two blocks are executed at once")
        self.discard()
        self._books.begin()
        self._is_running = True
        return BlockRun(
            self.tip.chain_id,
            self.next_height,
            time_ms,
            self.tip.block_hash,
            maker,
            self._reader,
            self._books,
            self._recent,
        )

    def _end(
        self,
        run: BlockRun,
        time_ms: TimeMs,
        proposer: Address,
        last_commit: Commit,
        evidence: tuple[Evidence, ...],
        transactions: tuple[VerifiedTransaction, ...],
        refused: tuple[Refused, ...],
    ) -> Executed:
        """Close the run: hooks, invariants, tree, header."""
        writes = run.end()
        update = self._tree.update(writes)
        next_validators = run.validators()
        header = Header(
            self.tip.chain_id,
            self.next_height,
            time_ms,
            self.tip.block_hash,
            commit_hash(last_commit),
            evidence_root(evidence),
            transactions_root(transactions),
            root([encode(receipt) for receipt in run.receipts]),
            update.root,
            validators_hash(self.tip.validators),
            validators_hash(next_validators),
            proposer,
            len(transactions),
            run.energy(),
        )
        block = Block(header, tuple(item.raw for item in transactions), last_commit, evidence)
        return Executed(
            block,
            header_hash(header),
            transactions,
            tuple(run.receipts),
            writes,
            update,
            next_validators,
            run.proposers(),
            run.before(),
            refused,
        )

    def _keep(self, executed: Executed) -> Executed:
        self._is_running = False
        self._executed = executed
        return executed

    def _abandon(self) -> None:
        self._is_running = False
        while self._books.depth():  # a rule that failed may have left a level of its own open
            self._books.rollback()


def open_ledger(
    genesis: Genesis,
    tip: Header | None,
    voted: ValidatorSet | None,
    reader: Reader,
    tree: Commitment,
    newest_first: Iterable[Block],
) -> Ledger:
    """The ledger of a node that starts: `reader` and `tree` hold the state after `tip` (None: genesis).

    voted         who voted on `tip`; None at genesis
    newest_first  blocks from `tip` downwards; read as far back as an id in them may still be valid.

    Raises InvariantBroken when the sets are not those that the tip's header names.
    """
    validators, order = current_set(reader), proposers(reader)
    if tip is None:
        start = Tip(
            genesis.chain_id, Height(0), genesis_hash(genesis), genesis.time_ms, validators, validators, order
        )
    else:
        if voted is None or validators_hash(voted) != tip.validators_hash:
            raise InvariantBroken("validators", f"expected the set that voted on block {tip.height}")
        if validators_hash(validators) != tip.next_validators_hash:
            raise InvariantBroken("validators", f"the state's set is not the one that block {tip.height} names for the next")
        start = Tip(genesis.chain_id, tip.height, header_hash(tip), tip.time_ms, validators, voted, order)
    return Ledger(genesis, start, reader, tree, restore_books(reader), recent_ids_from(newest_first))


def _accused(run: BlockRun, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The pieces that hold, in order, as many as a block may carry; they have run."""
    found: list[Evidence] = []
    for piece in evidence:
        if len(found) == MAX_BLOCK_EVIDENCE:
            break
        try:
            run.accuse(piece)
        except Rejected:
            continue
        found.append(piece)
    return tuple(found)


def _accuse_all(run: BlockRun, evidence: Sequence[Evidence]) -> None:
    for index, piece in enumerate(evidence):
        try:
            run.accuse(piece)
        except Rejected as rejected:
            raise BlockInvalid(f"evidence[{index}]: {rejected}") from None


def _running(run: BlockRun, transactions: Sequence[VerifiedTransaction]) -> Generator[None, None, None]:
    pause = SLICE_MESSAGES
    for index, transaction in enumerate(transactions):
        if not run.may_carry(transaction):
            raise BlockInvalid(f"transactions[{index}]: only an authority may propose energy transactions")
        try:
            run.add(transaction)
        except Rejected as rejected:
            raise BlockInvalid(f"transactions[{index}]: {rejected}") from None
        pause -= len(transaction.body.messages)
        if pause <= 0:
            pause = SLICE_MESSAGES
            yield


def _finish(run: Generator[None, None, T]) -> T:
    try:
        while True:
            next(run)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
