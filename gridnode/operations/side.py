"""One side of a comparison: what is asked of a node, whether it runs or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, Protocol, TypeVar

from gridnode.chain.recorded import RecordedBlock
from gridnode.state.digests import Runs

T = TypeVar("T")


class Rows(Enum):
    """Which rows: as the API names them."""

    STATE = "state"  # of the tables
    TREES = "trees"  # of the trees over them


@dataclass(frozen=True, slots=True)
class At(Generic[T]):
    """An answer about the state, and which state it was."""

    height: int
    """Height of the state."""
    block_hash: bytes
    """Of the block that made it; empty at height 0."""
    found: T
    """The answer."""


class RowPage(NamedTuple):
    """Successive rows."""

    rows: list[tuple[bytes, bytes]]
    """Keys and values, ascending."""
    finished: bool
    """Whether these are all that were asked for."""


class Proven(NamedTuple):
    """What a side says of one row."""

    value: bytes | None
    """The row, or None when there is none."""
    holds: bool
    """Whether its own proof, against its own header, shows that."""


class Side(Protocol):
    """A node that is compared with another."""

    @property
    def name(self) -> str:
        """What it is called in what is told: a path or a URL."""
        ...

    async def genesis_hash(self) -> bytes:
        """Of its chain."""
        ...

    async def height(self) -> int:
        """Of its newest block."""
        ...

    async def block_hash(self, height: int) -> bytes:
        """Hash of the block at a height that it has. Raises OperatorError when it is not stored."""
        ...

    async def block(self, height: int) -> RecordedBlock:
        """That block with its commit and receipts. Raises OperatorError when it is not stored."""
        ...

    async def roots(self) -> At[dict[str, str]]:
        """Root of each module's tree, by the module's name, in hex, in the order of the modules."""
        ...

    async def runs(self, kind: Rows, after: bytes) -> At[Runs]:
        """Digests of runs of rows behind a key."""
        ...

    async def rows(self, kind: Rows, after: bytes, until: bytes) -> At[RowPage]:
        """Rows behind a key, up to and with another."""
        ...

    async def proven(self, key: bytes) -> Proven:
        """One row of the state with the verdict of its proof."""
        ...
