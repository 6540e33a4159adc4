"""Addresses: 20 bytes for a key or a module account; bech32m text (BIP-350) with prefix `grid`, so a typing error is caught."""

from __future__ import annotations

from gridnode.crypto.hashing import Tag
from gridnode.primitives.address_text import ADDRESS_BYTES, decode_address, encode_address
from gridnode.primitives.ids import Address

__all__ = ["ADDRESS_BYTES", "address_of", "decode_address", "encode_address", "module_address"]

_KEY = Tag("gridnode/address")
_MODULE = Tag("gridnode/module-account")


def address_of(public_key: bytes) -> Address:
    """Address of a 32-byte public key: the first 20 bytes of its tagged hash."""
    return Address(_KEY.hash(public_key)[:ADDRESS_BYTES])


def module_address(name: str) -> Address:
    """Address of an account that only a module's rules move, e.g. `market/escrow`; no key hashes to it."""
    return Address(_MODULE.hash(name.encode())[:ADDRESS_BYTES])
