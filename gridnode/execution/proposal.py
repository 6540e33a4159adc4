"""Which waiting transactions go into a block: in the order offered, as far as its bounds allow."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import NamedTuple

from gridnode.chain.genesis import ChainParams
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.execution.block import BlockRun
from gridnode.execution.registry import work_of
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import TransactionId
from gridnode.primitives.limits import SLICE_MESSAGES


class Refused(NamedTuple):
    """A waiting transaction that cannot stand in the block, and why; it should leave the pool."""

    id: TransactionId  # of the transaction
    rejected: Rejected


class Filled(NamedTuple):
    """What was chosen, in order, and what turned out unfit."""

    chosen: tuple[VerifiedTransaction, ...]
    refused: tuple[Refused, ...]


def filling(
    run: BlockRun, candidates: Iterable[VerifiedTransaction], params: ChainParams
) -> Generator[None, None, Filled]:
    """Run candidates in order until the block is full; stops every SLICE_MESSAGES messages, counted by their work.

    One that is too large for what is left, or not of a lane of the proposer's, is passed over and may stand in a later block.
    """
    chosen: list[VerifiedTransaction] = []
    refused: list[Refused] = []
    bytes_left, messages_left, pause = params.max_block_bytes, params.max_block_messages, SLICE_MESSAGES
    for transaction in candidates:
        if len(chosen) == params.max_block_transactions:
            break
        size, count = len(transaction.raw), work_of(transaction)
        if size > bytes_left or count > messages_left or not run.may_carry(transaction):
            continue
        try:
            run.add(transaction)
        except Rejected as rejected:
            refused.append(Refused(transaction.id, rejected))
            continue
        chosen.append(transaction)
        bytes_left, messages_left, pause = bytes_left - size, messages_left - count, pause - count
        if pause <= 0:
            pause = SLICE_MESSAGES
            yield
    return Filled(tuple(chosen), tuple(refused))
