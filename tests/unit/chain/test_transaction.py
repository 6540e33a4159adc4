"""Transactions: signing, ids, bounds, and that nobody but the sender can make another one of the same words."""

from dataclasses import replace
from typing import Any

import msgpack
import pytest

from gridnode.chain.transaction import (
    Message,
    SignedTransaction,
    TransactionBody,
    decode_transaction,
    envelope_check,
    sign_transaction,
    transaction_id,
)
from gridnode.codec.records import decode, encode
from gridnode.crypto.address import address_of
from gridnode.crypto.hashing import Tag
from gridnode.crypto.keys import key_pair, verify
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_MESSAGES, MAX_TRANSACTION_BYTES
from gridnode.primitives.units import TimeMs

KEYS = key_pair(bytes(range(32)))
BODY = TransactionBody(
    "chain", KEYS.public_key, TimeMs(1_700_000_000_000), 7, (Message("token.transfer", b"\x90"),)
)
RAW = sign_transaction(BODY, KEYS)
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


def test_taken_apart() -> None:
    transaction = decode_transaction(RAW)
    assert transaction.raw == RAW
    assert transaction.body == BODY
    assert transaction.sender == address_of(KEYS.public_key)
    assert transaction.id == transaction_id(RAW) == Tag("gridnode/transaction-id").hash(RAW)
    assert transaction.signing_hash == Tag("gridnode/transaction").hash(encode(BODY))


def test_the_envelope_check_is_the_senders() -> None:
    check = envelope_check(decode_transaction(RAW))
    assert check.public_key == KEYS.public_key
    assert verify(*check)


def test_signing_is_deterministic_and_salt_tells_bodies_apart() -> None:
    assert sign_transaction(BODY, KEYS) == RAW
    assert transaction_id(sign_transaction(replace(BODY, salt=8), KEYS)) != transaction_id(RAW)


def test_only_the_sender_signs() -> None:
    with pytest.raises(ValueError, match="key pair of the body's sender"):
        sign_transaction(BODY, key_pair(bytes(32)))


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": "other"},
        {"sender_key": key_pair(bytes(32)).public_key},
        {"valid_until_ms": TimeMs(1)},
        {"salt": 8},
        {"messages": (Message("token.burn", b"\x90"),)},
        {"messages": BODY.messages * 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_signature_covers_every_field(change: dict[str, Any]) -> None:
    signature = decode(SignedTransaction, RAW).signature
    forged = encode(SignedTransaction(encode(replace(BODY, **change)), signature))
    transaction = decode_transaction(forged)
    assert not verify(*envelope_check(transaction))
    assert transaction.id != transaction_id(RAW)


def test_others_cannot_make_a_second_transaction_of_the_same_words() -> None:
    """The id covers the signature, so a signature must have no second form: S + L is refused (RFC 8032, 5.1.7)."""
    signed = decode(SignedTransaction, RAW)
    scalar = int.from_bytes(signed.signature[32:], "little") + GROUP_ORDER
    for signature in (
        signed.signature[:32] + scalar.to_bytes(32, "little"),
        signed.signature[:31] + bytes([signed.signature[31] ^ 0x80]) + signed.signature[32:],
    ):
        second = decode_transaction(encode(SignedTransaction(signed.body, signature)))  # type: ignore[arg-type]
        assert second.id != transaction_id(RAW)
        assert not verify(*envelope_check(second))


def test_no_second_form_of_the_bytes() -> None:
    """Each longer msgpack form, of the envelope or of the body inside, is refused; an id names one string of bytes."""
    body, signature = encode(BODY), decode(SignedTransaction, RAW).signature
    long_body = b"\xdc\x00\x05" + body[1:]
    for raw in (
        RAW + b"\0",
        b"\xdc\x00\x02" + RAW[1:],
        msgpack.packb([body.decode("latin-1"), signature]),
        msgpack.packb({"body": body, "signature": signature}),
        encode(SignedTransaction(long_body, signature)),
        encode(SignedTransaction(body + b"\0", signature)),
    ):
        with pytest.raises(Malformed):
            decode_transaction(raw)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (replace(BODY, messages=()), "TransactionBody.messages"),
        (replace(BODY, messages=BODY.messages * (MAX_MESSAGES + 1)), "TransactionBody.messages"),
        (replace(BODY, messages=(Message("", b"\x90"),)), r"TransactionBody.messages\[0\].kind"),
        (replace(BODY, messages=(*BODY.messages, Message("a", b""))), r"TransactionBody.messages\[1\].body"),
        (replace(BODY, chain_id="two words"), "TransactionBody.chain_id"),
        (replace(BODY, salt=2**32), "TransactionBody.salt"),
        (replace(BODY, valid_until_ms=TimeMs(-1)), "TransactionBody.valid_until_ms"),
    ],
)
def test_bodies_out_of_bounds_are_not_signed(body: TransactionBody, path: str) -> None:
    with pytest.raises(Malformed, match=path):
        sign_transaction(body, KEYS)


def test_as_many_messages_as_allowed() -> None:
    raw = sign_transaction(replace(BODY, messages=BODY.messages * MAX_MESSAGES), KEYS)
    assert len(decode_transaction(raw).body.messages) == MAX_MESSAGES


def sized(size: int) -> TransactionBody:
    """A body whose signed transaction has `size` bytes."""
    padding = size - len(sign_transaction(replace(BODY, messages=(Message("a", bytes(60_000)),)), KEYS))
    return replace(BODY, messages=(Message("a", bytes(60_000 + padding)),))


def test_the_whole_transaction_is_bounded() -> None:
    """Whatever decodes fits where a block holds a transaction."""
    assert len(sign_transaction(sized(MAX_TRANSACTION_BYTES), KEYS)) == MAX_TRANSACTION_BYTES
    large = sized(MAX_TRANSACTION_BYTES + 1)
    with pytest.raises(Malformed, match=f"a transaction of at most {MAX_TRANSACTION_BYTES} bytes"):
        sign_transaction(large, KEYS)
    body = encode(large)
    with pytest.raises(Malformed, match=f"a transaction of at most {MAX_TRANSACTION_BYTES} bytes"):
        decode_transaction(encode(SignedTransaction(body, KEYS.sign(body))))


@pytest.mark.parametrize("raw", [b"", b"\x90", b"\xc0", b"\x92\xc4\x01\x90", RAW[:-1], RAW[1:]])
def test_what_is_no_transaction(raw: bytes) -> None:
    with pytest.raises(Malformed, match="SignedTransaction"):
        decode_transaction(raw)
