"""The ledger and the database as one: executes blocks, commits each in a synced batch, serves consistent views of what is committed.

Whoever builds, executes or commits holds `lock`; readers need none. Execution runs in slices, so that the node's loop goes on between them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from gridnode.chain.block import Block, Header
from gridnode.chain.commit import NO_COMMIT, Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.light_block import LightBlock
from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import Transaction, VerifiedTransaction
from gridnode.chain.validators import ValidatorSet
from gridnode.consensus.inputs import StartHeight
from gridnode.execution.executed import Executed
from gridnode.execution.genesis import opening_writes
from gridnode.execution.ledger import Ledger, open_ledger
from gridnode.execution.named import accounts_named
from gridnode.mempool.pool import Pool
from gridnode.modules.validators.rules import current_set
from gridnode.node.build_time import fitting
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address, Hash, TransactionId
from gridnode.primitives.units import Height, TimeMs
from gridnode.state.commitment import Commitment
from gridnode.state.kv import MemoryReader, Reader
from gridnode.state.proof import StateProof, prove
from gridnode.storage.block_store import BlockStore, Position, StoredTransaction, Totals
from gridnode.storage.evidence_store import EvidenceStore
from gridnode.storage.leveldb import Column, Database, Snapshot
from gridnode.storage.pruning import Pruning
from gridnode.storage.undo import UndoLog
from gridnode.sync.messages import FinalBlock

T = TypeVar("T")
LOOKED_AT_COMMITS = 10_000
"""Newest commits that are searched for a validator's own precommit, half a second; what is older was searched when it was stored."""


@dataclass(frozen=True, slots=True)
class View:
    """The committed state at one height; what it answers fits together."""

    height: Height
    """Height of the state."""
    header: Header | None
    """Header of the block that made it; None at height 0."""
    reader: Reader
    """Rows of the state."""
    pages: Reader
    """Rows of its trees."""

    def prove(self, key: bytes) -> tuple[bytes | None, StateProof]:
        """Value of a state key, or None, and the proof of that against this height's state root."""
        return self.reader.get(key), prove(self.pages, key)


class Frozen(NamedTuple):
    """A chain at one height, whatever is committed meanwhile."""

    genesis_hash: Hash  # of the chain
    light: LightBlock  # the newest block, and what made it final here
    rows: Snapshot  # of all columns; to be closed


class Pace(NamedTuple):
    """How whoever executes takes turns with others."""

    lock: AbstractAsyncContextManager[Any]  # held by one at a time
    pause: Callable[[], Awaitable[None]]  # between two slices of a block: lets others go on


class LedgerStore:
    """One chain's ledger over its database."""

    def __init__(
        self, genesis: Genesis, database: Database, blocks: BlockStore, ledger: Ledger, tree: Commitment, pace: Pace
    ) -> None:
        self.genesis = genesis
        self.genesis_hash: Hash = genesis_hash(genesis)
        self.chain_id: str = genesis.chain_id
        self.lock = pace.lock
        self._pause = pace.pause
        self._database = database
        self._blocks = blocks
        self._ledger = ledger
        self._tree = tree
        self.evidence = EvidenceStore(database)
        self._undo = UndoLog(database)

    # Where the chain stands

    @property
    def height(self) -> Height:
        """Height of the newest stored block; 0 at genesis."""
        return self._ledger.tip.height

    @property
    def next_height(self) -> Height:
        """Height of the block to come."""
        return self._ledger.next_height

    @property
    def tip_hash(self) -> Hash:
        """Hash of the newest block; the genesis hash at height 0."""
        return self._ledger.tip.block_hash

    @property
    def header(self) -> Header | None:
        """Header of the newest block; None at height 0."""
        return self._blocks.header(self.height)

    @property
    def state_root(self) -> Hash:
        """Root of the committed state."""
        return self._tree.root

    @property
    def validators(self) -> ValidatorSet:
        """Who votes on the next block."""
        return self._ledger.tip.validators

    @property
    def proposers(self) -> tuple[Address, ...]:
        """In which order they propose it: round r has the r-th, modulo their number."""
        return self._ledger.tip.proposers

    def start(self) -> StartHeight:
        """What consensus begins the next height with."""
        return StartHeight(self.next_height, self.validators, self.proposers)

    @property
    def voted(self) -> ValidatorSet:
        """Who voted on the newest block."""
        return self._ledger.tip.voted

    @property
    def totals(self) -> Totals:
        """How much is stored."""
        return self._blocks.totals

    @property
    def first_height(self) -> Height:
        """Height of the lowest block that is kept whole; 1 unless the node prunes or began from a snapshot."""
        return self._blocks.first

    # Blocks to come

    def check_standing(self, transaction: Transaction) -> None:
        """Whether a transaction could stand in the next block.

        Raises Rejected with EXPIRED, TOO_FAR_AHEAD, DUPLICATE or FEE_UNPAID.
        """
        self._ledger.check_standing(transaction)

    def check_evidence(self, evidence: Evidence) -> None:
        """Whether the next block could carry it. Raises Rejected with a code of `ValidatorsCode`."""
        self._ledger.check_evidence(evidence)

    def check_offence(self, evidence: Evidence) -> None:
        """As `check_evidence`, of evidence whose signatures were found valid before."""
        self._ledger.check_offence(evidence)

    async def build(
        self,
        pool: Pool,
        now_ms: int,
        proposer: Address,
        evidence: Sequence[Evidence] = (),
        monotonic_ms: Callable[[], int] = lambda: 0,
    ) -> Executed:
        """The next block of what waits and of the `evidence` that holds, at this clock or one above the block before.

        By `monotonic_ms`, it takes no more than can be executed in time (`build_time`); without a clock, what the chain's bounds allow.
        Raises BlockInvalid when `proposer` is no validator.
        """
        params = self.genesis.params
        candidates = fitting(pool.candidates(params.max_block_transactions, params.max_block_bytes), params, monotonic_ms)
        last_commit = self._blocks.commit(self.height) if self.height else NO_COMMIT
        if last_commit is None:
            raise InvariantBroken("last-commit", f"the commit of block {self.height} is not stored")
        time_ms = TimeMs(max(now_ms, self._ledger.tip.time_ms + 1))
        return await self._in_slices(self._ledger.building(time_ms, proposer, last_commit, candidates, evidence))

    async def execute(self, block: Block, transactions: Sequence[VerifiedTransaction]) -> Executed:
        """Check and execute a block; nothing is stored. Raises BlockInvalid."""
        return await self._in_slices(self._ledger.executing(block, transactions))

    def commit(self, executed: Executed, commit: Commit, more_follow: bool = False) -> None:
        """Store an executed block with the commit that made it final: all in one synced batch.

        Where `more_follow` at once that are final too, in one with these: readers see it, and it is on the disk after a few
        more, or `settle`. Raises OperatorError when the disk refuses.
        """
        if not more_follow:
            self.settle()
        batch = self._database.group_batch() if more_follow else self._database.batch()
        batch.apply(Column.STATE, executed.writes)
        batch.apply(Column.PAGES, executed.update.pages)
        named = [accounts_named(transaction) for transaction in executed.transactions]
        put = self._blocks.put(
            batch, executed.block, commit, executed.receipts, executed.transactions, named, executed.validators
        )
        undo = self._undo.put(batch, executed.block.header.height, executed.before)
        batch.commit()
        self._undo.accept(undo)
        self._ledger.commit(executed)
        self._blocks.accept(put)

    def settle(self) -> None:
        """Bring to the disk what was committed while more followed. Raises OperatorError when the disk refuses."""
        self._database.settle()

    # What is stored

    @property
    def newest(self) -> Reader:
        """Rows of the state as it is: what they say changes with the next block. For who asks and goes on at once."""
        return self._database.view(Column.STATE)

    @contextmanager
    def view(self) -> Iterator[View]:
        """A consistent view of the newest committed state; let go of it soon."""
        height, header = self.height, self.header
        with self._database.snapshot() as snapshot:
            yield View(height, header, snapshot.view(Column.STATE), snapshot.view(Column.PAGES))

    def freeze(self) -> Frozen:
        """All that is stored as it is now; for a snapshot. Close its rows. Raises InvariantBroken at height 0."""
        light = self.light_block(self.height)
        if light is None:
            raise InvariantBroken("snapshot", f"expected a block with its commit, the height is {self.height}")
        return Frozen(self.genesis_hash, light, self._database.snapshot())

    def pruning(self) -> Pruning:
        """What removes this store's old blocks."""
        return Pruning(self._database, self._blocks, accounts_named)

    def block_header(self, height: int) -> Header | None:
        """Header of the block at `height`, or None."""
        return self._blocks.header(height)

    def final_block(self, height: int) -> FinalBlock | None:
        """Block and commit at `height`, or None."""
        block, commit = self._blocks.block(height), self._blocks.commit(height)
        return None if block is None or commit is None else FinalBlock(block, commit)

    def commit_of(self, height: int) -> Commit | None:
        """The commit that made the block at `height` final here, or None."""
        return self._blocks.commit(height)

    def newest_signed_by(self, validator: Address, below: int) -> int:
        """Newest height above `below` whose commit here has this validator's precommit, at most LOOKED_AT_COMMITS back; 0 when none has."""
        for height in range(self.height, max(below, self.height - LOOKED_AT_COMMITS), -1):
            commit, voted = self._blocks.commit(height), self.validators_at(height)
            if commit is None or voted is None:
                continue
            signed = zip(voted.members, commit.signatures, strict=True)
            if any(signature and member.address == validator for member, signature in signed):
                return height
        return 0

    def validators_at(self, height: int) -> ValidatorSet | None:
        """Who votes on the block at `height`, which may be the one to come; None above it, and where it is not kept."""
        return self._blocks.validators(height) if height > 0 else None

    def light_block(self, height: int) -> LightBlock | None:
        """Header, commit and voters of the block at `height`, or None."""
        header, commit = self._blocks.header(height), self._blocks.commit(height)
        validators = self.validators_at(height)
        return None if header is None or commit is None or validators is None else LightBlock(header, commit, validators)

    def receipts(self, height: int) -> tuple[Receipt, ...]:
        """Receipts of the block at `height`, the hooks' last; empty when there is none."""
        return self._blocks.receipts(height)

    def height_of_hash(self, block_hash: bytes) -> Height | None:
        """Height of the block with this hash, or None."""
        return self._blocks.height_of(block_hash)

    def height_of(self, transaction_id: TransactionId) -> Height | None:
        """Height of the block that holds this transaction, or None."""
        position = self._blocks.position(transaction_id)
        return None if position is None else position.height

    def transaction(self, transaction_id: TransactionId) -> StoredTransaction | None:
        """A committed transaction with its receipt, or None."""
        return self._blocks.transaction(transaction_id)

    def transaction_at(self, position: Position) -> StoredTransaction | None:
        """The committed transaction at a place, or None."""
        return self._blocks.transaction_at(position)

    def account_transactions(self, address: Address, limit: int, before: Position | None = None) -> list[Position]:
        """Places of transactions that an account sent or is named in, the newest first."""
        return self._blocks.of_account(address, limit, before)

    def raw(self, transaction_id: TransactionId) -> bytes | None:
        """Bytes of a committed transaction, or None."""
        return self._blocks.raw(transaction_id)

    def size_bytes(self) -> int:
        """Size of the database on disk, roughly."""
        return self._database.size_bytes()

    def compact(self) -> None:
        """Merge all files of the database. Takes seconds for each 100 MB."""
        self._database.compact()

    def close(self) -> None:
        """Close the database."""
        try:
            self.settle()
        finally:
            self._database.close()

    async def _in_slices(self, run: Generator[None, None, T]) -> T:
        try:
            while True:
                next(run)
                await self._pause()
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            run.close()


def store_over(database: Database, genesis: Genesis, pace: Pace) -> LedgerStore:
    """The store of a chain over its database, which is made from genesis when it is new.

    Raises InvariantBroken when what is stored does not fit together.
    """
    state, pages = database.view(Column.STATE), database.view(Column.PAGES)
    blocks = BlockStore(database)
    if blocks.height == 0 and next(state.scan(b"", b"\xff"), None) is None:
        writes, opened = opening_writes(genesis), MemoryReader()
        opened.apply(writes)
        batch = database.batch()
        batch.apply(Column.STATE, writes)
        batch.apply(Column.PAGES, Commitment(pages).update(writes).pages)
        blocks.put_validators(batch, Height(1), current_set(opened))
        batch.commit()
    tip = blocks.header(blocks.height)
    tree = Commitment(pages)
    if tip is not None and tree.root != tip.state_root:
        raise InvariantBroken("state-root", f"the stored state is not that of block {tip.height}")
    ledger = open_ledger(genesis, tip, blocks.validators(blocks.height), state, tree, blocks.newest_first())
    return LedgerStore(genesis, database, blocks, ledger, tree, pace)
