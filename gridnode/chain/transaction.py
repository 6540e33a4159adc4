"""Transactions: a sender's signature over one to 256 messages.

There are no nonces. A transaction names the chain time until which it is valid (at most ten minutes ahead) and is refused
while its id is among those committed and not yet expired; so services send in parallel and nothing queues behind a gap.
The id covers the signature: what is stored, voted on and fetched by id is the same bytes everywhere.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, NewType

from gridnode.codec.fields import KEY, NAME, SIGNATURE, U32, U64, Bytes, ListOf
from gridnode.codec.records import Nested, decode, encode, record
from gridnode.crypto.address import address_of
from gridnode.crypto.hashing import Tag
from gridnode.crypto.keys import KeyPair
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import Address, PublicKey, Signature, TransactionId
from gridnode.primitives.limits import MAX_MESSAGES, MAX_TRANSACTION_BYTES
from gridnode.primitives.units import TimeMs

_ID = Tag("gridnode/transaction-id")
_SIGN = Tag("gridnode/transaction")


@record
class Message:
    """One instruction: which kind (`module.name`) and the canonical bytes of that kind's record."""

    kind: Annotated[str, NAME]
    body: Annotated[bytes, Bytes(1, MAX_TRANSACTION_BYTES)]  # the record, encoded


@record
class TransactionBody:
    """What the sender signs."""

    chain_id: Annotated[str, NAME]  # the one chain on which it counts
    sender_key: Annotated[PublicKey, KEY]
    valid_until_ms: Annotated[TimeMs, U64]  # chain time from which on it is refused
    salt: Annotated[int, U32]  # tells apart two bodies that are alike otherwise
    messages: Annotated[tuple[Message, ...], ListOf(Nested(Message), MAX_MESSAGES, 1)]


@record
class SignedTransaction:
    """A body's canonical bytes and the sender's signature over their tagged hash."""

    body: Annotated[bytes, Bytes(1, MAX_TRANSACTION_BYTES)]
    signature: Annotated[Signature, SIGNATURE]


class Transaction(NamedTuple):
    """A decoded transaction: its id, its bytes as they travel, and its parts. Its signature may still be unchecked."""

    id: TransactionId
    raw: bytes  # as it travels: the encoded SignedTransaction
    sender: Address  # of body.sender_key
    body: TransactionBody
    signing_hash: bytes  # 32 bytes that the sender's signature covers
    signature: Signature


VerifiedTransaction = NewType("VerifiedTransaction", Transaction)
"""A transaction all of whose signatures, the sender's and its devices', were found valid. Only the node's verifier makes one."""


class SignatureCheck(NamedTuple):
    """One Ed25519 verification that a transaction needs: public key, message, signature."""

    public_key: bytes
    message: bytes
    signature: bytes


def sign_transaction(body: TransactionBody, keys: KeyPair) -> bytes:
    """Bytes of `body` signed by its sender.

    Raises ValueError when `keys` are not the sender's, Malformed when a field is out of bounds or the whole is too large.
    """
    if keys.public_key != body.sender_key:
        raise ValueError("expected the key pair of the body's sender")
    encoded = encode(body)
    raw = encode(SignedTransaction(encoded, keys.sign(_SIGN.hash(encoded))))
    _check_size(raw)
    return raw


def transaction_id(raw: bytes) -> TransactionId:
    """Id of a signed transaction's bytes."""
    return TransactionId(_ID.hash(raw))


def decode_transaction(raw: bytes) -> Transaction:
    """Take a signed transaction apart. Raises Malformed when it is not canonical or out of bounds; checks no signature."""
    _check_size(raw)
    signed = decode(SignedTransaction, raw)
    body = decode(TransactionBody, signed.body)
    return Transaction(
        transaction_id(raw),
        raw,
        address_of(body.sender_key),
        body,
        _SIGN.hash(signed.body),
        signed.signature,
    )


def envelope_check(transaction: Transaction) -> SignatureCheck:
    """The check of the sender's own signature."""
    return SignatureCheck(transaction.body.sender_key, transaction.signing_hash, transaction.signature)


def _check_size(raw: bytes) -> None:
    """Body and signature together must fit where a block and a message hold a transaction."""
    if len(raw) > MAX_TRANSACTION_BYTES:
        raise Malformed(f"expected a transaction of at most {MAX_TRANSACTION_BYTES} bytes, got {len(raw)}")
