"""debug bundle of a dead node: every part, or why it is not there; nothing is changed; no secret gets in, wherever it stands."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from gridnode.chain.vote import Vote, VoteKind
from gridnode.cli.main import run
from gridnode.consensus.inputs import BlockKnown, VoteReceived
from gridnode.consensus.journal import entry_of
from gridnode.operations import bundle_parts
from gridnode.operations.bundle_parts import log_tail, wal_lines
from gridnode.storage.wal import Wal

GENESIS = Path(__file__).parents[3] / "genesis" / "devnet.toml"
PASSWORD = "correct horse battery"


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A validator's folder as `gridnode init` makes it, with a log that somebody put the password into."""
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    folder = tmp_path / "node"
    made = ["init", "--name", "EGAT", "--type", "authority", "--dir", str(folder), "--genesis", str(GENESIS)]
    assert run([*made, "--password-file", str(password)]) == 0
    capsys.readouterr()
    for old in folder.iterdir():
        if old.suffix == ".password":
            old.write_text(PASSWORD + "\n")
    return folder


def vote(height: int) -> bytes:
    """A log entry."""
    return entry_of(VoteReceived(Vote(VoteKind.PREVOTE, height, 0, bytes(32), bytes(20), bytes(64))))


def bundle(home: Path, out: Path, *options: str) -> dict[str, str]:
    """Parts of a bundle by name."""
    assert run(["debug", "bundle", "--config", str(home / "config.toml"), "--out", str(out), "--api", "http://127.0.0.1:9", *options]) == 0
    with tarfile.open(out) as archive:
        return {entry.name.split("/", 1)[1]: archive.extractfile(entry).read().decode() for entry in archive}  # type: ignore[union-attr]


def secrets(home: Path) -> list[str]:
    """Values of all files with secrets."""
    return [PASSWORD] + [path.read_text().strip() for path in home.iterdir() if path.suffix == ".key"]


def test_a_node_that_was_never_started(home: Path, tmp_path: Path) -> None:
    parts = bundle(home, tmp_path / "b.tar.gz")
    told = json.loads(parts["bundle.json"])
    assert set(told["missing"]) == {"stacks.txt", "log.txt", "api/status.json"}
    assert told["missing"]["log.txt"].startswith("the node logs to standard error")
    assert json.loads(parts["guard.json"]) == {"last_signed": None}
    assert json.loads(parts["config.json"])["validator"]["keystore"]["mode"] == "0o600"
    assert len(json.loads(parts["chain.json"])["genesis_hash"]) == 64


def test_no_secret_gets_in_wherever_it_stands(home: Path, tmp_path: Path) -> None:
    """In the log, in the name of the node, in the archive's raw bytes."""
    log = tmp_path / "log"
    log.write_text("".join(f"event=oops said={secret}\n" for secret in secrets(home)))
    parts = bundle(home, tmp_path / "b.tar.gz", "--log", str(log))
    assert parts["log.txt"].count("(secret removed)") == len(secrets(home))
    for secret in secrets(home):
        assert len(secret) > 8
        assert not [name for name, text in parts.items() if secret in text]


def test_parts_that_cannot_be_read_leave_the_others(home: Path, tmp_path: Path) -> None:
    data = home / "data"
    data.mkdir(exist_ok=True)
    (data / "guard").write_bytes(b"damaged")
    (home / "genesis.toml").write_text("= no toml")
    told = json.loads(bundle(home, tmp_path / "b.tar.gz")["bundle.json"])
    assert "sign guard is damaged" in told["missing"]["guard.json"]
    assert "chain.json" in told["missing"]
    assert "machine.json" in told["parts"]


def test_a_configuration_that_does_not_hold(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "config.toml").write_text(f'password = "{PASSWORD}"')
    assert run(["debug", "bundle", "--config", str(home / "config.toml"), "--out", str(tmp_path / "b")]) == 2
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert PASSWORD not in told


def test_the_log_is_told_without_its_blocks_and_is_not_cut(tmp_path: Path) -> None:
    """A torn tail stays where it is: the node itself will cut it, and says so."""
    wal = Wal(tmp_path / "wal")
    wal.prune(7)
    for entry in (vote(7), entry_of(BlockKnown(7, bytes(32), True, True, b"block" * 100))):
        wal.append(entry, sync=True)
    wal.close()
    path = next((tmp_path / "wal").glob("*.log"))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:9])
    rows = [json.loads(line) for line in wal_lines(tmp_path / "wal")]
    assert [row.get("event") for row in rows] == ["VoteReceived", "BlockKnown", None]
    assert rows[1]["block"] == "500 bytes"
    assert rows[2] == {"segment": path.name, "offset": len(whole), "error": "no intact record from here on"}
    assert path.read_bytes() == whole + whole[:9]


def test_only_the_newest_entries_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_parts, "MAX_WAL_ENTRIES", 5)
    wal = Wal(tmp_path)
    wal.prune(1)
    for height in range(1, 20):
        wal.append(vote(height), sync=False)
    wal.close()
    assert [json.loads(line)["vote"]["height"] for line in wal_lines(tmp_path)] == [15, 16, 17, 18, 19]


def test_only_the_end_of_a_log_from_a_whole_line_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(1_000)))
    assert log_tail(log).startswith("line 0\n")
    monkeypatch.setattr(bundle_parts, "MAX_LOG_BYTES", 100)
    tail = log_tail(log)
    assert tail.endswith("line 999\n")
    assert tail.startswith("line 989\n")
    assert len(tail) <= 100
