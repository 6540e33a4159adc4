"""Ed25519 as libsodium does it: the public verdicts that pin the one verification rule of consensus."""

from typing import Any

import pytest

from gridnode.crypto.keys import key_pair, verify
from tests.vectors.load import load

RFC_8032 = load("ed25519_rfc8032.json")
SPECCHECK = load("ed25519_speccheck.json")
WYCHEPROOF = [
    (group, case) for group in load("ed25519_wycheproof.json")["testGroups"] for case in group["tests"]
]


def test_speccheck_gives_libsodiums_accept_string() -> None:
    verdicts = [
        verify(*(bytes.fromhex(case[part]) for part in ("pub_key", "message", "signature")))
        for case in SPECCHECK
    ]
    assert "".join("01"[verdict] for verdict in verdicts) == "000100000000"


def test_wycheproof_is_whole() -> None:
    assert len(WYCHEPROOF) == 151
    assert {case["result"] for _, case in WYCHEPROOF} == {"valid", "invalid"}


@pytest.mark.parametrize(("group", "case"), WYCHEPROOF, ids=[f"tc{case['tcId']}" for _, case in WYCHEPROOF])
def test_wycheproof_verdict(group: Any, case: Any) -> None:
    public_key = bytes.fromhex(group["publicKey"]["pk"])
    verdict = verify(public_key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
    assert verdict is (case["result"] == "valid"), case["comment"]


@pytest.mark.parametrize("case", RFC_8032, ids=lambda case: case["message"][:8])
def test_rfc_8032(case: Any) -> None:
    keys = key_pair(bytes.fromhex(case["seed"]))
    message, signature = bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])
    assert keys.public_key.hex() == case["public_key"]
    assert keys.sign(message) == signature
    assert verify(keys.public_key, message, signature)


def test_one_changed_bit_is_not_valid() -> None:
    keys = key_pair(bytes(32))
    message, signature = b"message", keys.sign(b"message")
    for index in range(len(signature)):
        assert not verify(
            keys.public_key,
            message,
            signature[:index] + bytes([signature[index] ^ 1]) + signature[index + 1 :],
        )
    assert not verify(keys.public_key, b"massage", signature)
    assert not verify(key_pair(b"\1" * 32).public_key, message, signature)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_keys_of_a_wrong_size_are_not_valid(size: int) -> None:
    assert verify(bytes(size), b"message", bytes(64)) is False


@pytest.mark.parametrize("size", [0, 1, 63, 65, 128])
def test_signatures_of_a_wrong_size_are_not_valid(size: int) -> None:
    keys = key_pair(bytes(32))
    assert verify(keys.public_key, b"message", (keys.sign(b"message") * 2)[:size]) is False


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="expected a seed of 32 bytes"):
        key_pair(bytes(size))
