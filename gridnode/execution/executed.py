"""`Executed`: a block that was executed, and all that is to be stored of it."""

from __future__ import annotations

from dataclasses import dataclass

from gridnode.chain.block import Block
from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.chain.validators import ValidatorSet
from gridnode.execution.proposal import Refused
from gridnode.modules.context import Writes
from gridnode.primitives.ids import Address, Hash
from gridnode.state.commitment import Update


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
    update: Update
    """Pages of the tree to change, and the state root."""
    validators: ValidatorSet
    """Who votes on the next block."""
    proposers: tuple[Address, ...]
    """In which order they propose it: round r has the r-th, modulo their number."""
    before: Writes
    """What those rows of the state were before: undoes the block."""
    refused: tuple[Refused, ...] = ()
    """When it was built here: waiting transactions that turned out unfit."""
