"""A snapshot restored: same rows, same root, and a node that goes on; whatever is wrong with one is refused and leaves no database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gridnode.chain.commit import commit_hash
from gridnode.chain.receipt import ChainCode
from gridnode.codec.records import decode, encode
from gridnode.execution.named import accounts_named
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.node.restore import _Making, restore_into, unfinished
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.primitives.errors import InvariantBroken, Malformed, OperatorError, Rejected
from gridnode.primitives.limits import MAX_VALIDITY_MS
from gridnode.storage.leveldb import Batch, Column, Database
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.row_stream import ChunkWriter, Row, RowReader
from gridnode.sync.snapshots import Manifest, chunk_hash
from tests.chain_in_memory import account
from tests.growing_store import GrowingStore, follow, growing, rows_of

STEP_MS = 60_000
"""Between two blocks: MAX_VALIDITY_MS is ten of them."""
HEIGHT = 15
FIRST = 5
"""The newest block of HEIGHT - 10 and below is too old to hold a valid transaction."""


class Made:
    """A chain at HEIGHT and its snapshot; the chain has gone on since."""

    def __init__(self, folder: Path) -> None:
        self.chain = GrowingStore(folder / "chain")
        self.chain.grow(HEIGHT, after_ms=STEP_MS)
        self.snapshots = SnapshotStore(folder / "snapshots")
        frozen = self.chain.store.freeze()
        self.chain.block()  # what comes later is not in it
        with frozen.rows:
            self.manifest = write_snapshot(frozen, self.snapshots)
        self.anchor = frozen.light

    def chunks(self) -> Iterator[bytes]:
        """As they are on the disk."""
        for index in range(len(self.manifest.chunks)):
            chunk = self.snapshots.chunk(HEIGHT, index)
            assert chunk is not None
            yield chunk

    def rows(self) -> list[Row]:
        """All rows of it."""
        reader = RowReader()
        return [row for chunk in self.chunks() for row in reader.feed(chunk)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """One for all tests here, which do not change it."""
    world = Made(tmp_path_factory.mktemp("made"))
    yield world
    world.chain.close()


def restored(made: Made, folder: Path) -> LedgerStore:
    """The store of a node that begins from the snapshot."""
    restore_into(folder, made.manifest, made.chunks(), made.anchor, accounts_named)
    return open_store(folder, made.chain.genesis)


def test_the_same_state_and_the_same_root(made: Made, tmp_path: Path) -> None:
    """Tree rows do not travel; they come out the same."""
    store = restored(made, tmp_path / "chain")
    with growing(tmp_path / "witness") as witness:
        witness.grow(HEIGHT, after_ms=STEP_MS)
        for column in (Column.STATE, Column.PAGES):
            assert rows_of(store, column) == rows_of(witness.store, column)
        assert store.tip_hash == witness.store.tip_hash
    header = store.header
    assert header is not None
    assert (store.height, store.state_root) == (HEIGHT, header.state_root)
    store.close()


def test_it_goes_on_as_a_node_that_was_never_restored(made: Made, tmp_path: Path) -> None:
    """The block after it is executed, its commit checked by who voted on H; the next snapshot is byte for byte that of the others."""
    store = restored(made, tmp_path / "chain")
    final = made.chain.store.final_block(HEIGHT + 1)
    assert final is not None
    follow(store, final, transactions_of(made, HEIGHT + 1))
    assert store.state_root == made.chain.store.state_root
    again = []
    for one, name in ((store, "restored"), (made.chain.store, "other")):
        frozen = one.freeze()
        with frozen.rows:
            again.append(write_snapshot(frozen, SnapshotStore(tmp_path / name)))
    assert again[0] == again[1]
    store.close()


def transactions_of(made: Made, height: int) -> tuple[object, ...]:
    """Transactions of a block, verified."""
    from gridnode.chain.transaction import VerifiedTransaction, decode_transaction

    final = made.chain.store.final_block(height)
    assert final is not None
    return tuple(VerifiedTransaction(decode_transaction(raw)) for raw in final.block.transactions)


def test_the_blocks_before_it(made: Made, tmp_path: Path) -> None:
    """They are those of a node that executed them, with receipts and ways to find them; below there is nothing."""
    store, other = restored(made, tmp_path / "chain"), made.chain.store
    assert store.first_height == FIRST
    for height in range(FIRST, HEIGHT + 1):
        final, expected = store.final_block(height), other.final_block(height)
        assert final is not None
        assert expected is not None
        assert final.block == expected.block
        assert (final.commit.height, final.commit.block_hash) == (height, expected.commit.block_hash)
        if height < HEIGHT:
            following = other.block_header(height + 1)
            assert following is not None
            assert commit_hash(final.commit) == following.last_commit_hash
        assert store.receipts(height) == other.receipts(height)
        assert store.validators_at(height) == other.validators_at(height)
    assert store.final_block(FIRST - 1) is store.block_header(FIRST - 1) is None
    everything = [row for row in other.account_transactions(account("alice"), 1_000) if FIRST <= row.height <= HEIGHT]
    assert store.account_transactions(account("alice"), 1_000) == everything
    assert everything
    assert store.totals.transactions == 3 * (HEIGHT - FIRST + 1)
    store.close()


def test_nothing_is_committed_twice(made: Made, tmp_path: Path) -> None:
    """A transaction of the blocks before it is still known, also after a restart."""
    [one, *_] = transactions_of(made, HEIGHT)
    store = restored(made, tmp_path / "chain")
    for _ in range(2):
        with pytest.raises(Rejected) as refused:
            store.check_standing(one)  # type: ignore[arg-type]
        assert refused.value.code is ChainCode.DUPLICATE
        store.close()
        store = open_store(tmp_path / "chain", made.chain.genesis)
    store.close()


def test_a_store_that_lacks_blocks_it_needs_is_not_opened(made: Made, tmp_path: Path) -> None:
    """Rather than forget what was committed."""
    restored(made, tmp_path / "chain").close()
    database = Database(tmp_path / "chain", made.manifest.genesis_hash)
    batch = database.batch()
    batch.delete(Column.BLOCKS, b"l" + (FIRST + 3).to_bytes(8, "big"))
    batch.commit()
    database.close()
    with pytest.raises(InvariantBroken, match=f"expected block {FIRST + 3}"):
        open_store(tmp_path / "chain", made.chain.genesis)


def test_a_snapshot_at_block_1(tmp_path: Path) -> None:
    """There is nothing before it."""
    with growing(tmp_path / "one") as chain:
        chain.block()
        frozen = chain.store.freeze()
        snapshots = SnapshotStore(tmp_path / "snapshots")
        with frozen.rows:
            manifest = write_snapshot(frozen, snapshots)
        chunk = snapshots.chunk(1, 0)
        assert chunk is not None
        restore_into(tmp_path / "two", manifest, [chunk], frozen.light, accounts_named)
        store = open_store(tmp_path / "two", chain.genesis)
        assert (store.height, store.first_height, store.tip_hash) == (1, 1, chain.store.tip_hash)
        store.close()


# What is wrong with a snapshot


def forged(manifest: Manifest, rows: list[Row]) -> tuple[Manifest, list[bytes]]:
    """A snapshot of other rows whose manifest fits them."""
    writer = ChunkWriter()
    chunks = [chunk for row in rows for chunk in writer.add(*row)]
    chunks += writer.end()
    return replace(manifest, rows=writer.rows, bytes=writer.bytes, chunks=tuple(map(chunk_hash, chunks))), chunks


Change = Callable[[list[Row]], list[Row]]


def without(column: Column, letter: bytes = b"") -> Change:
    """Lacks the first row of this kind."""

    def change(rows: list[Row]) -> list[Row]:
        index = next(at for at, row in enumerate(rows) if row.column == column and row.key.startswith(letter))
        return rows[:index] + rows[index + 1 :]

    return change


def without_last(letter: bytes) -> Change:
    """Lacks the last row of this kind."""

    def change(rows: list[Row]) -> list[Row]:
        index = max(at for at, row in enumerate(rows) if row.column == Column.BLOCKS and row.key.startswith(letter))
        return rows[:index] + rows[index + 1 :]

    return change


def altered(column: Column, letter: bytes = b"") -> Change:
    """The last byte of the first row of this kind is another one."""

    def change(rows: list[Row]) -> list[Row]:
        index = next(at for at, row in enumerate(rows) if row.column == column and row.key.startswith(letter) and row.value)
        row = rows[index]
        rows[index] = row._replace(value=row.value[:-1] + bytes([row.value[-1] ^ 1]))
        return rows

    return change


def more(row: Row) -> Change:
    """One row too many."""
    return lambda rows: sorted([*rows, row])


AT = HEIGHT.to_bytes(8, "big")
WRONG: dict[str, tuple[Change, str]] = {
    "a row of the state is missing": (without(Column.STATE), "expected the state root"),
    "a row of the state is another": (altered(Column.STATE), "expected the state root"),
    "a row of the state too many": (more(Row(Column.STATE, b"\x01\x01new", b"x")), "expected the state root"),
    "a row of no module": (more(Row(Column.STATE, b"\xee", b"x")), "rows of no module"),
    "tree rows": (more(Row(Column.PAGES, b"\x01", b"x")), "expected rows of columns"),
    "rows of the index": (more(Row(Column.INDEX, b"i", b"x")), "expected rows of columns"),
    "no blocks": (lambda rows: [row for row in rows if row.column == Column.STATE], "expected the final header"),
    "the first header is missing": (without(Column.BLOCKS, b"h"), "expected headers without gaps"),
    "the last header is missing": (without_last(b"h"), "expected the final header"),
    "a header is another": (altered(Column.BLOCKS, b"h"), "Header|expected header|expected the final"),
    "a last commit is missing": (without(Column.BLOCKS, b"l"), "expected rows l of 11 blocks, got those of 10"),
    "a last commit is another": (altered(Column.BLOCKS, b"l"), "expected the last commit|Carried"),
    "a transaction is missing": (without(Column.BLOCKS, b"t"), "expected 3 transactions"),
    "all transactions of a block are missing": (
        lambda rows: [row for row in rows if row.key[:9] != b"t" + AT],
        "expected rows t of 11 blocks, got those of 10",
    ),
    "a receipt is missing": (without(Column.BLOCKS, b"r"), "expected 4 receipts"),
    "the hooks' receipt is missing": (without_last(b"r"), "expected 4 receipts"),
    "a receipt is another": (altered(Column.BLOCKS, b"r"), "expected the receipts whose root"),
    "no validators": (without(Column.BLOCKS, b"v"), "expected the validators that vote on block 5"),
    "a block too many": (more(Row(Column.BLOCKS, b"h" + (HEIGHT + 1).to_bytes(8, "big"), b"")), "Header|expected"),
    "a last commit too many": (more(Row(Column.BLOCKS, b"l" + AT + b"\0", b"")), "expected at most 1 rows l"),
    "a header too many": (more(Row(Column.BLOCKS, b"h" + AT + b"\0", b"")), "expected at most 1 rows h"),
    "a receipt too many": (more(Row(Column.BLOCKS, b"r" + AT + b"\xff", b"")), "expected at most 4 rows r"),
    "a transaction too many": (more(Row(Column.BLOCKS, b"t" + AT + b"\xff", b"")), "expected at most 3 rows t"),
    "validators too many": (more(Row(Column.BLOCKS, b"v\xff" + AT[1:], b"")), "expected validators of heights 5 to 16"),
    "rows of another kind": (more(Row(Column.BLOCKS, b"c" + AT, b"")), "expected a row of a block"),
    "a key cut off": (more(Row(Column.BLOCKS, b"h", b"")), "expected a row of a block"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_snapshot_is_refused(made: Made, tmp_path: Path, name: str) -> None:
    """Its manifest and its hashes fit, so only what it holds gives it away. Nothing is left of it."""
    change, expected = WRONG[name]
    manifest, chunks = forged(made.manifest, change(made.rows()))
    with pytest.raises(Malformed, match=expected):
        restore_into(tmp_path / "chain", manifest, chunks, made.anchor, accounts_named)
    assert list(tmp_path.iterdir()) == []


def test_a_transaction_that_is_another(made: Made, tmp_path: Path) -> None:
    """Its root is in the header."""
    rows = made.rows()
    index = next(at for at, row in enumerate(rows) if row.column == Column.BLOCKS and row.key[:1] == b"t")
    rows[index] = rows[index]._replace(value=next(row.value for row in reversed(rows) if row.key[:1] == b"t"))
    manifest, chunks = forged(made.manifest, rows)
    with pytest.raises(Malformed, match="expected the transactions whose root"):
        restore_into(tmp_path / "chain", manifest, chunks, made.anchor, accounts_named)


@pytest.mark.parametrize(
    ("limit", "bytes_", "expected"),
    [
        ("MAX_PAST_HEADER_BYTES", 1_500, "expected headers of"),
        ("MAX_HEADER_BYTES", 100, "expected headers of 100 bytes"),
        ("MAX_BLOCK_BYTES", 300, "expected at most 300 bytes of transactions"),
    ],
)
def test_rows_that_are_held_are_bounded_by_bytes(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, bytes_: int, expected: str
) -> None:
    """A row may be long, and a lie is found out late: what is held until then has a bound."""
    monkeypatch.setattr(f"gridnode.storage.past_blocks.{limit}", bytes_)
    with pytest.raises(Malformed, match=expected):
        restore_into(tmp_path / "chain", made.manifest, made.chunks(), made.anchor, accounts_named)


def test_rows_are_written_when_their_bytes_are_many(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few long rows are no better than many short ones: of a snapshot, no more than so many bytes wait in memory."""
    bound, waiting, most = 4_000, [0, 0], [0, 0]
    monkeypatch.setattr("gridnode.node.restore.RESTORE_BATCH_BYTES", bound)
    commit, take = Batch.commit, _Making.take

    def counted(making: _Making, row: Row) -> None:
        kind = int(row.column == Column.BLOCKS)
        waiting[kind] += len(row.key) + len(row.value)
        most[kind] = max(most[kind], waiting[kind])
        take(making, row)

    def written(batch: Batch) -> None:
        commit(batch)
        waiting[:] = [0, 0]

    monkeypatch.setattr(_Making, "take", counted)
    monkeypatch.setattr(Batch, "commit", written)
    store = restored(made, tmp_path / "chain")
    longest = max(len(row.key) + len(row.value) for row in made.rows())
    assert all(0 < one < bound + longest for one in most)
    assert store.state_root == made.anchor.header.state_root
    store.close()


def test_rows_fewer_than_the_manifest_says(made: Made, tmp_path: Path) -> None:
    """The count is checked too."""
    with pytest.raises(Malformed, match="rows, got"):
        restore_into(
            tmp_path / "chain", replace(made.manifest, rows=1), made.chunks(), made.anchor, accounts_named
        )


@pytest.mark.parametrize("what", ["height", "block_hash", "state_root"])
def test_a_manifest_of_another_block_is_refused(made: Made, tmp_path: Path, what: str) -> None:
    """Before anything is written."""
    value = HEIGHT - 1 if what == "height" else bytes(32)
    with pytest.raises(Malformed, match=f"expected the snapshot of block {HEIGHT}"):
        restore_into(
            tmp_path / "chain", replace(made.manifest, **{what: value}), made.chunks(), made.anchor, accounts_named
        )


def test_a_database_is_never_replaced(made: Made, tmp_path: Path) -> None:
    """An operator who wants that removes it himself."""
    (tmp_path / "chain").mkdir()
    with pytest.raises(OperatorError, match="expected no database"):
        restore_into(tmp_path / "chain", made.manifest, made.chunks(), made.anchor, accounts_named)


class Died(BaseException):
    """The process is gone."""


class Deaths:
    """Kills the process at the so-many-th write or rename, before it or after it; a dead process sweeps nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        commit, rename, sweep = Batch.commit, Path.rename, shutil.rmtree
        monkeypatch.setattr(Batch, "commit", lambda batch: self._around(lambda: commit(batch)))
        monkeypatch.setattr(Path, "rename", lambda path, target: self._around(lambda: rename(path, target)))
        monkeypatch.setattr("gridnode.node.restore.shutil.rmtree", lambda *one, **more: self.left == 0 or sweep(*one, **more))

    def _around(self, act: Callable[[], object]) -> None:
        self._tick()
        act()
        self._tick()

    def _tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Died


def test_a_death_at_any_write_leaves_nothing_or_all(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dead process has left is swept by the next one, which succeeds."""
    monkeypatch.setattr("gridnode.node.restore.TREE_BATCH_ROWS", 160)
    deaths = Deaths(monkeypatch)
    chain, died, was_whole = tmp_path / "chain", 0, False
    while True:
        deaths.left = died + 1
        try:
            restore_into(chain, made.manifest, made.chunks(), made.anchor, accounts_named)
            break
        except Died:
            died += 1
        if chain.exists():
            was_whole = True
            store = open_store(chain, made.chain.genesis)
            assert (store.height, store.state_root) == (HEIGHT, made.anchor.header.state_root)
            store.close()
            chain.rename(tmp_path / f"whole-{died}")
        else:
            assert unfinished(chain).exists()
    assert died > 20
    assert was_whole
    assert not unfinished(chain).exists()
    open_store(chain, made.chain.genesis).close()


def test_the_window_is_that_of_replay_protection(made: Made) -> None:
    """What is needed and no more."""
    headers = [made.chain.store.block_header(height) for height in (FIRST, FIRST + 1)]
    tip = made.anchor.header
    assert [header is not None and header.time_ms + MAX_VALIDITY_MS <= tip.time_ms for header in headers] == [True, False]
    assert decode(Manifest, encode(made.manifest)) == made.manifest
