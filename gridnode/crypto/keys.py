"""Ed25519 keys with libsodium's rules (RFC 8032 signing; verification as `crypto_sign_verify_detached`)."""

from __future__ import annotations

from typing import NamedTuple

from nacl import bindings
from nacl.exceptions import BadSignatureError, CryptoError

from gridnode.primitives.ids import PublicKey, Signature

SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


class KeyPair(NamedTuple):
    """An Ed25519 key pair: 32-byte seed, 32-byte public key, 64-byte secret key as libsodium keeps it."""

    seed: bytes
    public_key: PublicKey
    secret_key: bytes

    def sign(self, message: bytes) -> Signature:
        """64-byte signature over `message`; the same for the same key and message always."""
        return Signature(bindings.crypto_sign(message, self.secret_key)[:SIGNATURE_BYTES])

    def __repr__(self) -> str:
        """Only the public half: secrets must not reach a log."""
        return f"KeyPair({self.public_key.hex()})"


def key_pair(seed: bytes) -> KeyPair:
    """Key pair of a 32-byte seed. Raises ValueError for any other size."""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"expected a seed of {SEED_BYTES} bytes, got {len(seed)}")
    public_key, secret_key = bindings.crypto_sign_seed_keypair(seed)
    return KeyPair(seed, PublicKey(public_key), secret_key)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is valid for `message` under `public_key`, by libsodium's rule.

    Inputs of a wrong size are not valid; nothing is raised.
    """
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except (BadSignatureError, CryptoError, ValueError):
        return False
    return True
