"""Whether a block's parts are those that its header names, and whether its header follows on the block before and is final.

Headers are linked by hash from genesis on, so whoever trusts the genesis file, or the hash of one block, trusts every header before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from gridnode.audit.findings import Fault, Finding
from gridnode.audit.reading import Told
from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import check_commit, commit_hash
from gridnode.chain.evidence import evidence_root
from gridnode.chain.kinds import kind_of
from gridnode.chain.recorded import RecordedBlock
from gridnode.chain.transaction import transaction_id
from gridnode.chain.validators import ValidatorSet
from gridnode.codec.records import encode
from gridnode.crypto.keys import verify
from gridnode.crypto.merkle import root
from gridnode.primitives.errors import Malformed


def check_parts(recorded: RecordedBlock) -> Iterator[Finding]:
    """Yield what does not fit the header: transactions, receipts, the commit of the block before."""
    block, receipts = recorded.block, recorded.receipts
    header = block.header
    ids = [transaction_id(raw) for raw in block.transactions]
    if (root(ids), len(ids)) != (header.transactions_root, header.transaction_count):
        yield Finding(header.height, Fault.ROOT, "the transactions are not those of transactions_root")
    if root([encode(receipt) for receipt in receipts]) != header.receipts_root:
        yield Finding(header.height, Fault.ROOT, "the receipts are not those of receipts_root")
    if [receipt.transaction_id for receipt in receipts] != [*ids, b""]:
        yield Finding(header.height, Fault.ROOT, "expected one receipt for each transaction in order, then the hooks'")
    if commit_hash(block.last_commit) != header.last_commit_hash:
        yield Finding(header.height, Fault.ROOT, "the commit of the block before is not that of last_commit_hash")
    if evidence_root(block.evidence) != header.evidence_root:
        yield Finding(header.height, Fault.ROOT, "the evidence is not that of evidence_root")


def check_signatures(told: Told) -> Iterator[Finding]:
    """Yield whose orders and cancels, or tariffs, were not signed by their sender: not even validators may invent an order."""
    for done in told.done:
        if done.messages and not verify(*done.signature):
            kinds = ", ".join(dict.fromkeys(kind_of(type(message)) for message in done.messages))
            yield Finding(told.header.height, Fault.ROOT, f"a transaction with {kinds} does not bear its sender's signature")


def check_link(header: Header, height: int, previous_hash: bytes, previous_ms: int) -> Iterator[Finding]:
    """Yield why a header is not the one of `height` that follows on a block of this hash and time."""
    if header.height != height:
        yield Finding(height, Fault.CHAIN, f"expected the block of height {height}, got {header.height}")
    if header.previous_hash != previous_hash:
        yield Finding(height, Fault.CHAIN, "previous_hash is not the hash of the block before")
    if header.time_ms <= previous_ms:
        yield Finding(height, Fault.CHAIN, f"expected a time after {previous_ms}, got {header.time_ms}")


def check_final(recorded: RecordedBlock, validators: ValidatorSet) -> Iterator[Finding]:
    """Yield why those who vote on a block have not made it final."""
    header = recorded.block.header
    try:
        check_commit(recorded.commit, header.chain_id, validators, header.height, header_hash(header))
    except Malformed as fault:
        yield Finding(header.height, Fault.CHAIN, f"the block is not final: {fault}")
