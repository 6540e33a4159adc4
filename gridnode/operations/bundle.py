"""gridnode debug bundle: what those who look into a fault need, in one archive, without a secret in it.

Secrets are kept out twice: files that hold them are not read into it, and what is read is searched for their values before it goes in.
A part that cannot be had says why in `bundle.json`; the others are there. So it serves a node that runs, hangs, or is dead.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import trio

from gridnode.chain.genesis import genesis_hash
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.node.config import Config, load_config
from gridnode.node.genesis_file import load_genesis
from gridnode.operations.bundle_parts import config_part, guard_part, log_tail, machine_part, wal_lines
from gridnode.operations.stacks import stacks_of
from gridnode.primitives.errors import GridnodeError, OperatorError

QUESTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "status": {},
    "consensus/state": {},
    "peers": {},
    "validators": {},
    "state": {},
    "blocks": {"limit": 50},
}
"""What is asked of the API."""
MAX_PART_BYTES: Final = 8 * 1024 * 1024
"""Of one file in the archive; the end of what is longer is kept."""
TIMEOUT_S: Final = 10.0
_REMOVED: Final = "(secret removed)"
_LEAST_SECRET: Final = 4
"""Shorter values would be found everywhere."""


@dataclass(slots=True)
class Bundle:
    """Parts as they are collected."""

    secrets: list[str]
    """Values that must not be in it."""
    parts: dict[str, bytes] = field(default_factory=dict)
    """Name in the archive -> content."""
    missing: dict[str, str] = field(default_factory=dict)
    """Name -> why it is not there."""

    def add(self, name: str, read: Callable[[], str]) -> None:
        """Add the text that `read` gives, or why it cannot."""
        try:
            self.keep(name, read())
        except (GridnodeError, RemoteProblem) as error:
            self.missing[name] = str(error)
        except OSError as error:
            self.missing[name] = error.strerror or str(error)

    def keep(self, name: str, text: str) -> None:
        """Add a text, without the secrets and within its bound."""
        for secret in self.secrets:
            text = text.replace(secret, _REMOVED)
        self.parts[name] = text.encode()[-MAX_PART_BYTES:]


def make_bundle(config_path: Path, api: str | None, log: Path | None, out: Path) -> Bundle:
    """Collect everything of the node of a configuration file into the archive `out`, which must not exist.

    api  URL to ask instead of that of the configuration
    log  log file to read instead of that of the configuration

    Raises OperatorError when the configuration cannot be read or the archive not written.
    """
    if out.exists():
        raise OperatorError(f"--out: {out}: exists; expected a name that is free")
    config, folder = load_config(config_path), config_path.resolve().parent
    bundle = Bundle(_secrets(config, folder))
    data = folder / config.data_dir
    bundle.add("config.json", lambda: _json(config_part(config, folder)))
    bundle.add("chain.json", lambda: _chain(config, folder))
    bundle.add("machine.json", lambda: _json(machine_part(data)))
    bundle.add("guard.json", lambda: _json(guard_part(data)))
    bundle.add("wal.jsonl", lambda: "\n".join(wal_lines(data / "wal")))
    bundle.add("stacks.txt", lambda: stacks_of(data))
    bundle.add("log.txt", lambda: log_tail(_log_file(config, folder, log)))
    trio.run(_ask, bundle, api or f"http://{config.api.listen}")
    bundle.keep("bundle.json", _json({"made_ms": time.time_ns() // 1_000_000, "missing": bundle.missing, "parts": list(bundle.parts)}))
    _write(bundle, out)
    return bundle


def _chain(config: Config, folder: Path) -> str:
    genesis = load_genesis(folder / config.genesis)
    return _json({"chain_id": genesis.chain_id, "genesis_hash": genesis_hash(genesis).hex(), "version": genesis.version})


def _log_file(config: Config, folder: Path, log: Path | None) -> Path:
    if log is not None:
        return log
    if config.log.file is None:
        raise OperatorError("the node logs to standard error; --log names the file that it is kept in")
    return folder / config.log.file


async def _ask(bundle: Bundle, url: str) -> None:
    async with Remote(url, TIMEOUT_S) as remote:
        for path, parameters in QUESTIONS.items():
            name = f"api/{path.replace('/', '-')}.json"
            try:
                bundle.keep(name, _json(await remote.get(path, **parameters)))
            except RemoteProblem as problem:
                bundle.missing[name] = str(problem)
                if problem.status == 0:
                    return


def _secrets(config: Config, folder: Path) -> list[str]:
    """Values of the files that hold secrets, as far as they can be read: first line and whole, as text."""
    named = [config.network.node_key, config.network.network_key]
    if config.validator is not None:
        named += [name for name in (config.validator.keystore, config.validator.password_file) if name]
    found: dict[str, None] = {}
    for name in named:
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        found |= dict.fromkeys((text.strip(), text.split("\n", 1)[0]))
    return sorted((secret for secret in found if len(secret) >= _LEAST_SECRET), key=len, reverse=True)


def _write(bundle: Bundle, out: Path) -> None:
    """The archive, readable by its owner alone; it gets its name when it is whole."""
    beside = out.with_name(out.name + ".part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
            for name, content in bundle.parts.items():
                entry = tarfile.TarInfo(f"{out.name.partition('.')[0]}/{name}")
                entry.size, entry.mtime, entry.mode = len(content), int(time.time()), 0o600
                archive.addfile(entry, io.BytesIO(content))
        beside.replace(out)
    except OSError as error:
        raise OperatorError(f"--out: {out}: cannot be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
