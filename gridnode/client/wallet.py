"""A key pair that builds and signs transactions for one chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import TransactionBody, sign_transaction, transaction_id
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair
from gridnode.primitives.ids import Address, TransactionId
from gridnode.primitives.limits import DEFAULT_VALIDITY_MS
from gridnode.primitives.units import TimeMs


class Wallet:
    """Signs for one account on one chain."""

    def __init__(self, keys: KeyPair, chain_id: str) -> None:
        self._keys = keys
        self._chain_id = chain_id
        self._salt = 0
        self.address: Address = address_of(keys.public_key)

    def sign(self, messages: Sequence[Any], now_ms: int, validity_ms: int = DEFAULT_VALIDITY_MS) -> bytes:
        """A signed transaction of 1 to 256 module messages, valid from `now_ms` (unix ms) for `validity_ms`.

        Each call gives another salt, so two transactions alike are still two. Raises Malformed when a message is out of bounds.
        """
        self._salt = (self._salt + 1) % 2**32
        body = TransactionBody(
            self._chain_id,
            self._keys.public_key,
            TimeMs(now_ms + validity_ms),
            self._salt,
            tuple(to_message(message) for message in messages),
        )
        return sign_transaction(body, self._keys)


def id_of(raw: bytes) -> TransactionId:
    """Id of signed bytes, by which the API knows them."""
    return transaction_id(raw)
