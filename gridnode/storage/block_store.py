"""`BlockStore`: final blocks with their commits and receipts, and the ways to find them.

Rows of column BLOCKS, by a letter and the height (8 bytes, big-endian)
    h height         header
    l height         what the block carries besides transactions: the commit of the block before, and evidence
    c height         the commit that made this block final here
    v height         the validator set that votes from this height on, up to the next such row
    t height index   transaction (index: 4 bytes), once and nowhere else
    r height index   receipt of that transaction; the one after the last is the hooks'

Rows of column INDEX
    b block hash                  height
    i transaction id              height index
    a address height index        nothing: the key says it all

Heights have no gaps. A block is put into the batch that also commits its state, so both are there or neither is.

Blocks below `first` are not whole: a pruned node has let go of their transactions and receipts (`pruning.py`) and keeps header, commit and
validator set; a node that began from a snapshot has nothing of them (`past_blocks.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeVar

from gridnode.chain.block import Block, Header, header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.evidence import EVIDENCE, Evidence
from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import Transaction
from gridnode.chain.validators import ValidatorSet, validators_hash
from gridnode.codec.fields import U64
from gridnode.codec.records import Nested, decode, encode, record
from gridnode.primitives.errors import InvariantBroken, Malformed
from gridnode.primitives.ids import Address, TransactionId
from gridnode.primitives.limits import MAX_CACHED_BLOCK_BYTES, MAX_CACHED_BLOCKS
from gridnode.primitives.units import Height
from gridnode.state.kv import Reader, after_prefix
from gridnode.storage.leveldb import Batch, Column, Database

T = TypeVar("T")


@record
class Carried:
    """What a block carries besides transactions."""

    last_commit: Annotated[Commit, Nested(Commit)]  # of the block before
    evidence: Annotated[tuple[Evidence, ...], EVIDENCE]  # in its order


TOTALS_KEY = b"blocks"
"""Row of column META: `Totals`."""
GONE_KEY = b"blocks gone"
"""Row of column META: `Gone`; not there while every block from 1 on is whole."""


@record
class Totals:
    """What the store has taken in, since genesis or since the snapshot that it began from."""

    height: Annotated[Height, U64]  # of the newest block; 0 when there is none
    transactions: Annotated[int, U64]  # in all blocks, also those that were pruned
    bytes: Annotated[int, U64]  # of headers, transactions, receipts and commits, without their keys; also those that were pruned


@record
class Gone:
    """What the store does not hold, or not any more."""

    first: Annotated[Height, U64]  # lowest whole block
    transactions: Annotated[int, U64]  # pruned, of those in `Totals`
    bytes: Annotated[int, U64]  # pruned, of those in `Totals`


@dataclass(frozen=True, slots=True)
class Position:
    """Where a transaction stands."""

    height: Height
    """Height of its block."""
    index: int
    """Number within the block, from 0."""


class StoredTransaction(NamedTuple):
    """A transaction with what became of it."""

    position: Position
    """Where it stands."""
    raw: bytes
    """Its bytes as signed."""
    receipt: Receipt
    """Its outcome."""


@dataclass(frozen=True, slots=True)
class Put:
    """A block that is in a batch but not yet on disk."""

    block: Block
    """The block."""
    totals: Totals
    """What the store holds with it."""


class BlockStore:
    """The blocks of one database."""

    def __init__(self, database: Database) -> None:
        """Raises InvariantBroken when the stored totals are damaged."""
        self._blocks: Reader = database.view(Column.BLOCKS)
        self._index: Reader = database.view(Column.INDEX)
        meta = database.view(Column.META)
        raw, gone = meta.get(TOTALS_KEY), meta.get(GONE_KEY)
        self.totals = Totals(Height(0), 0, 0) if raw is None else _decoded(Totals, raw)
        self.gone = Gone(Height(1), 0, 0) if gone is None else _decoded(Gone, gone)
        self._recent: dict[int, Block] = {}
        self._recent_bytes = 0

    @property
    def height(self) -> Height:
        """Height of the newest block; 0 when there is none."""
        return self.totals.height

    @property
    def first(self) -> Height:
        """Height of the lowest whole block: those from here up to `height` can be read, those below cannot."""
        return self.gone.first

    # Writing

    def put(
        self,
        batch: Batch,
        block: Block,
        commit: Commit,
        receipts: Sequence[Receipt],
        transactions: Sequence[Transaction],
        named: Sequence[Sequence[Address]],
        next_validators: ValidatorSet,
    ) -> Put:
        """Add the next block to `batch`; call `accept` with the result once the batch is on disk.

        receipts         one for each transaction in order, then the hooks'
        transactions     the block's own, taken apart
        named            for each transaction, addresses beside the sender's under which it is to be found
        next_validators  who votes on the block after this one; a row is written only when this block changes the set

        Raises InvariantBroken when the block is not the next one, or when what is given does not fit it or each other.
        """
        height, count = block.header.height, len(block.transactions)
        if height != self.height + 1:
            raise InvariantBroken(
                "block-store", f"expected the block of height {self.height + 1}, got {height}"
            )
        if (len(receipts), len(transactions), len(named)) != (count + 1, count, count):
            raise InvariantBroken(
                "block-store", f"expected {count} transactions, and a receipt more, at {height}"
            )
        if block.header.next_validators_hash != validators_hash(next_validators):
            raise InvariantBroken("block-store", f"expected the validators that block {height} names for the next")
        at = height.to_bytes(8, "big")
        rows = {
            b"h" + at: encode(block.header),
            b"l" + at: encode(Carried(block.last_commit, block.evidence)),
            b"c" + at: encode(commit),
        }
        for index, raw in enumerate(block.transactions):
            rows[b"t" + at + index.to_bytes(4, "big")] = raw
        for index, receipt in enumerate(receipts):
            rows[b"r" + at + index.to_bytes(4, "big")] = encode(receipt)
        if block.header.next_validators_hash != block.header.validators_hash:
            rows[_validators_key(height + 1)] = encode(next_validators)
        batch.apply(Column.BLOCKS, rows)
        batch.put(Column.INDEX, b"b" + header_hash(block.header), at)
        for index, (transaction, others) in enumerate(zip(transactions, named, strict=True)):
            position = at + index.to_bytes(4, "big")
            batch.put(Column.INDEX, b"i" + transaction.id, position)
            for address in (transaction.sender, *others):
                batch.put(Column.INDEX, b"a" + address + position, b"")
        size = sum(map(len, rows.values()))
        totals = Totals(height, self.totals.transactions + count, self.totals.bytes + size)
        batch.put(Column.META, TOTALS_KEY, encode(totals))
        return Put(block, totals)

    def put_validators(self, batch: Batch, height: Height, validators: ValidatorSet) -> None:
        """Add to `batch` who votes from `height` on: where a chain's rows begin, at genesis or behind a snapshot.

        Later changes are written by `put`.
        """
        batch.put(Column.BLOCKS, _validators_key(height), encode(validators))

    def accept(self, put: Put) -> None:
        """The batch that `put` was made for is on disk."""
        self.totals = put.totals
        self._remember(put.block)

    # Reading by height

    def header(self, height: int) -> Header | None:
        """Header of the block at `height`, or None."""
        recent = self._recent.get(height)
        return recent.header if recent is not None else self._record(Header, b"h", height)

    def block(self, height: int) -> Block | None:
        """Block at `height`, or None. It may be pruned meanwhile, by another thread."""
        recent = self._recent.get(height)
        if recent is not None and height >= self.first:
            return recent
        header = self._record(Header, b"h", height)
        carried = self._record(Carried, b"l", height)
        if header is None or carried is None:
            return None
        if height < self.first:
            return None
        block = Block(header, tuple(self._rows(b"t", height)), carried.last_commit, carried.evidence)
        if len(block.transactions) != header.transaction_count:
            if height < self.first:
                return None  # let go of since it was looked at above, and its rows removed while they were read
            raise InvariantBroken("block-store", f"block {height} lacks transactions")
        return block

    def commit(self, height: int) -> Commit | None:
        """The commit that made the block at `height` final here, or None."""
        return self._record(Commit, b"c", height)

    def validators(self, height: int) -> ValidatorSet | None:
        """The set that votes on the block at `height`; None below the first row, and above the block to come."""
        if height > self.height + 1:
            return None  # blocks to come may still change it
        rows = self._blocks.scan(_validators_key(0), _validators_key(height + 1), True)
        row = next(rows, None)
        return None if row is None else _decoded(ValidatorSet, row[1])

    def receipts(self, height: int) -> tuple[Receipt, ...]:
        """Receipts of the block at `height` in the order of its transactions, the hooks' last; empty when there is no such block."""
        return tuple(_decoded(Receipt, raw) for raw in self._rows(b"r", height))

    def newest_first(self) -> Iterator[Block]:
        """Blocks from the newest one down to block 1. Raises InvariantBroken when one is asked for that is not kept."""
        for height in range(self.height, 0, -1):
            block = self.block(height)
            if block is None:
                raise InvariantBroken("block-store", f"expected block {height}, those from {self.first} on are kept")
            yield block

    # Reading by hash, id and address

    def height_of(self, block_hash: bytes) -> Height | None:
        """Height of the block with this hash, or None."""
        raw = self._index.get(b"b" + block_hash)
        return None if raw is None else Height(int.from_bytes(raw, "big"))

    def block_by_hash(self, block_hash: bytes) -> Block | None:
        """Block with this hash, or None."""
        height = self.height_of(block_hash)
        return None if height is None else self.block(height)

    def position(self, transaction_id: bytes) -> Position | None:
        """Where the transaction with this id stands, or None."""
        raw = self._index.get(b"i" + transaction_id)
        return None if raw is None else _position(raw)

    def raw(self, transaction_id: TransactionId) -> bytes | None:
        """Bytes of the transaction with this id, or None."""
        at = self._index.get(b"i" + transaction_id)
        return None if at is None else self._blocks.get(b"t" + at)

    def transaction(self, transaction_id: TransactionId) -> StoredTransaction | None:
        """The transaction with this id and its receipt, or None."""
        position = self.position(transaction_id)
        return None if position is None else self.transaction_at(position)

    def transaction_at(self, position: Position) -> StoredTransaction | None:
        """The transaction at a place and its receipt, or None."""
        at = position.height.to_bytes(8, "big") + position.index.to_bytes(4, "big")
        raw, receipt = self._blocks.get(b"t" + at), self._blocks.get(b"r" + at)
        if raw is None or receipt is None:
            return None
        return StoredTransaction(position, raw, _decoded(Receipt, receipt))

    def of_account(
        self, address: Address, limit: int, before: Position | None = None, oldest_first: bool = False
    ) -> list[Position]:
        """Places of at most `limit` transactions that `address` sent or is named in, the newest first.

        `before` continues a list behind its last entry. With `oldest_first` the order, and the side on which `before` goes on,
        are the other way round.
        """
        group = b"a" + address
        start, stop = group, after_prefix(group)
        if before is not None:
            at = group + before.height.to_bytes(8, "big") + before.index.to_bytes(4, "big")
            start, stop = (at + b"\0", stop) if oldest_first else (start, at)
        found: list[Position] = []
        for key, _ in self._index.scan(start, stop, not oldest_first):
            if len(found) >= limit:
                break
            found.append(_position(key[len(group) :]))
        return found

    # Rows

    def _record(self, cls: type[T], letter: bytes, height: int) -> T | None:
        raw = self._blocks.get(letter + height.to_bytes(8, "big"))
        return None if raw is None else _decoded(cls, raw)

    def _rows(self, letter: bytes, height: int) -> Iterator[bytes]:
        group = letter + height.to_bytes(8, "big")
        return (raw for _, raw in self._blocks.scan(group, after_prefix(group)))

    def _remember(self, block: Block) -> None:
        """Keep the newest blocks at hand, within MAX_CACHED_BLOCKS and MAX_CACHED_BLOCK_BYTES."""
        self._recent[block.header.height] = block
        self._recent_bytes += _size(block)
        while len(self._recent) > MAX_CACHED_BLOCKS or self._recent_bytes > MAX_CACHED_BLOCK_BYTES:
            oldest = self._recent.pop(next(iter(self._recent)))
            self._recent_bytes -= _size(oldest)


def _validators_key(height: int) -> bytes:
    return b"v" + height.to_bytes(8, "big")


def _size(block: Block) -> int:
    return sum(map(len, block.transactions))


def _position(raw: bytes) -> Position:
    return Position(Height(int.from_bytes(raw[:8], "big")), int.from_bytes(raw[8:], "big"))


def _decoded(cls: type[T], raw: bytes) -> T:
    try:
        return decode(cls, raw)
    except Malformed as error:
        raise InvariantBroken("block-store", f"a stored {cls.__name__} does not decode: {error}") from None
