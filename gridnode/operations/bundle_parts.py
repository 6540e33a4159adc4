"""What a debug bundle tells of a node: each part read by itself, within bounds, changing nothing, whatever state the node is in."""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from gridnode.codec.records import to_json
from gridnode.consensus.inputs import BlockBuilt, BlockKnown, Event
from gridnode.consensus.journal import event_of
from gridnode.node.config import Config
from gridnode.node.version import node_version
from gridnode.operations.place import holder
from gridnode.primitives.errors import GridnodeError
from gridnode.storage.sign_guard import last_signed
from gridnode.storage.wal import records_in

MAX_LOG_BYTES: Final = 4 * 1024 * 1024
"""Of the end of the node's log."""
MAX_WAL_ENTRIES: Final = 2_000
"""Newest entries of the consensus log: more rounds than any operator reads."""
MAX_WAL_BYTES: Final = 64 * 1024 * 1024
"""A segment beyond this is not read: eight of the largest blocks."""
_FILES: Final = ("keystore", "password_file", "node_key", "network_key")
_SUSPECT: Final = ("password", "secret", "token", "seed", "private")


def config_part(config: Config, folder: Path) -> dict[str, Any]:
    """The configuration; of files with secrets only whether they are there, how large, and who may read them."""
    plain: dict[str, Any] = msgspec.to_builtins(config)
    return {name: _without_secrets(name, value, folder) for name, value in plain.items()}


def _without_secrets(name: str, value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {inner: _without_secrets(inner, part, folder) for inner, part in value.items()}
    if name in _FILES and isinstance(value, str) and value:
        return _file(folder / value) | {"path": value}
    if any(word in name for word in _SUSPECT):
        return "(left out)"
    return value


def _file(path: Path) -> dict[str, Any]:
    try:
        found = path.stat()
    except OSError as error:
        return {"error": error.strerror}
    return {"bytes": found.st_size, "mode": oct(found.st_mode & 0o7777), "owner": found.st_uid}


def log_tail(path: Path) -> str:
    """The last MAX_LOG_BYTES of a log, from a whole line on. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - MAX_LOG_BYTES)
        file.seek(start)
        data = file.read(MAX_LOG_BYTES)
    text = data.decode(errors="replace")
    return text.partition("\n")[2] if start else text


def wal_lines(folder: Path) -> Iterator[str]:
    """The consensus log as JSON, a line an entry, the newest MAX_WAL_ENTRIES; bytes of blocks are told by their number. Raises OSError."""
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.log")):
        if path.stat().st_size > MAX_WAL_BYTES:
            rows.append({"segment": path.name, "bytes": path.stat().st_size, "error": "too large to be read"})
            continue
        found, bad = records_in(path.read_bytes())
        for offset, entry in found[-MAX_WAL_ENTRIES:]:
            rows.append({"segment": path.name, "offset": offset, **_entry(entry)})
        if bad is not None:
            rows.append({"segment": path.name, "offset": bad, "error": "no intact record from here on"})
    return (json.dumps(row, ensure_ascii=False) for row in rows[-MAX_WAL_ENTRIES:])


def _entry(entry: bytes) -> dict[str, Any]:
    try:
        event: Event = event_of(entry)
    except GridnodeError as fault:
        return {"error": str(fault), "bytes": len(entry)}
    told = to_json(event)
    if isinstance(event, (BlockBuilt, BlockKnown)):
        told["block"] = f"{len(event.block)} bytes"
    return {"event": type(event).__name__, **told}


def guard_part(data: Path) -> dict[str, Any]:
    """What the sign guard remembers. Raises OperatorError when it is damaged."""
    found = last_signed(data / "guard")
    return {"last_signed": None if found is None else to_json(found)}


def machine_part(data: Path) -> dict[str, Any]:
    """Versions, disk, limits, sizes of the data, and the process that holds them."""
    usage = shutil.disk_usage(data if data.exists() else data.parent)
    process = holder(data)
    return {
        "gridnode": node_version(),
        "python": sys.version,
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "load": list(os.getloadavg()),
        "disk": {"total_bytes": usage.total, "free_bytes": usage.free},
        "open_files_limit": list(resource.getrlimit(resource.RLIMIT_NOFILE)),
        "process": None if process is None else _process(process),
        "data": _sizes(data),
    }


def _process(process: int) -> dict[str, Any]:
    """What the system says of the process that holds the database."""
    home = Path("/proc") / str(process)
    told: dict[str, Any] = {"id": process}
    for name in ("limits", "status", "io"):
        try:
            told[name] = (home / name).read_text(errors="replace").splitlines()
        except OSError as error:
            told[name] = error.strerror
    try:
        told["open_files"] = len(list((home / "fd").iterdir()))
    except OSError as error:
        told["open_files"] = error.strerror
    return told


def _sizes(data: Path) -> dict[str, Any]:
    """Files and bytes of each entry of the data folder."""
    found: dict[str, Any] = {}
    for path in sorted(data.iterdir()) if data.is_dir() else ():
        sizes = [_bytes_of(file) for file in ([path] if path.is_file() else path.rglob("*"))]
        found[path.name] = {"files": sum(size is not None for size in sizes), "bytes": sum(size or 0 for size in sizes)}
    return found


def _bytes_of(path: Path) -> int | None:
    """Size of a file; None for what is none, or is gone by now."""
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
