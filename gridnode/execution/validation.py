"""What must hold of a proposed block. Whatever does not hold is a reason to vote nil."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridnode.chain.block import Block, Header
from gridnode.chain.commit import NO_COMMIT, check_commit, commit_hash
from gridnode.chain.evidence import evidence_root
from gridnode.chain.genesis import ChainParams
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.chain.validators import Validator, ValidatorSet, validators_hash
from gridnode.codec.records import layout
from gridnode.crypto.merkle import root
from gridnode.execution.registry import work_of
from gridnode.primitives.errors import Malformed, PeerFault
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.units import Height, TimeMs


class BlockInvalid(PeerFault):
    """A proposed block breaks a rule; the reason says which. Its maker is at fault."""


class Tip(NamedTuple):
    """The committed block on which the next one builds, or genesis."""

    chain_id: str  # of the chain that is built on
    height: Height
    """0 for genesis."""
    block_hash: Hash
    """Genesis hash at height 0."""
    time_ms: TimeMs
    """Chain time."""
    validators: ValidatorSet
    """Who votes on the next block."""
    voted: ValidatorSet
    """Who voted on this one; the same as `validators` at height 0."""
    proposers: tuple[Address, ...]
    """In which order `validators` propose the next block: round r has the r-th, modulo their number."""


def check_header(block: Block, tip: Tip) -> Validator:
    """Check the header against what it builds on, and the commit of that; returns who made the block.

    Raises BlockInvalid. The voter's own clock is not looked at here.
    """
    header = block.header
    _expect("chain_id", header.chain_id, tip.chain_id)
    _expect("height", header.height, tip.height + 1)
    _expect("previous_hash", header.previous_hash, tip.block_hash)
    _expect("validators_hash", header.validators_hash, validators_hash(tip.validators))
    _expect("last_commit_hash", header.last_commit_hash, commit_hash(block.last_commit))
    _expect("evidence_root", header.evidence_root, evidence_root(block.evidence))
    if header.time_ms <= tip.time_ms:
        raise BlockInvalid(f"time_ms: expected more than {tip.time_ms}, got {header.time_ms}")
    proposer = tip.validators.get(header.proposer)
    if proposer is None:
        raise BlockInvalid("proposer: expected a validator of this height")
    _check_last_commit(block, tip)
    return proposer


def check_body(block: Block, transactions: Sequence[VerifiedTransaction], params: ChainParams) -> None:
    """Check that `transactions` are those of the block, that its header names them, and its bounds. Raises BlockInvalid."""
    if block.transactions != tuple(transaction.raw for transaction in transactions):
        raise BlockInvalid("transactions: expected the block's own, taken apart")
    _expect("transaction_count", block.header.transaction_count, len(transactions))
    _expect("transactions_root", block.header.transactions_root, transactions_root(transactions))
    sizes = (
        ("transactions", len(transactions), params.max_block_transactions),
        ("bytes", sum(map(len, block.transactions)), params.max_block_bytes),
        ("messages", sum(map(work_of, transactions)), params.max_block_messages),
    )
    for name, size, most in sizes:
        if size > most:
            raise BlockInvalid(f"{name}: expected at most {most}, got {size}")


def check_outcome(claimed: Header, computed: Header) -> None:
    """Check that the header is the one that execution gives, naming the first field that is not. Raises BlockInvalid."""
    for name in layout(Header).kinds:
        _expect(name, getattr(claimed, name), getattr(computed, name))


def transactions_root(transactions: Sequence[VerifiedTransaction]) -> Hash:
    """RFC 6962 root of the transactions' ids."""
    return root([transaction.id for transaction in transactions])


def _check_last_commit(block: Block, tip: Tip) -> None:
    if tip.height == 0:
        if block.last_commit != NO_COMMIT:
            raise BlockInvalid("last_commit: expected none in block 1")
        return
    try:
        check_commit(block.last_commit, tip.chain_id, tip.voted, tip.height, tip.block_hash)
    except Malformed as error:
        raise BlockInvalid(f"last_commit: {error}") from None


def _expect(name: str, got: object, expected: object) -> None:
    if got != expected:
        raise BlockInvalid(f"{name}: expected {_shown(expected)}, got {_shown(got)}")


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
