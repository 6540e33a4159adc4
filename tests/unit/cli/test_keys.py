"""gridnode keys: files made and read back, passwords from files and the terminal, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridnode.cli.main import app
from gridnode.crypto.address import address_of, encode_address
from gridnode.primitives.errors import OperatorError
from gridnode.storage.keystore import read_keystore


def run(*arguments: str) -> str:
    """Output of a command that must succeed."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def password(tmp_path: Path) -> Path:
    """A file with a password in its first line."""
    path = tmp_path / "password"
    path.write_text("correct horse\nand a second line\n")
    return path


@pytest.fixture
def keystore(tmp_path: Path, password: Path) -> Path:
    """A new keystore."""
    path = tmp_path / "alice.json"
    run("keys", "generate", str(path), "--password-file", str(password))
    return path


def test_generate_show_address(keystore: Path) -> None:
    keys = read_keystore(keystore, "correct horse")
    address = encode_address(address_of(keys.public_key))
    assert run("keys", "address", str(keystore)) == address + "\n"
    told = json.loads(run("keys", "show", str(keystore), "--json"))
    assert told == {"keystore": str(keystore), "address": address, "public_key": keys.public_key.hex()}
    assert address in run("keys", "show", str(keystore))
    assert keys.seed.hex() not in run("keys", "show", str(keystore))


def test_the_file_is_for_its_owner_alone_and_never_written_over(keystore: Path, password: Path) -> None:
    assert keystore.stat().st_mode & 0o777 == 0o600
    before = keystore.read_bytes()
    with pytest.raises(OperatorError, match="never written over"):
        run("keys", "generate", str(keystore), "--password-file", str(password))
    assert keystore.read_bytes() == before


def test_change_password(keystore: Path, password: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.write_text("battery staple")
    run("keys", "change-password", str(keystore), "--password-file", str(password), "--new-password-file", str(new))
    assert read_keystore(keystore, "battery staple")
    with pytest.raises(OperatorError, match="wrong password"):
        run("keys", "change-password", str(keystore), "--password-file", str(password), "--new-password-file", str(new))


@pytest.mark.parametrize(("content", "words"), [(None, "cannot read"), (b"\n", "first line"), (b"\xff\n", "cannot read")])
def test_password_files_that_do_not_hold(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "bad"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OperatorError, match=words):
        run("keys", "generate", str(tmp_path / "k.json"), "--password-file", str(path))
    assert not (tmp_path / "k.json").exists()


def test_no_terminal_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="--password-file, or a terminal"):
        run("keys", "generate", str(tmp_path / "k.json"))


def test_a_keystore_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    with pytest.raises(OperatorError, match="cannot read the keystore"):
        run("keys", "show", str(path))
    path.write_text("{}")
    with pytest.raises(OperatorError, match="expected a keystore"):
        run("keys", "address", str(path))
