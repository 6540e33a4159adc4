"""The data of a stopped node as one side of a comparison."""

from __future__ import annotations

from gridnode.chain.block import header_hash
from gridnode.chain.genesis import genesis_hash
from gridnode.chain.recorded import RecordedBlock
from gridnode.operations.place import Place
from gridnode.operations.side import At, Proven, RowPage, Rows, T
from gridnode.operations.stored_block import Damaged, read_block
from gridnode.primitives.errors import InvariantBroken, OperatorError
from gridnode.primitives.limits import MAX_DIGESTED_ROWS, MAX_RAW_ROWS
from gridnode.state.commitment import read_roots
from gridnode.state.digests import Runs, runs_from
from gridnode.state.kv import Reader
from gridnode.state.prefixes import NAMES
from gridnode.state.proof import prove, verify_proof
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Column, Database

_COLUMNS = {Rows.STATE: Column.STATE, Rows.TREES: Column.PAGES}
_COUNT_BYTES = 4


class StoredSide:
    """A database that is open here."""

    def __init__(self, name: str, place: Place, database: Database) -> None:
        self.name = name
        self._place = place
        self._database = database
        self._blocks = BlockStore(database)

    async def genesis_hash(self) -> bytes:
        """Of its chain."""
        return genesis_hash(self._place.genesis)

    async def height(self) -> int:
        """Of its newest block."""
        return self._blocks.height

    async def block_hash(self, height: int) -> bytes:
        """Hash of a block."""
        try:
            header = self._blocks.header(height)
        except InvariantBroken as broken:
            raise OperatorError(f"{self.name}: block {height}: {broken.detail}") from None
        if header is None:
            raise OperatorError(f"{self.name}: block {height} is not stored")
        return header_hash(header)

    async def block(self, height: int) -> RecordedBlock:
        """A block with its commit and receipts."""
        if height < self._blocks.first:
            raise OperatorError(f"{self.name}: block {height} is pruned; those from {self._blocks.first} on are whole")
        try:
            found = read_block(self._blocks, height)
        except Damaged as damaged:
            wrong = damaged.difference
            raise OperatorError(f"{self.name}: block {height}: {wrong.where}: {wrong.right}; `gridnode verify` says more") from None
        return RecordedBlock(found.block, found.commit, found.receipts)

    async def roots(self) -> At[dict[str, str]]:
        """Root of each module's tree."""
        found = read_roots(self._view(Rows.TREES))
        return self._at({NAMES[module]: root[_COUNT_BYTES:].hex() for module, root in found.items()})

    async def runs(self, kind: Rows, after: bytes) -> At[Runs]:
        """Digests of runs of rows."""
        return self._at(runs_from(self._view(kind), after, MAX_DIGESTED_ROWS))

    async def rows(self, kind: Rows, after: bytes, until: bytes) -> At[RowPage]:
        """Rows behind a key, up to and with another."""
        found: list[tuple[bytes, bytes]] = []
        for row in self._view(kind).scan(after + b"\0" if after else b"", until + b"\0"):
            if len(found) == MAX_RAW_ROWS:
                return self._at(RowPage(found, finished=False))
            found.append(row)
        return self._at(RowPage(found, finished=True))

    async def proven(self, key: bytes) -> Proven:
        """One row with the verdict of its proof."""
        value = self._view(Rows.STATE).get(key)
        header = self._blocks.header(self._blocks.height)
        if header is None:
            return Proven(value, holds=True)  # the state of genesis has no header
        try:
            proof = prove(self._view(Rows.TREES), key)
        except InvariantBroken:
            return Proven(value, holds=False)
        return Proven(value, verify_proof(header.state_root, key, value, proof))

    def _view(self, kind: Rows) -> Reader:
        return self._database.view(_COLUMNS[kind])

    def _at(self, found: T) -> At[T]:
        header = self._blocks.header(self._blocks.height)
        return At(self._blocks.height, b"" if header is None else header_hash(header), found)
