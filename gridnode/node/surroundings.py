"""What a node needs around it: secrets that only it can read, room on the disk, a clock, free ports."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
from pathlib import Path
from typing import Final

from gridnode.node.config import Config, split_address
from gridnode.node.findings import Finding, ok, refusal, warning
from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS

HEXADECIMAL: Final = ("node key", "network key")
KEY_BYTES: Final = 32
LEAST_FREE_BYTES: Final = 64 * 1024 * 1024
"""Room for the write buffers of the database and some blocks: with less a start would end in a full disk."""
LOW_FREE_BYTES: Final = 1024 * 1024 * 1024
DAY_MS: Final = 86_400_000
LATEST_MS: Final = 10 * 366 * DAY_MS
"""A clock further than this ahead of the newest block is wrong, however long the node was off."""


def check_secrets(config: Config, folder: Path) -> list[Finding]:
    """Each file with a secret is there, of this user, and for nobody else."""
    files = {"node key": config.network.node_key, "network key": config.network.network_key}
    if config.validator is not None and not config.validator.signer:
        files |= {"keystore": config.validator.keystore, "password file": config.validator.password_file}
    return [_secret(name, folder / path) for name, path in files.items()]


def _secret(name: str, path: Path) -> Finding:
    try:
        found = path.stat()
    except OSError as error:
        return refusal(name, f"{path}: cannot read the {name}: {error.strerror}", "put it there")
    mode = stat.S_IMODE(found.st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return refusal(name, f"{path}: others may read it (mode {mode:04o})", f"chmod 600 {path}")
    if found.st_uid not in (os.geteuid(), 0):
        return warning(name, f"{path}: it is user {found.st_uid}'s", f"chown {os.geteuid()} {path}")
    if name in HEXADECIMAL and not _is_key(path):
        return refusal(name, f"{path}: expected the {name} as 64 hex digits", "put it back from a backup")
    return ok(name, f"{path}, mode {mode:04o}")


def _is_key(path: Path) -> bool:
    try:
        return len(bytes.fromhex(path.read_text(encoding="utf-8").strip())) == KEY_BYTES
    except (OSError, ValueError):
        return False


def check_disk(data: Path, free_bytes: int | None = None) -> list[Finding]:
    """The data folder is writable and has room. `free_bytes` is measured when it is not given."""
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return [refusal("data folder", f"{place}: this user cannot write there", "give it to the user that runs the node")]
    free = shutil.disk_usage(place).free if free_bytes is None else free_bytes
    megabytes = free // (1024 * 1024)
    if free < LEAST_FREE_BYTES:
        return [refusal("disk", f"{megabytes} MiB free where {data} is, expected at least 64", "make room")]
    if free < LOW_FREE_BYTES:
        return [warning("disk", f"{megabytes} MiB free where {data} is", "make room soon")]
    return [ok("disk", f"{megabytes} MiB free")]


def check_clock(now_ms: int, tip_ms: int) -> Finding:
    """The clock against the time of the newest block (unix ms)."""
    behind = tip_ms - now_ms
    if behind > DAY_MS or now_ms - tip_ms > LATEST_MS:
        return refusal("clock", f"it shows {now_ms}, the newest block is of {tip_ms} (unix ms): more than a day behind, or ten years ahead",
                       "set the clock")  # fmt: skip
    if behind > MAX_CLOCK_DRIFT_MS:
        return warning("clock", f"it is {behind // 1000} s behind the newest block; good blocks seem to come too early", "set the clock")
    return ok("clock", "not behind the newest block")


def check_ports(config: Config) -> list[Finding]:
    """The addresses to listen at are free."""
    places = {"network.listen": config.network.listen, "api.listen": config.api.listen}
    return [_port(name, address) for name, address in places.items()]


def _port(name: str, address: str) -> Finding:
    host, port = split_address(address)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return refusal(name, f"cannot listen on {address}: address already in use", "end what listens there, or take another port")
            return refusal(name, f"cannot listen on {address}: {error.strerror or error}", "name an address of this machine")
    return ok(name, f"{address} is free")
