"""Headers, blocks, receipts and genesis: their hashes cover every field, and their bounds hold."""

from dataclasses import fields, replace
from typing import Any

import pytest

from gridnode.chain.block import Block, CompactBlock, Header, header_hash
from gridnode.chain.genesis import ChainParams, Genesis, ModuleGenesis, genesis_hash
from gridnode.chain.receipt import Receipt
from gridnode.codec.records import decode, encode
from gridnode.crypto.address import address_of
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import NO_HASH, Hash, TransactionId
from gridnode.primitives.limits import MAX_BLOCK_TRANSACTIONS, MAX_TRANSACTION_BYTES
from gridnode.primitives.units import Amount, DurationMs, EnergyWh, Height, TimeMs
from tests.vectors.samples import (
    BLOCK,
    COMMIT,
    COMPACT,
    ENERGY,
    GENESIS,
    HEADER,
    PARAMS,
    RAW,
    RECEIPT,
    VALIDATORS,
)

OTHER = Hash(b"\xee" * 32)
HEADER_CHANGES: dict[str, Any] = {
    "chain_id": "other",
    "height": Height(3),
    "time_ms": TimeMs(1),
    "previous_hash": OTHER,
    "last_commit_hash": OTHER,
    "evidence_root": OTHER,
    "transactions_root": OTHER,
    "receipts_root": OTHER,
    "state_root": OTHER,
    "validators_hash": OTHER,
    "next_validators_hash": OTHER,
    "proposer": address_of(b"x"),
    "transaction_count": 2,
    "energy": replace(ENERGY, settled_wh=EnergyWh(0)),
}
GENESIS_CHANGES: dict[str, Any] = {
    "chain_id": "other",
    "time_ms": TimeMs(1),
    "version": 2,
    "params": replace(PARAMS, max_block_messages=300),
    "validators": replace(VALIDATORS, members=VALIDATORS.members[:3]),
    "modules": (ModuleGenesis("token", b"\x91\x01"),),
}


def test_a_headers_hash_covers_every_field() -> None:
    assert list(HEADER_CHANGES) == [field.name for field in fields(Header)]  # type: ignore[arg-type]
    changed = {header_hash(replace(HEADER, **{name: value})) for name, value in HEADER_CHANGES.items()}
    assert len(changed | {header_hash(HEADER)}) == len(HEADER_CHANGES) + 1


def test_a_genesis_hash_covers_every_field() -> None:
    assert list(GENESIS_CHANGES) == [field.name for field in fields(Genesis)]  # type: ignore[arg-type]
    changed = {genesis_hash(replace(GENESIS, **{name: value})) for name, value in GENESIS_CHANGES.items()}
    assert len(changed | {genesis_hash(GENESIS)}) == len(GENESIS_CHANGES) + 1


def test_both_forms_of_a_block_hold_the_same_header() -> None:
    assert decode(Block, encode(BLOCK)) == BLOCK
    assert decode(CompactBlock, encode(COMPACT)) == COMPACT
    assert BLOCK.header == COMPACT.header


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (replace(HEADER, state_root=NO_HASH), "Header.state_root: expected 32 bytes, got 0 bytes"),
        (replace(HEADER, energy=replace(ENERGY, traded_wh=EnergyWh(-1))), "Header.energy.traded_wh"),
        (replace(HEADER, energy=replace(ENERGY, traded_wh=EnergyWh(2**63))), "Header.energy.traded_wh"),
        (replace(HEADER, energy=replace(ENERGY, by_source=ENERGY.by_source * 17)), "Header.energy.by_source"),
        (Block(HEADER, (b"",), COMMIT), r"Block.transactions\[0\]"),
        (Block(HEADER, (RAW, bytes(MAX_TRANSACTION_BYTES + 1)), COMMIT), r"Block.transactions\[1\]"),
        (CompactBlock(HEADER, (TransactionId(b"x"),), COMMIT), r"CompactBlock.transaction_ids\[0\]"),
        (
            CompactBlock(HEADER, (TransactionId(bytes(32)),) * (MAX_BLOCK_TRANSACTIONS + 1), COMMIT),
            "CompactBlock.transaction_ids: .* got a list of 10001 entries",
        ),
        (replace(RECEIPT, code=2**16), "Receipt.code"),
        (replace(RECEIPT, fee=Amount(-1)), "Receipt.fee"),
        (
            replace(GENESIS, params=replace(PARAMS, block_interval_ms=DurationMs(1))),
            "Genesis.params.block_interval_ms",
        ),
        (
            replace(GENESIS, params=replace(PARAMS, max_block_messages=255)),
            "Genesis.params.max_block_messages",
        ),
        (replace(GENESIS, modules=(ModuleGenesis("token", b""),)), r"Genesis.modules\[0\].state"),
    ],
)
def test_bounds(value: Any, path: str) -> None:
    with pytest.raises(Malformed, match=path):
        encode(value)


def test_hooks_have_a_receipt_without_a_transaction() -> None:
    hooks = replace(RECEIPT, transaction_id=TransactionId(b""))
    assert decode(Receipt, encode(hooks)) == hooks


def test_parameters_come_back() -> None:
    assert decode(ChainParams, encode(PARAMS)) == PARAMS
