"""`Executed`: a block that was executed, and all that is to be stored of it; what execution needs of the state's commitment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gridnode.chain.block import Block
from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.chain.validators import ValidatorSet
from gridnode.execution.proposal import Refused
from gridnode.modules.context import Writes
from gridnode.primitives.ids import Hash


class TreeUpdate(Protocol):
    """What a block does to the state's tree."""

    @property
    def root(self) -> Hash:
        """State root after the block."""
        ...

    @property
    def pages(self) -> Mapping[bytes, bytes | None]:
        """Changed pages of the tree, to be written with the block; None deletes one."""
        ...


class StateTree(Protocol):
    """The commitment to the state; `gridnode.state.commitment` has it."""

    def update(self, writes: Writes) -> TreeUpdate:
        """What `writes` would make of the tree; nothing is changed yet."""
        ...

    def commit(self, update: TreeUpdate) -> None:
        """Make an update the tree's content, once its pages are written."""
        ...


@dataclass(frozen=True, slots=True)
class Executed:
    """A block that was executed over the committed state: all that is to be stored of it."""

    block: Block
    """The block, whose header names the outcome."""
    block_hash: Hash
    """Hash of its header."""
    transactions: tuple[VerifiedTransaction, ...]
    """Its transactions, taken apart, in order."""
    receipts: tuple[Receipt, ...]
    """One for each transaction, then that of the hooks."""
    writes: Writes
    """Rows of the state to change, keys ascending; None deletes one."""
    update: TreeUpdate
    """Pages of the tree to change, and the state root."""
    validators: ValidatorSet
    """Who votes on the next block."""
    refused: tuple[Refused, ...] = ()
    """When it was built here: waiting transactions that turned out unfit."""
