"""Secret keys under a password: the text of a keystore file, sealed and opened; `gridnode.storage.keystore` keeps the files.

    {"version": 1, "address": "grid1...", "public_key": hex,
     "kdf": {"name": "pbkdf2-hmac-sha256", "rounds": 600000, "salt": hex of 16 bytes},
     "cipher": {"name": "aes-256-gcm", "nonce": hex of 12 bytes, "sealed": hex of the 32-byte seed and its 16-byte tag},
     "checksum": hex of SHA-256 over all the rest}

The key of the cipher is PBKDF2 over the password (NFKC, UTF-8). Everything that stands in clear is associated data of the
cipher: a file whose address was exchanged does not open. The checksum tells a damaged file from a wrong password.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from gridnode.crypto.address import address_of, encode_address
from gridnode.crypto.hashing import sha256_of
from gridnode.crypto.keys import PUBLIC_KEY_BYTES, SEED_BYTES, KeyPair, key_pair
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import PublicKey

VERSION: Final = 1
ROUNDS: Final = 600_000  # OWASP's figure for PBKDF2-HMAC-SHA256
MAX_ROUNDS: Final = 10_000_000  # some seconds: a file cannot make its reader hang
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
MAX_KEYSTORE_BYTES: Final = 4_096  # several times what one takes
_TAG_BYTES = 16
_KDF = "pbkdf2-hmac-sha256"
_CIPHER = "aes-256-gcm"
_FIELDS = {
    "version": int,
    "address": str,
    "public_key": str,
    "kdf": dict,
    "cipher": dict,
    "checksum": str,
}


def seal(keys: KeyPair, password: str, salt: bytes, nonce: bytes) -> str:
    """Text of a keystore with the secret of `keys`. `salt` (16 bytes) and `nonce` (12 bytes) are fresh chance each time.

    Raises OperatorError for an empty password, ValueError for a salt or nonce of another size.
    """
    if len(salt) != SALT_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError(f"expected {SALT_BYTES} bytes of salt and {NONCE_BYTES} of nonce")
    if not password:
        raise OperatorError("expected a password that is not empty")
    content: dict[str, Any] = {
        "version": VERSION,
        "address": encode_address(address_of(keys.public_key)),
        "public_key": keys.public_key.hex(),
        "kdf": {"name": _KDF, "rounds": ROUNDS, "salt": salt.hex()},
        "cipher": {"name": _CIPHER, "nonce": nonce.hex()},
    }
    cipher = AESGCM(_derive(password, salt, ROUNDS))
    content["cipher"]["sealed"] = cipher.encrypt(nonce, keys.seed, _in_clear(content)).hex()
    content["checksum"] = _checksum(content)
    return json.dumps(content, indent=2) + "\n"


def unseal(text: str, password: str) -> KeyPair:
    """Key pair of a keystore's text.

    Raises OperatorError, saying which: not a keystore, unknown version, damaged, or wrong password.
    """
    content = _parse(text)
    kdf, cipher = content["kdf"], content["cipher"]
    rounds = kdf.get("rounds")
    if type(rounds) is not int or not ROUNDS <= rounds <= MAX_ROUNDS:
        raise OperatorError(f"damaged keystore: expected {ROUNDS} to {MAX_ROUNDS} rounds of {_KDF}")
    salt = _bytes(kdf, "salt", SALT_BYTES)
    nonce = _bytes(cipher, "nonce", NONCE_BYTES)
    sealed = _bytes(cipher, "sealed", SEED_BYTES + _TAG_BYTES)
    try:
        seed = AESGCM(_derive(password, salt, rounds)).decrypt(nonce, sealed, _in_clear(content))
    except InvalidTag:
        raise OperatorError("wrong password") from None
    keys = key_pair(seed)
    if keys.public_key.hex() != content["public_key"]:
        raise OperatorError("damaged keystore: the secret is not that of its public key")
    return keys


def public_part(text: str) -> PublicKey:
    """Public key of a keystore's text, without its password. Raises OperatorError when it is none, or damaged."""
    return PublicKey(_bytes(_parse(text), "public_key", PUBLIC_KEY_BYTES))


def _parse(text: str) -> dict[str, Any]:
    """Content of a keystore of our version whose checksum and address hold."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise OperatorError("damaged keystore: expected JSON") from None
    if not isinstance(content, dict) or "version" not in content:
        raise OperatorError("expected a keystore: a JSON object with a version")
    if content["version"] != VERSION:
        raise OperatorError(
            f"expected a keystore of version {VERSION}, got version {content['version']!r:.20}"
        )
    if set(content) != set(_FIELDS) or not all(type(content[name]) is kind for name, kind in _FIELDS.items()):
        raise OperatorError(f"damaged keystore: expected the fields {', '.join(_FIELDS)}")
    if content["checksum"] != _checksum(content):
        raise OperatorError("damaged keystore: its checksum does not hold")
    if content["kdf"].get("name") != _KDF or content["cipher"].get("name") != _CIPHER:
        raise OperatorError(f"expected a keystore with {_KDF} and {_CIPHER}")
    public_key = _bytes(content, "public_key", PUBLIC_KEY_BYTES)
    if content["address"] != encode_address(address_of(public_key)):
        raise OperatorError("damaged keystore: its address is not that of its public key")
    return content


def _derive(password: str, salt: bytes, rounds: int) -> bytes:
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=rounds).derive(typed)


def _in_clear(content: dict[str, Any]) -> bytes:
    """What stands beside the sealed seed, as the cipher's associated data."""
    clear = {name: content[name] for name in ("version", "address", "public_key", "kdf")}
    return json.dumps(clear, sort_keys=True).encode()


def _checksum(content: dict[str, Any]) -> str:
    rest = {name: value for name, value in content.items() if name != "checksum"}
    return sha256_of(json.dumps(rest, sort_keys=True).encode()).hex()


def _bytes(content: dict[str, Any], name: str, size: int) -> bytes:
    try:
        value = bytes.fromhex(content[name])
    except (KeyError, TypeError, ValueError):
        value = b""
    if len(value) != size:
        raise OperatorError(f"damaged keystore: expected {size} bytes of {name} in hex")
    return value
