"""Peers' questions for chunks are answered from the disk in a thread, and a damaged snapshot is said to the operator once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from gridnode.node.offered import OfferedSnapshots
from gridnode.storage.snapshots import SnapshotStore
from tests.unit.node.made_snapshot import HEIGHT, Made


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    snapshot = Made(tmp_path)
    yield snapshot
    snapshot.chain.store.close()


def test_a_chunk_is_read_in_a_thread(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    read = SnapshotStore.chunk

    def seen(store: SnapshotStore, height: int, index: int) -> bytes | None:
        threads.append(threading.current_thread())
        return read(store, height, index)

    monkeypatch.setattr(SnapshotStore, "chunk", seen)
    offered = OfferedSnapshots(made.snapshots)
    chunk = trio.run(offered.chunk, HEIGHT, 0)
    assert trio.run(offered.chunk, HEIGHT + 1, 0) is None
    assert len(threads) == 2
    assert threading.main_thread() not in threads
    assert chunk == next(iter(made.chunks()))


def test_damage_that_is_found_is_said_once(made: Made, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    offered = OfferedSnapshots(made.snapshots)
    [file] = (tmp_path / "snapshots").glob("*.000000.*")
    file.write_bytes(b"something else")
    assert [trio.run(offered.chunk, HEIGHT, 0) for _ in range(2)] == [None, None]
    assert [record.message for record in caplog.records] == ["a snapshot is damaged and removed"]
