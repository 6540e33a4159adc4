"""The blocks that come with a snapshot: checked against the header that proves it, and stored as if they had been committed here.

A node that begins at height H needs the blocks before it that may hold a transaction that is still valid, or it would let
that be committed again. They come as the rows of `block_store.py` without what others can be made of: headers, last commits,
receipts, transactions, sets of validators, from the last block that is MAX_VALIDITY_MS older than H (or block 1) to H. H's
header is known to be final, and fixes all the rest: each header names the one before it, the commit that it carries, the
roots of its transactions and receipts, and its validators.

A snapshot that lies is found out late, so what is held until then is bounded: of a header, what the rows behind it are compared
with, of MAX_PAST_BLOCKS headers; and behind them, when they are known to be the chain's, rows by what their header says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import Commit, commit_hash
from gridnode.chain.evidence import evidence_root
from gridnode.chain.transaction import Transaction, decode_transaction
from gridnode.chain.validators import ValidatorSet, validators_hash
from gridnode.codec.records import decode, encode
from gridnode.crypto.merkle import leaf_hash, root, root_of_hashes
from gridnode.primitives.errors import InvariantBroken, Malformed
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.limits import (
    MAX_BLOCK_BYTES,
    MAX_HEADER_BYTES,
    MAX_PAST_BLOCKS,
    MAX_VALIDITY_MS,
)
from gridnode.primitives.units import Height
from gridnode.state.kv import Reader
from gridnode.storage.block_store import GONE_KEY, TOTALS_KEY, Carried, Gone, Totals
from gridnode.storage.leveldb import Batch, Column
from gridnode.storage.past_headers import Named, PastHeaders

_LETTERS: Final = (b"h", b"l", b"r", b"t", b"v")
"""Rows of column BLOCKS that a snapshot has, ascending. What made a block final is the last commit of the next one."""


def first_needed(header_at: Callable[[int], Header | None], tip: Header) -> int:
    """Height of the first block that a snapshot at `tip` brings along. Raises InvariantBroken when a header is not stored."""
    height = int(tip.height)
    while height > 1:
        height -= 1
        header = header_at(height)
        if header is None:
            raise InvariantBroken("snapshot", f"expected the header of block {height}")
        if header.time_ms + MAX_VALIDITY_MS <= tip.time_ms:
            break
    return height


def past_rows(blocks: Reader, first: int, last: int) -> Iterator[tuple[bytes, bytes]]:
    """Rows of the blocks `first` to `last` as a snapshot has them, ascending."""
    low, high = _at(first), _at(last + 1)
    for letter in _LETTERS[:-1]:
        yield from blocks.scan(letter + low, letter + high)
    [letter] = _LETTERS[-1:]
    row = next(blocks.scan(letter, letter + _at(first + 1), True), None)
    if row is None:
        raise InvariantBroken("snapshot", f"expected the validators of height {first}")
    yield letter + low, row[1]
    yield from blocks.scan(letter + _at(first + 1), letter + _at(last + 2))


class _Group(NamedTuple):
    """Rows of one letter and one height."""

    letter: bytes
    height: int
    most_rows: int
    rows: list[tuple[bytes, bytes]]  # what stands behind the height in the key, and the value; of a receipt its leaf hash


class PastBlocks:
    """Takes the rows in ascending order; `end` says whether that was all."""

    def __init__(self, tip: Header, commit: Commit, named: Callable[[Transaction], Sequence[Address]]) -> None:
        """`tip` is final by `commit`; `named` finds the accounts that a transaction names beside its sender."""
        self._tip = tip
        self._commit = commit
        self._named = named
        self._headers = PastHeaders()
        self._sets: dict[int, ValidatorSet] = {}
        self._group: _Group | None = None
        self._seen = dict.fromkeys(_LETTERS, 0)  # heights
        self._transactions = 0
        self._bytes = 0
        self._group_bytes = 0

    def take(self, batch: Batch, key: bytes, value: bytes) -> None:
        """Add what a row gives to `batch`. Raises Malformed when it does not fit those before it."""
        letter, height = key[:1], int.from_bytes(key[1:9], "big")
        if letter not in _LETTERS or len(key) < 9:
            raise Malformed(f"expected a row of a block, got {key.hex()[:80]}")
        if self._group is None or (letter, height) != self._group[:2]:
            self._close_group(batch)
            self._group = _Group(letter, height, self._most_rows(letter, height), [])
            self._group_bytes = 0
        if len(self._group.rows) >= self._group.most_rows:
            raise Malformed(f"expected at most {self._group.most_rows} rows {letter.decode()} of block {height}, got more")
        self._check_size(letter, len(value))
        self._group.rows.append((key[9:], leaf_hash(value) if letter == b"r" else value))
        batch.put(Column.BLOCKS, key, value)
        self._bytes += len(value) if letter != b"v" else 0

    def end(self, batch: Batch) -> None:
        """All rows were taken: add what makes the store begin here. Raises Malformed when some are missing."""
        self._close_group(batch)
        self._check_headers()
        count = len(self._headers)
        for letter, expected in ((b"l", count), (b"r", count), (b"t", self._headers.with_transactions())):
            if self._seen[letter] != expected:
                raise Malformed(f"expected rows {letter.decode()} of {expected} blocks, got those of {self._seen[letter]}")
        self._check_sets()
        raw = encode(self._commit)
        batch.put(Column.BLOCKS, b"c" + _at(self._tip.height), raw)
        batch.put(Column.META, TOTALS_KEY, encode(Totals(self._tip.height, self._transactions, self._bytes + len(raw))))
        batch.put(Column.META, GONE_KEY, encode(Gone(Height(self._headers.first), 0, 0)))

    def _most_rows(self, letter: bytes, height: int) -> int:
        """Rows of this letter that the block has. Only headers come before their headers are known."""
        if letter == b"h":
            return 1
        self._check_headers()
        if letter == b"v":
            first, last = self._headers.first, self._tip.height + 1
            if not first <= height <= last:
                raise Malformed(f"expected validators of heights {first} to {last}, got those of {height}")
            return 1
        header = self._headers.get(height)
        if header is None:
            raise Malformed(f"expected rows of blocks {self._headers.first} to {self._tip.height}, got one of {height}")
        return {b"l": 1, b"r": header.transaction_count + 1, b"t": header.transaction_count}[letter]

    def _check_size(self, letter: bytes, size: int) -> None:
        """What is held of rows until something proves them wrong."""
        self._group_bytes += size
        if letter == b"h":
            if size > MAX_HEADER_BYTES or len(self._headers) >= MAX_PAST_BLOCKS:
                raise Malformed(f"expected at most {MAX_PAST_BLOCKS} headers of {MAX_HEADER_BYTES} bytes, got more")
        elif letter == b"t" and self._group_bytes > MAX_BLOCK_BYTES:
            raise Malformed(f"expected at most {MAX_BLOCK_BYTES} bytes of transactions in a block, got more")

    def _close_group(self, batch: Batch) -> None:
        if self._group is None:
            return
        letter, height, _, rows = self._group
        self._seen[letter] += 1
        if letter == b"h":
            self._header(batch, height, _only(rows))
            return
        if letter == b"v":
            self._sets[height] = self._validators(height, _only(rows))
            return
        header = self._headers.get(height)
        assert header is not None, "looked at with its first row"
        if letter == b"l":
            self._carried(batch, height, header, _only(rows))
        elif letter == b"r":
            _check_list("receipts", height, rows, header.transaction_count + 1)
            _check_root("receipts", height, header.receipts_root, root_of_hashes([Hash(leaf) for _, leaf in rows]))
        else:
            self._put_transactions(batch, height, header, rows)

    def _header(self, batch: Batch, height: int, raw: bytes) -> None:
        """Ascending from the first that is needed, each naming the one before it."""
        header = decode(Header, raw)
        is_old = header.time_ms + MAX_VALIDITY_MS <= self._tip.time_ms
        newest = self._headers.newest
        before = newest if newest is not None and newest.height == height - 1 else None
        if header.height != height or height > self._tip.height:
            raise Malformed(f"expected a header of height {height} up to {self._tip.height}, got {header.height}")
        if before is None and (newest is not None or (height > 1 and not is_old)):
            raise Malformed(f"expected headers without gaps from one {MAX_VALIDITY_MS} ms before the last, got {height}")
        if before is not None and (header_hash(before) != header.previous_hash or is_old):
            raise Malformed(f"expected header {height} to follow block {height - 1} within {MAX_VALIDITY_MS} ms of the last")
        self._headers.add(header)
        batch.put(Column.INDEX, b"b" + header_hash(header), _at(height))

    def _check_headers(self) -> None:
        """The last header is the final one; checked before anything rests on them."""
        if self._headers.newest != self._tip:
            raise Malformed(f"expected the final header of block {self._tip.height} at the end of the headers")

    def _carried(self, batch: Batch, height: int, header: Named, row: bytes) -> None:
        """The last commit that a block carries is also what made the one before it final."""
        carried = decode(Carried, row)
        if commit_hash(carried.last_commit) != header.last_commit_hash:
            raise Malformed(f"expected the last commit that header {height} names")
        if evidence_root(carried.evidence) != header.evidence_root:
            raise Malformed(f"expected the evidence that header {height} names")
        if height > self._headers.first:
            raw = encode(carried.last_commit)
            batch.put(Column.BLOCKS, b"c" + _at(height - 1), raw)
            self._bytes += len(raw)

    def _put_transactions(self, batch: Batch, height: int, header: Named, rows: list[tuple[bytes, bytes]]) -> None:
        _check_list("transactions", height, rows, header.transaction_count)
        transactions = [decode_transaction(value) for _, value in rows]
        _check_root("transactions", height, header.transactions_root, root([one.id for one in transactions]))
        self._transactions += len(rows)
        for (index, _), transaction in zip(rows, transactions, strict=True):
            position = _at(height) + index
            batch.put(Column.INDEX, b"i" + transaction.id, position)
            for address in (transaction.sender, *self._named(transaction)):
                batch.put(Column.INDEX, b"a" + address + position, b"")

    def _validators(self, height: int, row: bytes) -> ValidatorSet:
        """The set that is in force at a height, which its header names."""
        found = decode(ValidatorSet, row)
        if validators_hash(found) != self._named_at(height):
            raise Malformed(f"expected the validators that vote on block {height}")
        return found

    def _named_at(self, height: int) -> bytes:
        header = self._headers.get(height)
        return self._tip.next_validators_hash if header is None else header.validators_hash

    def _check_sets(self) -> None:
        """Each header names the set that is in force at its height."""
        first = self._headers.first
        current: ValidatorSet | None = None
        for height in range(first, self._tip.height + 2):
            current = self._sets.pop(height, current)
            if current is None or validators_hash(current) != self._named_at(height):
                raise Malformed(f"expected the validators that vote on block {height}")


def _at(height: int) -> bytes:
    return height.to_bytes(8, "big")


def _only(rows: list[tuple[bytes, bytes]]) -> bytes:
    if len(rows) != 1 or rows[0][0]:
        raise Malformed("expected one row for a height")
    return rows[0][1]


def _check_list(what: str, height: int, rows: list[tuple[bytes, bytes]], count: int) -> None:
    if [index for index, _ in rows] != [number.to_bytes(4, "big") for number in range(count)]:
        raise Malformed(f"expected {count} {what} of block {height}, got {len(rows)}")


def _check_root(what: str, height: int, expected: bytes, got: bytes) -> None:
    if got != expected:
        raise Malformed(f"expected the {what} whose root is in header {height}")
