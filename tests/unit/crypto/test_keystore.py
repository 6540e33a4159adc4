"""Keystore texts: sealed and opened, and each way in which they can be wrong named as what it is."""

import json
from hashlib import sha256
from typing import Any

import pytest

from gridnode.crypto import keystore
from gridnode.crypto.address import address_of, encode_address
from gridnode.crypto.keys import key_pair
from gridnode.primitives.errors import OperatorError

KEYS = key_pair(bytes(range(32)))
PASSWORD = "correct horse bättery"
TEXT = keystore.seal(KEYS, PASSWORD, bytes(range(16)), bytes(range(12)))


def changed(**changes: Any) -> str:
    """The keystore with other content, its checksum made to hold: what a forger writes."""
    content = json.loads(TEXT)
    for name, value in changes.items():
        where, _, key = name.rpartition("__")
        (content[where] if where else content)[key] = value
    del content["checksum"]
    content["checksum"] = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps(content)


def test_opens_with_its_password() -> None:
    assert keystore.unseal(TEXT, PASSWORD) == KEYS
    assert (
        keystore.unseal(TEXT, "correct horse ba\u0308ttery") == KEYS
    )  # the same letters, typed on another keyboard


def test_public_part_needs_no_password() -> None:
    assert keystore.public_part(TEXT) == KEYS.public_key
    assert json.loads(TEXT)["address"] == encode_address(address_of(KEYS.public_key))


def test_the_secret_is_nowhere_in_clear() -> None:
    assert KEYS.seed.hex() not in TEXT
    assert json.loads(TEXT)["kdf"]["rounds"] == 600_000
    for shown in (repr(KEYS), str(KEYS), f"{KEYS}", f"{[KEYS]}"):
        assert shown.strip("[]") == f"KeyPair({KEYS.public_key.hex()})"


def test_bytes_are_frozen() -> None:
    """A file that was written once opens for ever; this one was written by the first version."""
    assert (
        sha256(TEXT.encode()).hexdigest()
        == "49db23b296e847ad02716cc1d527e4d5d542d006e0881ac1cc4a012d6ecfbef8"
    )


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " "])
def test_a_wrong_password_says_so(password: str) -> None:
    with pytest.raises(OperatorError, match=r"^wrong password$") as caught:
        keystore.unseal(TEXT, password)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected JSON"),
        (TEXT[:-40], "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ("[]", "expected a keystore"),
        ("{}", "expected a keystore"),
        (changed(version=2), "of version 1, got version 2"),
        (changed(version=True), "expected the fields"),
        (changed(version="x" * 1000), "got version 'x"),
        (changed(extra=1), "expected the fields"),
        (changed(kdf=[]), "expected the fields"),
        (TEXT.replace('"rounds": 600000', '"rounds": 600001'), "checksum does not hold"),
        (TEXT.replace(KEYS.public_key.hex()[:8], "00000000"), "checksum does not hold"),
        (changed(kdf__name="scrypt"), "with pbkdf2-hmac-sha256 and aes-256-gcm"),
        (changed(cipher__name="aes-128-ecb"), "with pbkdf2-hmac-sha256 and aes-256-gcm"),
        (changed(public_key="zz"), "32 bytes of public_key"),
        (changed(public_key=bytes(32).hex()), "address is not that of its public key"),
        (changed(address=encode_address(bytes(20))), "address is not that of its public key"),
    ],
)
def test_what_is_no_keystore_is_told_apart(text: str, reason: str) -> None:
    for attempt in (lambda: keystore.public_part(text), lambda: keystore.unseal(text, PASSWORD)):
        with pytest.raises(OperatorError, match=reason) as caught:
            attempt()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (changed(kdf__rounds=1000), "600000 to 10000000 rounds"),
        (changed(kdf__rounds=10**12), "600000 to 10000000 rounds"),
        (changed(kdf__rounds=600_000.0), "600000 to 10000000 rounds"),
        (changed(kdf__salt="00"), "16 bytes of salt"),
        (changed(cipher__nonce=None), "12 bytes of nonce"),
        (changed(cipher__sealed="00" * 47), "48 bytes of sealed"),
        (changed(cipher__sealed="00" * 48), "wrong password"),
        (changed(kdf__salt="00" * 16), "wrong password"),
    ],
)
def test_what_does_not_open_is_told_apart(text: str, reason: str) -> None:
    with pytest.raises(OperatorError, match=reason):
        keystore.unseal(text, PASSWORD)


def test_another_keys_face_does_not_open() -> None:
    """Public key and address are bound to the secret: with another's, checksum made to hold, the cipher refuses."""
    other = key_pair(bytes(32)).public_key
    text = changed(public_key=other.hex(), address=encode_address(address_of(other)))
    assert keystore.public_part(text) == other
    with pytest.raises(OperatorError, match="wrong password"):
        keystore.unseal(text, PASSWORD)


def test_sealing_refuses_what_would_not_protect() -> None:
    with pytest.raises(OperatorError, match="not empty"):
        keystore.seal(KEYS, "", bytes(16), bytes(12))
    with pytest.raises(ValueError, match="16 bytes of salt"):
        keystore.seal(KEYS, PASSWORD, bytes(15), bytes(12))
    with pytest.raises(ValueError, match="12 of nonce"):
        keystore.seal(KEYS, PASSWORD, bytes(16), bytes(13))
