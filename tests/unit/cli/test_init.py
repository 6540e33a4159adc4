"""gridnode init: a folder with keys and a configuration that holds, and nothing written over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gridnode.cli.main import run
from gridnode.crypto.address import address_of, encode_address
from gridnode.crypto.keys import key_pair
from gridnode.node.config import load_config
from gridnode.storage.keystore import read_keystore


@pytest.fixture
def password(tmp_path: Path) -> Path:
    """A password file."""
    path = tmp_path / "password"
    path.write_text("correct horse\n")
    return path


def init(folder: Path, *more: str, name: str = "MEA", type_: str = "authority") -> int:
    """Exit code of an init."""
    return run(["init", "--name", name, "--type", type_, "--dir", str(folder), *more])


def test_a_validator(tmp_path: Path, password: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mea"
    assert init(folder, "--password-file", str(password), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    config = load_config(folder / "config.toml")
    assert (config.name, config.type, config.network.peers) == ("MEA", "authority", ())
    assert config.validator is not None
    consensus = read_keystore(folder / config.validator.keystore, "correct horse")
    assert (folder / config.validator.password_file).read_text() == "correct horse\n"
    node = key_pair(bytes.fromhex((folder / config.network.node_key).read_text().strip()))
    assert told["node_key"] == node.public_key.hex()
    assert told["validator_key"] == consensus.public_key.hex()
    assert told["validator_address"] == encode_address(address_of(consensus.public_key))
    assert len(bytes.fromhex((folder / config.network.network_key).read_text().strip())) == 32
    for secret in ("node.key", "network.key", "validator.json", "validator.password"):
        assert (folder / secret).stat().st_mode & 0o777 == 0o600
    shown = json.dumps(told)
    assert node.seed.hex() not in shown
    assert (folder / "network.key").read_text().strip() not in shown


def test_an_observer_has_no_consensus_key_and_joins_a_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = tmp_path / "shared.key"
    shared.write_text("AB" * 32 + "\n")
    assert init(tmp_path / "o", "--network-key", str(shared), "--json", type_="observer") == 0
    assert "validator_key" not in json.loads(capsys.readouterr().out)
    assert not (tmp_path / "o" / "validator.json").exists()
    assert (tmp_path / "o" / "network.key").read_text() == "ab" * 32 + "\n"
    assert load_config(tmp_path / "o" / "config.toml").validator is None


def test_nothing_is_written_over(tmp_path: Path, password: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mea"
    folder.mkdir()
    (folder / "note").write_text("mine")
    assert init(folder, "--password-file", str(password)) == 2
    assert "expected a new or empty folder" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["note"]
    assert init(folder / "note", "--password-file", str(password)) == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--genesis", "none.toml"), "none.toml: no such file; expected the genesis file"),
        (("--network-key", "none.key"), "none.key: no such file; expected the network key"),
        (("--listen", "nowhere"), "network.listen"),
        (("--api-listen", "127.0.0.1:99999"), "api.listen: expected a port"),
        ((), "--password-file, or a terminal"),
    ],
)
def test_wrong_input_writes_nothing(
    tmp_path: Path, password: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], words: str
) -> None:
    folder = tmp_path / "new"
    given = (*more, "--password-file", str(password)) if more else more
    assert init(folder, *given) == 2
    told = capsys.readouterr().err
    assert words in told
    assert len(told.splitlines()) == 1
    assert not folder.exists()


def test_a_name_with_blanks_and_a_damaged_key(
    tmp_path: Path, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(tmp_path / "x", "--password-file", str(password), name="M E A") == 2
    assert "name" in capsys.readouterr().err
    damaged = tmp_path / "damaged.key"
    damaged.write_text("ab")
    assert init(tmp_path / "x", "--network-key", str(damaged), type_="trader") == 2
    assert "64 hex digits" in capsys.readouterr().err
    broken = tmp_path / "genesis.toml"
    broken.write_text("chain_id = 7\n")
    assert init(tmp_path / "x", "--genesis", str(broken), type_="trader") == 2
    assert "genesis.toml" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
