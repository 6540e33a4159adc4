"""Snapshots in files: there when all of them is on the disk, on any disk that loses what it did not promise; never handed out damaged."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from gridnode.chain.light_block import LightBlock
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import SNAPSHOT_CHUNK_BYTES
from gridnode.simulation.disk import Disk
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.snapshots import (
    Manifest,
    SealedManifest,
    SnapshotsRequest,
    answer_snapshots,
    chunk_bytes,
    chunk_hash,
    fault_of,
    manifest_hash,
)
from tests.unit.storage.chain_of_blocks import ALL, final

FOLDER = Path("snapshots")
GENESIS = b"g" * 32
_ONE = final(1, 0)
LIGHT = LightBlock(_ONE.block.header, _ONE.commit, ALL)
CHUNKS = [bytes([number]) * SNAPSHOT_CHUNK_BYTES for number in range(2)] + [b"the rest"]


def sealed(height: int, chunks: list[bytes] = CHUNKS) -> SealedManifest:
    """Of some chunks."""
    hashes = tuple(map(chunk_hash, chunks))
    return SealedManifest(Manifest(GENESIS, height, b"b" * 32, b"s" * 32, 7, sum(map(len, chunks)), hashes), LIGHT)


def write(store: SnapshotStore, height: int, chunks: list[bytes] = CHUNKS) -> None:
    """A whole snapshot."""
    for index, chunk in enumerate(chunks):
        store.put_chunk(height, index, chunk)
    store.seal(sealed(height, chunks))


def whole(store: SnapshotStore, height: int) -> bool:
    """Whether a snapshot can be read from its first to its last chunk."""
    return store.sealed(height) == sealed(height) and [store.chunk(height, index) for index in range(3)] == CHUNKS


def test_a_snapshot_is_found_again(tmp_path: Path) -> None:
    """On a real disk, by another store."""
    write(SnapshotStore(tmp_path / "made"), 20)
    store = SnapshotStore(tmp_path / "made")
    assert store.heights() == [20]
    assert whole(store, 20)
    assert store.chunk(20, 3) is store.chunk(20, -1) is store.chunk(21, 0) is store.sealed(21) is None
    assert [manifest.height for manifest in store.manifests()] == [20]


def test_a_manifest_is_hashed_and_encoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Peers and the API may ask as often as they like; the answer follows what is there."""
    store = SnapshotStore(tmp_path)
    write(store, 20)
    write(store, 40)
    made: list[int] = []

    def counted(request: SnapshotsRequest, offers: list[Manifest]) -> bytes:
        made.append(int(request.above))
        return answer_snapshots(request, offers)

    monkeypatch.setattr("gridnode.storage.snapshots.answer_snapshots", counted)
    expected = [(manifest_hash(sealed(height).manifest), sealed(height).manifest) for height in (40, 20)]
    monkeypatch.setattr("gridnode.storage.snapshots.manifest_hash", None)
    for above in (0, 0, 19, 30, 35, 40):
        asked = SnapshotsRequest(above)
        assert store.answer(asked) == answer_snapshots(asked, store.manifests())
    assert made == [0, 30, 40]
    assert store.named() == expected
    store.remove(40)
    assert store.answer(SnapshotsRequest(0)) == answer_snapshots(SnapshotsRequest(0), [sealed(20).manifest])


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    """The others' files are gone."""
    store = SnapshotStore(tmp_path)
    for height in (20, 40, 60):
        write(store, height)
    store.keep(2)
    assert store.heights() == SnapshotStore(tmp_path).heights() == [60, 40]
    assert len(list(tmp_path.iterdir())) == 2 * 4
    store.keep(0)
    assert list(tmp_path.iterdir()) == []


class Died(BaseException):
    """The process is gone."""


def disk(seed: int, moments: int) -> Disk:
    """A disk whose process dies after so many changes."""
    left = [moments]

    def moment() -> None:
        left[0] -= 1
        if not left[0]:
            raise Died

    return Disk(Random(seed), moment)


def writing(store: SnapshotStore) -> None:
    """A second snapshot, and the first one goes."""
    write(store, 40)
    store.keep(1)


@pytest.mark.parametrize("power_cut", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_death_at_any_write_leaves_whole_snapshots_or_none(seed: int, power_cut: bool) -> None:
    """Whatever the moment: what is taken for a snapshot can be read to its end; the old one goes only when the new one stays."""
    moments = 0
    while True:
        moments += 1
        made = disk(seed, 10**9)
        write(SnapshotStore(FOLDER, made), 20)
        left = [moments]

        def moment(left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise Died

        made.moment = moment
        try:
            writing(SnapshotStore(FOLDER, made))
            ended = True
        except Died:
            ended = False
        made.moment = lambda: None
        if power_cut:
            made.lose_power()
        store = SnapshotStore(FOLDER, made)
        assert store.heights()
        assert all(whole(store, height) for height in store.heights())
        names = {name[:20] for name in made.list_names(FOLDER)}
        assert names == {f"{height:020d}" for height in store.heights()}
        if ended:
            assert store.heights() == [40]
            break
    assert moments > 10


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """The writer hears of it; what was written of the new one is swept."""
    del tmp_path
    made = disk(1, 10**9)
    write(SnapshotStore(FOLDER, made), 20)
    store = SnapshotStore(FOLDER, made)
    made.is_full = True
    with pytest.raises(OSError, match="No space"):
        write(store, 40)
    store.give_up(40)
    assert store.heights() == SnapshotStore(FOLDER, made).heights() == [20]
    assert whole(store, 20)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a chunk is another": lambda folder: (folder / f"{20:020d}.000001.chunk").write_bytes(CHUNKS[0]),
    "a chunk is torn": lambda folder: (folder / f"{20:020d}.000001.chunk").write_bytes(CHUNKS[1][:-1]),
    "a chunk is gone": lambda folder: (folder / f"{20:020d}.000001.chunk").unlink(),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_chunk_is_never_handed_out(tmp_path: Path, name: str) -> None:
    """The whole snapshot goes, and it is said why."""
    store = SnapshotStore(tmp_path)
    write(store, 20)
    DAMAGE[name](tmp_path)
    assert store.chunk(20, 0) == CHUNKS[0]
    assert store.chunk(20, 1) is None
    assert store.heights() == []
    assert len(store.damaged) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_opened_now_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many files are open: the chunk is not handed out, and the snapshot stays."""
    store = SnapshotStore(tmp_path)
    write(store, 20)

    def refuse(_path: Path) -> bytes:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        assert store.chunk(20, 1) is None
    assert store.damaged == []
    assert whole(store, 20)


def test_a_damaged_manifest_is_no_manifest(tmp_path: Path) -> None:
    """Each byte of it counts, and so does its length."""
    write(SnapshotStore(tmp_path), 20)
    path = tmp_path / f"{20:020d}.manifest"
    intact = path.read_bytes()
    for cut in (b"", intact[:-1], intact[:40], intact + b"\0", intact[:50] + b"\xff" + intact[51:]):
        path.write_bytes(cut)
        store = SnapshotStore(tmp_path)
        assert store.heights() == []
        assert len(store.damaged) == 1
        assert list(tmp_path.iterdir()) == []


def test_a_manifest_under_another_height_is_none(tmp_path: Path) -> None:
    """A file that somebody renamed."""
    write(SnapshotStore(tmp_path), 20)
    (tmp_path / f"{20:020d}.manifest").rename(tmp_path / f"{21:020d}.manifest")
    assert SnapshotStore(tmp_path).heights() == []


def test_a_fetched_chunk_has_the_size_and_hash_of_its_manifest(tmp_path: Path) -> None:
    """A file of another size does not fit, though a lying manifest names its hash."""
    store = SnapshotStore(tmp_path)
    manifest = sealed(20).manifest
    store.put_chunk(20, 0, CHUNKS[0])
    store.put_chunk(20, 1, CHUNKS[1] + b"!")
    assert store.fetched(manifest, 0) == CHUNKS[0]
    hashes = (manifest.chunks[0], chunk_hash(CHUNKS[1] + b"!"), manifest.chunks[2])
    assert store.fetched(replace(manifest, chunks=hashes), 1) is None
    assert store.fetched(manifest, 2) is None


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """A note of the operator's is not ours to remove."""
    (tmp_path / "README").write_text("mine")
    (tmp_path / "12.txt").write_text("mine")
    assert SnapshotStore(tmp_path).heights() == []
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """One line that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="the folder of snapshots cannot be read"):
        SnapshotStore(tmp_path / "file")


def test_sizes_that_do_not_fit() -> None:
    """A manifest says how many bytes each chunk has; one that does not is refused before anything is asked for."""
    manifest = sealed(20).manifest
    assert fault_of(manifest, GENESIS) is None
    assert [chunk_bytes(manifest, index) for index in range(3)] == [len(chunk) for chunk in CHUNKS]
    assert "expected a snapshot of the chain" in (fault_of(manifest, b"h" * 32) or "")
    short = Manifest(GENESIS, 20, b"b" * 32, b"s" * 32, 7, manifest.bytes, manifest.chunks[:2])
    assert "expected 3 chunks" in (fault_of(short, GENESIS) or "")
