"""Blocks: a header that fixes everything, the transactions, and the commit of the block before."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from gridnode.chain.clearing import ClearingSummary
from gridnode.chain.commit import Commit, commit_hash
from gridnode.chain.evidence import EVIDENCE, Evidence, evidence_root
from gridnode.codec.fields import ADDRESS, HASH, NAME, U32, U64, Bytes, Int, ListOf
from gridnode.codec.records import Nested, encode, record
from gridnode.crypto.hashing import Tag
from gridnode.crypto.merkle import root
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import Address, Hash, TransactionId
from gridnode.primitives.limits import (
    MAX_BLOCK_TRANSACTIONS,
    MAX_CLEARINGS,
    MAX_I64,
    MAX_SOURCES,
    MAX_TRANSACTION_BYTES,
)
from gridnode.primitives.units import EnergyWh, Height, TimeMs

_HEADER = Tag("gridnode/header")
ENERGY = Int(0, MAX_I64)


@record
class SourceEnergy:
    """Energy of one source in a block."""

    source: Annotated[str, NAME]
    energy_wh: Annotated[EnergyWh, ENERGY]


@record
class EnergySummary:
    """What a block did in energy; zero and empty when nothing."""

    traded_wh: Annotated[EnergyWh, ENERGY]  # matched in the order book
    generated_wh: Annotated[EnergyWh, ENERGY]  # by readings accepted
    consumed_wh: Annotated[EnergyWh, ENERGY]  # by readings accepted
    settled_wh: Annotated[EnergyWh, ENERGY]  # delivered to buyers in settlements
    co2_credits_nano: Annotated[int, ENERGY]  # credits minted, 1e-9 credit (1 credit = 1 kg CO2)
    by_source: Annotated[tuple[SourceEnergy, ...], ListOf(Nested(SourceEnergy), MAX_SOURCES)]  # generated, ascending name
    clearings: Annotated[tuple[ClearingSummary, ...], ListOf(Nested(ClearingSummary), MAX_CLEARINGS)]  # call auctions held


NO_ENERGY = EnergySummary(EnergyWh(0), EnergyWh(0), EnergyWh(0), EnergyWh(0), 0, (), ())


@record
class Header:
    """All that a block fixes; its hash is the block's."""

    chain_id: Annotated[str, NAME]  # the chain it belongs to
    height: Annotated[Height, U64]
    time_ms: Annotated[TimeMs, U64]
    previous_hash: Annotated[Hash, HASH]  # genesis hash for block 1
    last_commit_hash: Annotated[Hash, HASH]
    evidence_root: Annotated[Hash, HASH]  # RFC 6962 root of the evidence that the block carries
    transactions_root: Annotated[Hash, HASH]  # RFC 6962 root of the transaction ids
    receipts_root: Annotated[Hash, HASH]  # RFC 6962 root of the encoded receipts, hooks' receipt last
    state_root: Annotated[Hash, HASH]  # after this block
    validators_hash: Annotated[Hash, HASH]  # the set that votes on this block
    next_validators_hash: Annotated[Hash, HASH]  # the set that votes on the next one, as this block leaves it
    proposer: Annotated[Address, ADDRESS]  # who made the block (not who proposes it again in a later round)
    transaction_count: Annotated[int, U32]  # leaves under transactions_root
    energy: Annotated[EnergySummary, Nested(EnergySummary)]


@record
class Block:
    """A whole block as stored and as sent in block sync."""

    header: Annotated[Header, Nested(Header)]
    # signed transactions as they travel, in the order of execution
    transactions: Annotated[tuple[bytes, ...], ListOf(Bytes(1, MAX_TRANSACTION_BYTES), MAX_BLOCK_TRANSACTIONS)]
    last_commit: Annotated[Commit, Nested(Commit)]
    evidence: Annotated[tuple[Evidence, ...], EVIDENCE] = ()  # executed before the transactions


@record
class CompactBlock:
    """A block as proposed: transactions by id, so that nodes send only what the other lacks."""

    header: Annotated[Header, Nested(Header)]
    transaction_ids: Annotated[tuple[TransactionId, ...], ListOf(HASH, MAX_BLOCK_TRANSACTIONS)]
    last_commit: Annotated[Commit, Nested(Commit)]
    evidence: Annotated[tuple[Evidence, ...], EVIDENCE] = ()  # executed before the transactions


@lru_cache(maxsize=64)  # of a block several ask: who checks its commit, who executes it, who stores it
def header_hash(header: Header) -> Hash:
    """The block's hash: tagged hash of the header's canonical bytes."""
    return _HEADER.hash(encode(header))


def check_compact(compact: CompactBlock) -> None:
    """Whether a proposed block's parts are those that its header names. Raises Malformed saying which is not.

    A proposal's signature covers the header alone. With other parts a good block would be found invalid by whoever got them.
    """
    header = compact.header
    if (header.transaction_count, header.transactions_root) != (len(compact.transaction_ids), root(compact.transaction_ids)):
        raise Malformed("transaction_ids: expected those that the header names")
    if header.last_commit_hash != commit_hash(compact.last_commit):
        raise Malformed("last_commit: expected the one that the header names")
    if header.evidence_root != evidence_root(compact.evidence):
        raise Malformed("evidence: expected that which the header names")
