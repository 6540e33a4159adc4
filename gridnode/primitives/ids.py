"""Identities as types: what a string of bytes or letters names."""

from __future__ import annotations

from typing import NewType

Address = NewType("Address", bytes)
"""20 bytes: the first 20 of the tagged hash of a public key, or of a module account's name."""

PublicKey = NewType("PublicKey", bytes)
"""32 bytes: an Ed25519 public key."""

Signature = NewType("Signature", bytes)
"""64 bytes: an Ed25519 signature."""

Hash = NewType("Hash", bytes)
"""32 bytes: a SHA-256 hash."""

TransactionId = NewType("TransactionId", bytes)
"""32 bytes: tagged hash of a signed transaction's bytes."""

ZoneId = NewType("ZoneId", str)
"""Name of a bidding zone, e.g. `NORTHEAST`."""

MeterId = NewType("MeterId", str)
"""Name of a meter, unique on the chain."""

PointId = NewType("PointId", str)
"""Name of a connection point: where one participant's meters connect to the grid."""

NO_HASH = Hash(b"")
"""Stands for `nil` in a vote and for `no previous block` in the first header."""
