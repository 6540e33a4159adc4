"""The consensus log: what was synced is there, a torn tail is cut, corruption before it is refused, old heights go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.primitives.errors import InvariantBroken, OperatorError
from gridnode.primitives.limits import MAX_RECORD_BYTES
from gridnode.storage.wal import Wal

ENTRIES = [b"first", b"", b"x" * 3_000, b"last"]
HEAD_BYTES = 32


def written(folder: Path, entries: list[bytes], sync: bool = True, height: int = 1) -> Path:
    """A closed log of one height; the path of its segment."""
    wal = Wal(folder)
    wal.prune(height)
    for entry in entries:
        wal.append(entry, sync)
    wal.close()
    return folder / f"{height:020d}.log"


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    written(tmp_path, ENTRIES)
    wal = Wal(tmp_path)
    assert wal.entries() == ENTRIES
    assert wal.cuts == []
    wal.append(b"more", True)
    wal.close()
    assert Wal(tmp_path).entries() == [*ENTRIES, b"more"]


def test_new_log_is_empty_and_needs_a_height(tmp_path: Path) -> None:
    wal = Wal(tmp_path / "deep" / "wal")
    assert wal.entries() == []
    with pytest.raises(InvariantBroken):
        wal.append(b"entry", False)
    wal.prune(1)
    with pytest.raises(InvariantBroken):
        wal.append(b"x" * (MAX_RECORD_BYTES + 1), False)


def test_a_new_height_takes_the_old_ones_away(tmp_path: Path) -> None:
    wal = Wal(tmp_path)
    for height in (1, 2, 3):
        wal.prune(height)
        wal.append(b"height %d" % height, True)
    wal.prune(3)
    wal.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"{3:020d}.log"]
    assert Wal(tmp_path).entries() == [b"height 3"]


def test_both_heights_are_there_when_it_died_before_deleting(tmp_path: Path) -> None:
    old = written(tmp_path, [b"old"], height=1)
    kept = old.read_bytes()
    written(tmp_path, [b"new"], height=2)
    old.write_bytes(kept)
    wal = Wal(tmp_path)
    assert wal.entries() == [b"old", b"new"]
    wal.prune(2)
    assert not old.exists()


@pytest.mark.parametrize("lost", range(1, HEAD_BYTES + len(ENTRIES[-1]) + 1))
def test_torn_tail_is_cut_and_noted(tmp_path: Path, lost: int) -> None:
    path = written(tmp_path, ENTRIES)
    whole = path.stat().st_size
    os.truncate(path, whole - lost)
    wal = Wal(tmp_path)
    assert wal.entries() == ENTRIES[:-1]
    start = whole - HEAD_BYTES - len(ENTRIES[-1])
    torn = [(path, start, whole - lost - start)] if whole - lost > start else []
    assert [tuple(cut) for cut in wal.cuts] == torn
    wal.append(b"again", True)
    wal.close()
    assert Wal(tmp_path).entries() == [*ENTRIES[:-1], b"again"]


def test_garbage_and_zeros_at_the_end_are_cut(tmp_path: Path) -> None:
    for index, tail in enumerate((b"\0" * 4_096, b"\xff" * 100, b"\xc5gnL" * 30)):
        path = written(tmp_path / str(index), ENTRIES)
        path.write_bytes(path.read_bytes() + tail)
        wal = Wal(tmp_path / str(index))
        assert wal.entries() == ENTRIES
        assert wal.cuts[0].dropped_bytes == len(tail)


@given(st.data())
def test_every_flipped_bit_before_the_tail_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = written(tmp_path_factory.mktemp("wal"), ENTRIES)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - HEAD_BYTES - len(ENTRIES[-1]) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    starts = [0]
    for entry in ENTRIES:
        starts.append(starts[-1] + HEAD_BYTES + len(entry))
    bad = max(start for start in starts if start <= at)
    with pytest.raises(OperatorError, match=f"{path.name}: corrupted at byte {bad}:"):
        Wal(path.parent)


def test_what_was_never_synced_may_be_lost_out_of_order(tmp_path: Path) -> None:
    """The machine went down: a later page reached the disk, an earlier one did not. Nothing was signed for either."""
    path = written(tmp_path, ENTRIES, sync=False)
    content = bytearray(path.read_bytes())
    content[HEAD_BYTES + len(ENTRIES[0]) + 3] ^= 1
    path.write_bytes(content)
    wal = Wal(tmp_path)
    assert wal.entries() == ENTRIES[:1]
    assert wal.cuts[0].offset == HEAD_BYTES + len(ENTRIES[0])


def test_disk_errors_are_the_operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wal = Wal(tmp_path)
    wal.prune(1)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(OperatorError, match=f"{1:020d}.log: the consensus log cannot be written: No space left"):
        wal.append(b"entry", True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OperatorError, match="cannot be read"):
        Wal(tmp_path / "file")


WRITER = """
import sys
from pathlib import Path
from gridnode.storage.wal import Wal
wal = Wal(Path(sys.argv[1]))
wal.prune(1)
number = 0
while True:
    wal.append(b"%d" % number, number % 3 == 0)
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("lines", [1, 2, 7, 30])
def test_sigkill_loses_nothing_that_was_appended(tmp_path: Path, lines: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    entries = Wal(tmp_path).entries()
    assert entries == [b"%d" % number for number in range(len(entries))]
    assert len(entries) > told[-1]
