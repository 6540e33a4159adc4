"""What the simulated disk promises, and no more: synced bytes and names survive a power cut, others may not; a full disk takes a part."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from gridnode.simulation.disk import Disk

LOG, OTHER, FOLDER = Path("wal/1.log"), Path("wal/2.log"), Path("wal")


def disk(seed: int) -> Disk:
    """A disk on which nobody dies."""
    return Disk(Random(seed), lambda: None)


@pytest.mark.parametrize("seed", range(30))
def test_what_is_synced_survives(seed: int) -> None:
    made = disk(seed)
    file = made.append(LOG)
    file.write(b"synced")
    file.sync()
    made.sync_names(FOLDER)
    file.write(b"lost")
    made.lose_power()
    assert made.read(LOG).startswith(b"synced")
    assert len(made.read(LOG)) <= len(b"syncedlost")


def test_what_is_not_synced_may_be_lost_torn_or_kept() -> None:
    left = set()
    for seed in range(200):
        made = disk(seed)
        file = made.append(LOG)
        made.sync_names(FOLDER)
        file.write(b"abcd")
        made.lose_power()
        left.add(made.read(LOG))
    assert {b"", b"a", b"abcd", b"ab\0\0"} <= left


def test_a_name_that_is_not_synced_may_go_and_a_removed_one_come_back() -> None:
    seen = set()
    for seed in range(60):
        made = disk(seed)
        made.append(LOG).sync()
        made.sync_names(FOLDER)
        made.append(OTHER).sync()
        made.remove(LOG)
        made.lose_power()
        seen.add(tuple(made.list_names(FOLDER)))
    assert seen == {("1.log",), ("1.log", "2.log"), ("2.log",), ()}


def test_a_rename_that_is_not_synced_may_bring_the_old_record_back() -> None:
    records = set()
    for seed in range(60):
        made = disk(seed)
        for content in (b"old", b"new"):
            file = made.overwrite(Path("guard.new"))
            file.write(content)
            file.sync()
            made.rename(Path("guard.new"), Path("guard"))
            if content == b"old":
                made.sync_names(Path())
        made.lose_power()
        records.add(made.read(Path("guard")))
    assert records == {b"old", b"new"}


def test_a_full_disk_takes_a_part_or_nothing() -> None:
    taken = set()
    for seed in range(60):
        made = disk(seed)
        file = made.append(LOG)
        made.is_full = True
        try:
            taken.add(file.write(b"abc"))
        except OSError:
            taken.add(0)
    assert taken == {0, 1, 2}


def test_a_batch_on_a_full_disk_is_not_written_at_all() -> None:
    made = disk(1)
    made.is_full = True
    batch = made.rows.write_batch(sync=True)
    batch.put(b"a", b"1")
    with pytest.raises(RuntimeError, match="No space"):
        batch.write()
    assert made.rows.get(b"a") is None


def test_rows_are_ordered_both_ways() -> None:
    rows = disk(1).rows
    batch = rows.write_batch(sync=True)
    for key in (b"b", b"a", b"d", b"c"):
        batch.put(key, key.upper())
    batch.delete(b"c")
    batch.write()
    assert list(rows.iterator(b"a", b"d")) == [(b"a", b"A"), (b"b", b"B")]
    assert [key for key, _ in rows.iterator(stop=b"z", reverse=True)] == [b"d", b"b", b"a"]
