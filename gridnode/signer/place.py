"""The signer's socket as a file: who may reach it, and which user is at its other end."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple, Protocol

from gridnode.primitives.errors import OperatorError

_CREDENTIALS: Final = Struct("3i")
MAX_PATH_BYTES: Final = 107
"""Longest path of a Unix socket that Linux takes."""


class Other(NamedTuple):
    """The process at the other end, as the kernel names it."""

    pid: int  # process
    uid: int  # user


class Connected(Protocol):
    """One end of a Unix socket; those of `socket` and of trio are."""

    def getsockopt(self, level: int, option: int, buffersize: int, /) -> bytes:
        """Option of the socket."""
        ...


def other_end(connection: Connected) -> Other:
    """Who is at the other end of a connected Unix socket. Raises OSError when it is gone."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(data)
    return Other(pid, uid)


def is_trusted(other: Other) -> bool:
    """Whether it runs as this user, or as root."""
    return other.uid in (os.geteuid(), 0)


def check_folder(path: Path) -> None:
    """Whether nobody else can put another socket in the place of the one at `path`.

    Raises OperatorError: no such folder, of another user, or one in which others may write.
    """
    folder = path.parent
    try:
        found = folder.stat()
    except OSError as error:
        raise OperatorError(f"{folder}: expected the folder of the signer's socket: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise OperatorError(f"{folder}: expected a folder for the signer's socket")
    if found.st_uid not in (os.geteuid(), 0):
        raise OperatorError(f"{folder}: expected a folder of this user for the signer's socket, it is user {found.st_uid}'s")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(found.st_mode)
        raise OperatorError(f"{folder}: others may put a socket of their own there (mode {mode:04o}): chmod go-w {folder}")
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise OperatorError(f"{path}: expected a path of at most {MAX_PATH_BYTES} bytes for a socket")


def check_socket(path: Path) -> None:
    """Whether the file at `path` is a socket that others cannot reach. Raises OperatorError as `check_folder`, and when it is not."""
    check_folder(path)
    try:
        found = path.lstat()
    except OSError as error:
        raise OperatorError(f"{path}: no signer there: {error.strerror}; start gridnode signer first") from None
    if not stat.S_ISSOCK(found.st_mode):
        raise OperatorError(f"{path}: expected the signer's socket, this is no socket")
    if found.st_uid not in (os.geteuid(), 0):
        raise OperatorError(f"{path}: expected a socket of this user, it is user {found.st_uid}'s")


def bound(path: Path) -> socket.socket:
    """A listening socket at `path`, mode 0600; one that a signer left behind when it died is removed.

    Raises OperatorError as `check_folder`, when a signer listens there already, or when something else is in its place.
    """
    check_folder(path)
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
        listener.listen()
    except OSError as error:
        listener.close()
        raise OperatorError(f"{path}: cannot listen there: {error.strerror}") from None
    finally:
        os.umask(before)
    return listener


def _clear(path: Path) -> None:
    """Make room: a socket that nobody listens at is a dead signer's."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OperatorError(f"{path}: expected no file, or the socket of a signer that has ended")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
        probe.settimeout(2)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise OperatorError(f"{path}: cannot tell whether a signer listens there: {error}") from None
    raise OperatorError(f"{path}: a signer listens there already")
