"""Addresses as people read and type them: bech32m text (BIP-350) with the prefix `grid`.

The checksum finds any error of up to four characters. It stands down here because both the codec, which shows addresses in JSON,
and `gridnode.crypto.address`, where one looks for it, need it, and neither sees the other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from gridnode.primitives import bech32m
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import Address

ADDRESS_BYTES: Final = 20
ADDRESS_PREFIX: Final = "grid"
_EXAMPLE = f"an address such as {ADDRESS_PREFIX}1... (bech32m of {ADDRESS_BYTES} bytes)"


@lru_cache(maxsize=8192)  # answers of the API name the same accounts again and again
def encode_address(address: bytes) -> str:
    """Text of a 20-byte address, lower case, 43 characters. Raises ValueError for another size."""
    if len(address) != ADDRESS_BYTES:
        raise ValueError(f"expected an address of {ADDRESS_BYTES} bytes, got {len(address)}")
    return bech32m.encode(ADDRESS_PREFIX, address)


def decode_address(text: str) -> Address:
    """Address of its text, all lower or all upper case.

    Raises Malformed saying what is wrong with it: prefix, checksum, mixed case, characters or length.
    """
    if not isinstance(text, str):
        raise Malformed(f"expected {_EXAMPLE}, got {type(text).__name__}")
    if not text.lower().startswith(f"{ADDRESS_PREFIX}1"):
        raise Malformed(f"expected {_EXAMPLE}, got {text[:bech32m.MAX_CHARS]!r}: wrong prefix")
    try:
        _, payload = bech32m.decode(text)
    except ValueError as error:
        raise Malformed(f"expected {_EXAMPLE}, got {text[:bech32m.MAX_CHARS]!r}: {error}") from None
    if len(payload) != ADDRESS_BYTES:
        raise Malformed(f"expected {_EXAMPLE}, got {text!r}: it holds {len(payload)} bytes")
    return Address(payload)
