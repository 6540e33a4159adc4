"""gridnode snapshot: made, listed, exported and restored without a network; whatever is wrong is one line and exit code 2."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gridnode.chain.genesis import Genesis
from gridnode.cli.main import run
from gridnode.codec.records import encode
from gridnode.node.open_store import open_store
from gridnode.storage.snapshots import SnapshotStore
from tests.chain_in_memory import genesis
from tests.growing_store import growing

CONFIG = 'name = "EYE"\ntype = "observer"\n[network]\nlisten = "127.0.0.1:0"\n'
HEIGHT = 5


@pytest.fixture(autouse=True)
def known_genesis(monkeypatch: pytest.MonkeyPatch) -> None:
    """The genesis of the test chain, which is in no file."""
    monkeypatch.setattr("gridnode.operations.place.load_genesis", lambda _path: genesis())


def node(folder: Path) -> Path:
    """A node's folder, without data."""
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG)
    (folder / "data").mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A node at height 5, stopped."""
    folder = node(tmp_path / "home")
    with growing(folder / "data" / "chain") as chain:
        chain.grow(HEIGHT)
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> object:
    """JSON that a command that succeeds prints."""
    capsys.readouterr()
    assert run(["snapshot", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The line that a command that fails prints."""
    capsys.readouterr()
    assert run(["snapshot", *map(str, arguments)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_from_one_node_to_another(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second node is at the first one's height and root."""
    assert said(capsys, "list", "--config", home / "config.toml") == []
    made = said(capsys, "create", "--config", home / "config.toml")
    assert isinstance(made, dict)
    assert made["height"] == HEIGHT
    assert said(capsys, "list", "--config", home / "config.toml") == [made]
    assert said(capsys, "export", "--config", home / "config.toml", tmp_path / "copy") == made
    other = node(tmp_path / "other")
    restored = said(capsys, "restore", "--config", other / "config.toml", tmp_path / "copy")
    assert isinstance(restored, dict)
    assert (restored["height"], restored["state_root"]) == (HEIGHT, made["state_root"])
    store = open_store(other / "data" / "chain", genesis())
    assert (store.height, store.state_root.hex()) == (HEIGHT, made["state_root"])
    store.close()
    assert "expected no blocks" in refused(capsys, "restore", "--config", other / "config.toml", tmp_path / "copy")


def test_a_block_that_is_not_the_trusted_one(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the hash of another operator."""
    made = said(capsys, "create", "--config", home / "config.toml")
    assert isinstance(made, dict)
    other, files = node(tmp_path / "other"), home / "data" / "snapshots"
    assert "expected the block ab" in refused(capsys, "restore", "--config", other / "config.toml", files, "--trust", "ab" * 32)
    assert said(capsys, "restore", "--config", other / "config.toml", files, "--trust", made["hash"])


def forge(files: Path, start: Genesis) -> None:
    """A snapshot whose block is signed by nobody."""
    store = SnapshotStore(files)
    sealed = store.sealed(HEIGHT)
    assert sealed is not None
    assert start
    commit = replace(sealed.light.commit, signatures=tuple(b"" for _ in sealed.light.commit.signatures))
    store.seal(replace(sealed, light=replace(sealed.light, commit=commit)))


def test_what_cannot_be_restored(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No files, no snapshot of that height, a chunk that is damaged, a block that is not final."""
    said(capsys, "create", "--config", home / "config.toml")
    other, files = node(tmp_path / "other"), home / "data" / "snapshots"
    assert "no such folder" in refused(capsys, "restore", "--config", other / "config.toml", tmp_path / "none")
    assert "expected a snapshot of height 4, there are [5]" in refused(
        capsys, "restore", "--config", other / "config.toml", files, "--height", "4"
    )
    damaged = tmp_path / "damaged"
    shutil.copytree(files, damaged)
    [chunk] = damaged.glob("*.chunk")
    chunk.write_bytes(chunk.read_bytes()[:-1])
    assert "chunk 0 of the snapshot at 5 is missing or damaged" in refused(capsys, "restore", "--config", other / "config.toml", damaged)
    forge(files, genesis())
    assert "the snapshot's block is not final" in refused(capsys, "restore", "--config", other / "config.toml", files)
    assert not (other / "data" / "chain").exists()


def test_a_state_that_is_another(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files that fit each other and not the header."""
    from gridnode.sync.snapshots import chunk_hash

    said(capsys, "create", "--config", home / "config.toml")
    files = SnapshotStore(home / "data" / "snapshots")
    sealed, chunk = files.sealed(HEIGHT), files.chunk(HEIGHT, 0)
    assert sealed is not None
    assert chunk is not None
    wrong = chunk[:200] + bytes([chunk[200] ^ 1]) + chunk[201:]
    files.put_chunk(HEIGHT, 0, wrong)
    files.seal(replace(sealed, manifest=replace(sealed.manifest, chunks=(chunk_hash(wrong),))))
    other = node(tmp_path / "other")
    line = refused(capsys, "restore", "--config", other / "config.toml", home / "data" / "snapshots")
    assert "this is not the state of block 5" in line
    assert not (other / "data" / "chain").exists()
    assert encode(sealed)


def test_what_cannot_be_made(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a node that was never started, has no block, or runs; or where files are already."""
    empty = node(tmp_path / "empty")
    assert "no such folder" in refused(capsys, "create", "--config", empty / "config.toml")
    assert "expected a snapshot, there are none" in refused(capsys, "export", "--config", empty / "config.toml", tmp_path / "to")
    open_store(empty / "data" / "chain", genesis()).close()
    assert "expected a chain with a block" in refused(capsys, "create", "--config", empty / "config.toml")
    said(capsys, "create", "--config", home / "config.toml")
    assert "expected a new folder" in refused(capsys, "export", "--config", home / "config.toml", tmp_path)
    store = open_store(home / "data" / "chain", genesis())
    assert "in use by another process" in refused(capsys, "create", "--config", home / "config.toml")
    store.close()
