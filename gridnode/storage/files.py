"""The few things that the consensus log and the sign guard ask of a file system, and the operating system's answer to them.

Log and guard promise what outlives a crash, so they say exactly which bytes and which names are made durable when. Behind this interface
stands the real disk, or one in memory that loses and tears whatever was not made durable.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol


class OpenFile(Protocol):
    """A file open for appending."""

    def size(self) -> int:
        """Bytes in the file."""
        ...

    def write(self, data: bytes) -> int:
        """Append some of `data`, at least a byte; returns how much. It outlives the process, not yet the machine. Raises OSError."""
        ...

    def sync(self) -> None:
        """Make all that was written durable. Raises OSError."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Files(Protocol):
    """A file system. All methods raise OSError as the operating system does."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it, unless it exists."""
        ...

    def list_names(self, folder: Path) -> list[str]:
        """Names in a folder, ascending."""
        ...

    def read(self, path: Path) -> bytes:
        """What a file holds."""
        ...

    def append(self, path: Path) -> OpenFile:
        """Open a file for appending; made when there is none."""
        ...

    def overwrite(self, path: Path) -> OpenFile:
        """Open a file, emptied; made when there is none."""
        ...

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to `size` bytes."""
        ...

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name, in place of a file that has it. Durable with the folder's `sync_names`."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file."""
        ...

    def sync_names(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        ...


class _OpenFile:
    """A file descriptor."""

    def __init__(self, path: Path, flags: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)

    def size(self) -> int:
        return os.fstat(self._file).st_size

    def write(self, data: bytes) -> int:
        return os.write(self._file, data)

    def sync(self) -> None:
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)


class _Disk:
    """The operating system's files."""

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def list_names(self, folder: Path) -> list[str]:
        return sorted(path.name for path in folder.iterdir())

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def append(self, path: Path) -> OpenFile:
        return _OpenFile(path, os.O_APPEND)

    def overwrite(self, path: Path) -> OpenFile:
        return _OpenFile(path, os.O_TRUNC)

    def truncate(self, path: Path, size: int) -> None:
        os.truncate(path, size)

    def rename(self, path: Path, target: Path) -> None:
        path.rename(target)

    def remove(self, path: Path) -> None:
        path.unlink()

    def sync_names(self, folder: Path) -> None:
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)


DISK: Final[Files] = _Disk()
"""The machine's own disk."""
