"""Whatever the moment at which a process is killed or its log is cut, a block is there with its state and its trees, or not at all."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gridnode.state.commitment import Commitment
from gridnode.state.kv import MemoryReader
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Column, Database
from tests.unit.storage.chain_of_blocks import final
from tests.unit.storage.growing_chain import GENESIS, change, commit_next

ROOT = Path(__file__).parents[3]


def check_whole(folder: Path, expected: MemoryReader, known: int) -> int:
    """Check all columns against each other; `expected` holds the state of height `known` and is brought forward."""
    database = Database(folder, GENESIS)
    try:
        blocks = BlockStore(database)
        for height in range(known + 1, blocks.height + 1):
            expected.apply(change(expected, height))
        everything = (b"", b"\xff" * 8)
        rows = dict(database.view(Column.STATE).scan(*everything))
        assert rows == dict(expected.scan(*everything))
        fresh = Commitment(MemoryReader()).update(dict(sorted(rows.items())))
        assert Commitment(database.view(Column.PAGES)).root == fresh.root
        for height in range(max(1, blocks.height - 5), blocks.height + 1):
            one = final(height, height % 5)
            assert (blocks.block(height), blocks.receipts(height)) == (one.block, one.receipts)
        assert blocks.block(blocks.height + 1) is None
        assert not list(
            database.view(Column.BLOCKS).scan(b"c" + (blocks.height + 1).to_bytes(8, "big"), b"d")
        )
        return blocks.height
    finally:
        database.close()


def test_killed_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(7)
    expected, height = MemoryReader(), 0
    for _ in range(6):
        command = [sys.executable, "-m", "tests.unit.storage.growing_chain", str(tmp_path)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = height
        for _ in range(chance.randrange(1, 12)):
            said = int(process.stdout.readline())
        for _ in range(chance.randrange(200_000)):
            pass  # so that it dies somewhere within a block, and not always right after one
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        reached = check_whole(tmp_path, expected, height)
        assert reached >= said > height
        height = reached


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of a few blocks, all of them still in its log."""
    folder = tmp_path_factory.mktemp("grown") / "chain"
    database = Database(folder, GENESIS)
    blocks, commitment = BlockStore(database), Commitment(database.view(Column.PAGES))
    for _ in range(4):
        commit_next(database, blocks, commitment)
    database.close()
    return folder


@pytest.mark.parametrize("seed", range(12))
def test_a_log_that_was_cut(grown: Path, tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "chain"
    shutil.copytree(grown, folder)
    [log] = folder.glob("*.log")
    size = log.stat().st_size
    cut = random.Random(seed).randrange(200, size)
    os.truncate(log, cut)
    assert check_whole(folder, MemoryReader(), 0) < 4
