"""Keystore files: mode, atomicity, and one clear line for everything an operator can get wrong."""

import os
from pathlib import Path

import pytest

from gridnode.crypto.keys import key_pair
from gridnode.primitives.errors import OperatorError
from gridnode.storage.keystore import (
    change_password,
    generate,
    keystore_public,
    read_keystore,
    write_keystore,
)

KEYS = key_pair(bytes(range(32)))


def test_written_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    write_keystore(path, KEYS, "secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["node.json"]
    assert keystore_public(path) == KEYS.public_key
    assert read_keystore(path, "secret") == KEYS
    with pytest.raises(OperatorError, match=r"node\.json: wrong password$"):
        read_keystore(path, "Secret")


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_keystore(tmp_path / "node.json", KEYS, "secret")
    finally:
        os.umask(before)
    assert (tmp_path / "node.json").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    write_keystore(path, KEYS, "secret")
    before = path.read_bytes()
    with pytest.raises(OperatorError, match="exists already"):
        write_keystore(path, generate(), "secret")
    assert path.read_bytes() == before


def test_the_password_changes_and_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    write_keystore(path, KEYS, "old")
    before = path.read_bytes()
    with pytest.raises(OperatorError, match="not empty"):
        change_password(path, "old", "")
    with pytest.raises(OperatorError, match="wrong password"):
        change_password(path, "odl", "new")
    assert path.read_bytes() == before
    change_password(path, "old", "new")
    assert read_keystore(path, "new") == KEYS
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["node.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_file_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "node.json"
    write_keystore(path, KEYS, "secret")
    path.chmod(mode)
    with pytest.raises(OperatorError, match=f"mode {mode:04o}.*chmod 600"):
        read_keystore(path, "secret")
    assert keystore_public(path) == KEYS.public_key


def test_what_the_disk_refuses_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"none\.json: cannot read the keystore: No such file"):
        read_keystore(tmp_path / "none.json", "secret")
    with pytest.raises(OperatorError, match="cannot read the keystore: Is a directory"):
        keystore_public(tmp_path)
    with pytest.raises(OperatorError, match="cannot write the keystore: No such file"):
        write_keystore(tmp_path / "nowhere" / "node.json", KEYS, "secret")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"{" * 5000, "at most 4096 bytes"),
        (b"{}", "expected a keystore"),
    ],
)
def test_damaged_files_are_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "node.json"
    path.write_bytes(content)
    path.chmod(0o600)
    for attempt in (lambda: read_keystore(path, "secret"), lambda: keystore_public(path)):
        with pytest.raises(OperatorError, match=reason) as caught:
            attempt()
        assert str(caught.value).startswith(f"{path}: ")


def test_generated_keys_differ() -> None:
    assert generate() != generate()
