"""Work that all nodes of a simulation do alike is done once: checks of signatures, decoding of messages, bytes of log entries.

These are functions of their arguments alone: whether a signature of this key over this message is valid (one that was made here is),
which message these bytes are, which bytes an event has. That one node has asked tells another nothing but the answer, so nothing is
hidden, unless these functions gave two answers to one question. What depends on a node, above all executing a block, is done by each node
for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from gridnode.chain import commit as commits
from gridnode.chain.transaction import Transaction, VerifiedTransaction, decode_transaction
from gridnode.codec.records import decode
from gridnode.consensus import engine
from gridnode.consensus.journal import entry_of
from gridnode.crypto.keys import KeyPair, verify
from gridnode.execution.admission import signature_checks
from gridnode.node import candidates, ingress, intake
from gridnode.node.wire import from_wire
from gridnode.primitives.ids import Signature

REMEMBERED: Final = 20_000
"""Answers kept."""

_verified = lru_cache(maxsize=REMEMBERED)(verify)
_made: dict[tuple[bytes, bytes, bytes], None] = {}
"""Key, message and signature of what was signed here: valid by what a signature is."""


def verified_once(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """As `verify`; what was asked before, or signed in this process, is known."""
    return (public_key, message, signature) in _made or _verified(public_key, message, signature)


def _sign(keys: KeyPair, message: bytes) -> Signature:
    signature = _signed(keys, message)
    _made[keys.public_key, message, signature] = None
    if len(_made) > REMEMBERED:
        del _made[next(iter(_made))]
    return signature


_signed = KeyPair.sign


class Checker:
    """Checks transactions, as the node's verifier does, without threads."""

    async def verified(self, transactions: Sequence[Transaction]) -> list[VerifiedTransaction | None]:
        """For each transaction, itself when every signature in it is valid, else None; in order. Raises Rejected, Malformed."""
        checks = [signature_checks(transaction) for transaction in transactions]
        return [
            VerifiedTransaction(transaction) if all(verified_once(*check) for check in group) else None
            for transaction, group in zip(transactions, checks, strict=True)
        ]


@contextmanager
def shared_work() -> Iterator[None]:
    """While this lasts, what arrives at nodes is decoded and checked once."""
    replaced: list[tuple[Any, str, Any]] = [
        (commits, "verify", verified_once),
        (ingress, "verify", verified_once),
        (KeyPair, "sign", _sign),
        (ingress, "from_wire", lru_cache(maxsize=REMEMBERED)(from_wire)),
        (ingress, "decode", lru_cache(maxsize=REMEMBERED)(decode)),
        (intake, "decode_transaction", lru_cache(maxsize=REMEMBERED)(decode_transaction)),
        (candidates, "decode_transaction", lru_cache(maxsize=REMEMBERED)(decode_transaction)),
        (engine, "entry_of", lru_cache(maxsize=REMEMBERED)(entry_of)),
    ]
    kept = [(module, name, getattr(module, name)) for module, name, _ in replaced]
    for module, name, stand_in in replaced:
        setattr(module, name, stand_in)
    try:
        yield
    finally:
        for module, name, original in kept:
            setattr(module, name, original)
