"""Blocks, commits and receipts that fit each other, for tests of what stores them; what is in them is made up."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.chain.block import NO_ENERGY, Block, Header, header_hash
from gridnode.chain.commit import NO_COMMIT, Commit
from gridnode.chain.evidence import evidence_root
from gridnode.chain.receipt import Event, Receipt
from gridnode.chain.transaction import (
    Message,
    Transaction,
    TransactionBody,
    decode_transaction,
    sign_transaction,
)
from gridnode.chain.validators import Validator, ValidatorSet, validator_set, validators_hash
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import key_pair
from gridnode.primitives.ids import NO_HASH, Address, Hash, Signature, TransactionId
from gridnode.primitives.units import Amount, Height, Power, Round, TimeMs

SENDERS = [key_pair(bytes([number]) * 32) for number in range(1, 4)]
NAMED = Address(b"n" * 20)
CHAIN_ID = "test"


def set_of(*powers: int) -> ValidatorSet:
    """A set of the senders with these powers; who has none is no member."""
    return validator_set(
        [
            Validator(f"V{number}", address_of(keys.public_key), keys.public_key, Power(power), NAMED)
            for number, (keys, power) in enumerate(zip(SENDERS, powers, strict=False))
            if power
        ]
    )


ALL = set_of(1, 1, 1)


class Final(NamedTuple):
    """A block with all that is stored of it."""

    block: Block
    commit: Commit
    receipts: tuple[Receipt, ...]
    transactions: tuple[Transaction, ...]
    named: tuple[tuple[Address, ...], ...]
    next_validators: ValidatorSet


def transaction(salt: int) -> Transaction:
    sender = SENDERS[salt % len(SENDERS)]
    body = TransactionBody(
        CHAIN_ID, sender.public_key, TimeMs(1), salt, (Message("token.transfer", b"body"),)
    )
    return decode_transaction(sign_transaction(body, sender))


def final(
    height: int, count: int, last: Commit = NO_COMMIT, voted: ValidatorSet = ALL, next_validators: ValidatorSet = ALL
) -> Final:
    """The block at `height` with `count` transactions; the odd ones of them name NAMED."""
    transactions = tuple(transaction(height * 1_000 + index) for index in range(count))
    zeros = Hash(bytes(32))
    header = Header(
        CHAIN_ID,
        Height(height),
        TimeMs(height * 1_000),
        zeros,
        zeros,
        evidence_root(()),
        zeros,
        zeros,
        zeros,
        validators_hash(voted),
        validators_hash(next_validators),
        Address(bytes(20)),
        count,
        NO_ENERGY,
    )
    block = Block(header, tuple(one.raw for one in transactions), last)
    commit = Commit(Height(height), Round(0), header_hash(header), (Signature(b"s" * 64),))
    receipts = [
        Receipt(one.id, index, 0, Amount(height), (Event("token.moved", b"event"),))
        for index, one in enumerate(transactions)
    ]
    hooks = Receipt(TransactionId(NO_HASH), 0, 0, Amount(0), ())
    named = tuple((NAMED,) if index % 2 else () for index in range(count))
    return Final(block, commit, (*receipts, hooks), transactions, named, next_validators)
