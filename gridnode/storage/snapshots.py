"""`SnapshotStore`: snapshots in files of one folder, written by this node or fetched from others.

    HEIGHT.NUMBER.chunk     a chunk, HEIGHT with 20 digits, NUMBER with 6
    HEIGHT.manifest         its manifest and commit; 32 bytes of hash in front of the record

A snapshot is there when its manifest is. The manifest is written last, under another name, made durable and renamed, when
every chunk is on the disk; and removed first. So whatever the moment of a crash, what is left without a manifest is rubbish,
and is swept when the folder is opened. Chunks are read back against the hashes of the manifest: a snapshot whose file is
damaged is dropped, and never handed out.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from gridnode.codec.records import decode, encode
from gridnode.crypto.hashing import Tag
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import MAX_SNAPSHOTS
from gridnode.storage.files import DISK, Files
from gridnode.sync.snapshots import (
    Manifest,
    SealedManifest,
    SnapshotsRequest,
    answer_snapshots,
    chunk_bytes,
    chunk_hash,
    manifest_hash,
)

_CHECK = Tag("gridnode/snapshot-file")
_CHECK_BYTES: Final = 32
_MANIFEST: Final = ".manifest"
_CHUNK: Final = ".chunk"


class SnapshotStore:
    """The snapshots of one node. One thread writes and removes; others may read meanwhile."""

    def __init__(self, folder: Path, files: Files = DISK, sweeps: bool = True) -> None:
        """Open the folder, which is made if need be, and sweep what a crash has left, unless who opens it goes on with that.

        Raises OperatorError when the disk fails.
        """
        self._folder = folder
        self._files = files
        self.damaged: list[str] = []  # what was dropped since the last look, for the log
        try:
            files.make_folder(folder)
            self._sealed: dict[int, SealedManifest] = {int(sealed.manifest.height): sealed for sealed in self._found()}
            self._hashes = {height: manifest_hash(sealed.manifest) for height, sealed in self._sealed.items()}
            self._answers: dict[tuple[Hash, ...], bytes] = {}  # by the manifests that could be in it
            if sweeps:
                self._sweep()
        except OSError as error:
            raise self._failed("cannot be read", error) from None

    # Reading

    def heights(self) -> list[int]:
        """Heights of the snapshots, the newest first."""
        return sorted(self._sealed, reverse=True)

    def manifests(self) -> list[Manifest]:
        """Manifests, the newest first."""
        found = (self._sealed.get(height) for height in self.heights())
        return [sealed.manifest for sealed in found if sealed is not None]

    def named(self) -> list[tuple[Hash, Manifest]]:
        """Manifests with their hashes, the newest first. A large one has 2 MiB to hash, so that was done when it was sealed."""
        found = ((self._hashes.get(int(manifest.height)), manifest) for manifest in self.manifests())
        return [(name, manifest) for name, manifest in found if name is not None]  # None: it goes just now

    def answer(self, request: SnapshotsRequest) -> bytes:
        """Encoded `SnapshotsAnswer`; made once for the snapshots that are there, however many peers ask."""
        above = [(name, manifest) for name, manifest in self.named() if manifest.height > request.above]
        key = tuple(name for name, _ in above)
        if key not in self._answers:
            if len(self._answers) >= MAX_SNAPSHOTS:
                self._answers.clear()
            self._answers[key] = answer_snapshots(request, [manifest for _, manifest in above])
        return self._answers[key]

    def sealed(self, height: int) -> SealedManifest | None:
        """Manifest and commit of a snapshot, or None."""
        return self._sealed.get(height)

    def chunk(self, height: int, index: int) -> bytes | None:
        """A chunk of a snapshot, whole; None when there is none, or it cannot be read now (too many files are open).

        A damaged snapshot, one whose file is gone or holds something else, is dropped and noted in `damaged`.
        Another thread may remove the snapshot meanwhile.
        """
        sealed = self._sealed.get(height)
        if sealed is None or not 0 <= index < len(sealed.manifest.chunks):
            return None
        path = self._folder / _chunk_name(height, index)
        try:
            chunk = self._files.read(path)
            if chunk_hash(chunk) == sealed.manifest.chunks[index]:
                return chunk
            fault = "its bytes are not those that were written"
        except FileNotFoundError as error:
            fault = str(error.strerror)
        except OSError:
            return None
        if self._sealed.pop(height, None) is None:
            return None  # removed while it was read
        self.damaged.append(f"{path}: {fault}")
        self.give_up(height)
        return None

    # Writing

    def put_chunk(self, height: int, index: int, chunk: bytes) -> None:
        """Bring a chunk to the disk. Raises OSError."""
        self._write(self._folder / _chunk_name(height, index), chunk)

    def seal(self, sealed: SealedManifest) -> None:
        """All chunks are written: from now on the snapshot is there. Raises OSError."""
        height = sealed.manifest.height
        raw = encode(sealed)
        name = f"{height:020d}{_MANIFEST}"
        self._files.sync_names(self._folder)
        fresh = self._folder / f"{name}.new"
        self._write(fresh, _CHECK.hash(raw) + raw)
        self._files.rename(fresh, self._folder / name)
        self._files.sync_names(self._folder)
        self._hashes[height] = manifest_hash(sealed.manifest)
        self._sealed[height] = sealed

    def remove(self, height: int) -> None:
        """Remove a snapshot, or what was written of one that was not finished. Raises OSError."""
        self._sealed.pop(height, None)
        self._hashes.pop(height, None)
        start = f"{height:020d}."
        names = [name for name in self._files.list_names(self._folder) if name.startswith(start)]
        for name in sorted(names, key=lambda name: _CHUNK in name):  # the manifest first
            self._files.remove(self._folder / name)
            if _CHUNK not in name:
                self._files.sync_names(self._folder)

    def give_up(self, height: int) -> None:
        """Remove what was written of a snapshot that was not finished; what the disk does not let go of is swept at the next start."""
        with suppress(OSError):
            self.remove(height)

    def keep(self, newest: int) -> None:
        """Remove all but the newest so many. Raises OSError."""
        for height in self.heights()[newest:]:
            self.remove(height)

    # Chunks of a snapshot that is not whole yet

    def begun(self) -> list[int]:
        """Heights of which there are chunks and no manifest, ascending. Raises OSError."""
        stems = [name.partition(".")[0] for name in self._files.list_names(self._folder) if name.endswith(_CHUNK)]
        return sorted({int(stem) for stem in stems if stem.isdigit()} - self._sealed.keys())

    def fetched(self, manifest: Manifest, index: int) -> bytes | None:
        """This chunk, when it is on the disk and has the size and the hash that the manifest says."""
        try:
            chunk = self._files.read(self._folder / _chunk_name(manifest.height, index))
        except OSError:
            return None
        fits = len(chunk) == chunk_bytes(manifest, index) and chunk_hash(chunk) == manifest.chunks[index]
        return chunk if fits else None

    def _write(self, path: Path, data: bytes) -> None:
        file = self._files.overwrite(path)
        try:
            while data:
                data = data[file.write(data) :]
            file.sync()
        finally:
            file.close()

    def _found(self) -> list[SealedManifest]:
        found = []
        for name in self._files.list_names(self._folder):
            stem, dot, end = name.partition(".")
            if dot + end != _MANIFEST or not stem.isdigit():
                continue
            try:
                found.append(_sealed_of(self._files.read(self._folder / name), int(stem)))
            except Malformed as fault:
                self.damaged.append(f"{self._folder / name}: {fault}")
        return found

    def _sweep(self) -> None:
        """Remove files of no snapshot: their writer died, or their manifest is damaged."""
        for name in self._files.list_names(self._folder):
            stem, _, end = name.partition(".")
            ours = stem.isdigit() and len(stem) == 20
            if ours and (int(stem) not in self._sealed or end == f"{_MANIFEST[1:]}.new"):
                self._files.remove(self._folder / name)

    def _failed(self, what: str, error: OSError) -> OperatorError:
        return OperatorError(f"{self._folder}: the folder of snapshots {what}: {error.strerror}")


def _chunk_name(height: int, index: int) -> str:
    return f"{height:020d}.{index:06d}{_CHUNK}"


def _sealed_of(data: bytes, height: int) -> SealedManifest:
    check, raw = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
    if _CHECK.hash(raw) != check:
        raise Malformed("its bytes are not those that were written")
    sealed = decode(SealedManifest, raw)
    if sealed.manifest.height != height:
        raise Malformed(f"expected the manifest of height {height}, got that of {sealed.manifest.height}")
    return sealed
