"""The nodes of a run: files, processes, APIs. Written once, started, stopped and measured by process id."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from gridnode.client.remote import Remote, RemoteProblem
from gridnode.replay.network import LocalNode
from gridnode.replay.provision import NetworkPlan, NodePlan, write_named
from gridnode.replay.testnet import local_node
from tests.endtoend.clocks import Clock
from tests.endtoend.manifest import Manifest, NodeEntry

MTU_MS = 30_000
LEAD_MS = 60_000
JAIL_MS = 3_000
"""In proportion to a run that lasts half a minute: while one of four is in jail, no other may be missing."""
BASE_PORT = 11_000 + os.getpid() % 150 * 100
"""Each run has ports of its own: while a node is down nobody else's network may take them."""
ANSWER_S = 5.0
"""A node that does not answer for so long counts as one that does not answer: it may be stopped or dead."""


@dataclass(slots=True)
class Worst:
    """The most that a node's processes have had at any time they were looked at."""

    rss_bytes: int = 0
    descriptors: int = 0
    threads: int = 0


@dataclass(slots=True)
class RunNode:
    """One node of a run."""

    entry: NodeEntry
    """What the manifest says of it."""
    plan: NodePlan
    """Its files and ports."""
    local: LocalNode
    """Its process."""
    remote: Remote
    """Its API."""
    clock: Clock | None = None
    """Its wall clock, when that is to be wrong."""
    wanted: bool = False
    """Whether its process should be running now."""
    stopped: bool = False
    """Whether SIGSTOP holds it."""
    starts: int = 0
    """How often a process was started."""
    worst: Worst = field(default_factory=Worst)

    @property
    def name(self) -> str:
        """Its name."""
        return self.plan.name

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.plan.folder / "data"

    @property
    def pid(self) -> int | None:
        """Its process, while there is one."""
        process = self.local.process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def exit_code(self) -> int | None:
        """How its process ended; None while it runs."""
        return None if self.local.process is None else self.local.process.returncode

    def give_clock(self, clock: Clock) -> None:
        """Let all its processes have this clock."""
        self.clock, self.local.environment = clock, clock.environment

    async def start(self) -> None:
        """Start a process; it is not waited for."""
        await self.local.start()
        self.wanted, self.starts = True, self.starts + 1

    async def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        self.wanted = self.stopped = False
        await self.local.kill()

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.wanted = False
        return await self.local.stop()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process."""
        pid = self.pid
        assert pid is not None, f"{self.name} does not run"
        os.kill(pid, number)

    async def status(self) -> dict[str, Any] | None:
        """What it says of itself, or None when it does not answer."""
        if self.pid is None or self.stopped:
            return None
        try:
            return await self.remote.status()
        except RemoteProblem:
            return None

    def measure(self) -> None:
        """Note what its process holds now."""
        pid = self.pid
        if pid is None:
            return
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            return  # it has just ended
        told = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
        worst = self.worst
        worst.rss_bytes = max(worst.rss_bytes, int(told.get("VmRSS", ["0"])[0]) * 1024)
        worst.threads = max(worst.threads, int(told["Threads"][0]))
        worst.descriptors = max(worst.descriptors, descriptors)


def write(manifest: Manifest, folder: Path) -> NetworkPlan:
    """The files of a manifest's network in a new folder, its nodes linked directly."""
    names = manifest.validators
    observers = [node.name for node in manifest.nodes if node.kind == "observer"]
    now_ms = time.time_ns() // 1_000_000
    plan = write_named(folder, names, observers, manifest.seed, MTU_MS, now_ms, LEAD_MS, base_port=BASE_PORT)
    genesis = folder / "genesis.toml"
    document = msgspec.toml.decode(genesis.read_text(encoding="utf-8"))
    document["chain"] |= manifest.chain
    document["validator_params"]["jail_ms"] = JAIL_MS
    genesis.write_text(msgspec.toml.encode(document).decode(), encoding="utf-8")
    return plan


def configure(plan: NodePlan, entry: NodeEntry, addresses: Mapping[str, str]) -> None:
    """Give a node its configuration: peers at `addresses` (by name), JSON log, and what the manifest says."""
    document = msgspec.toml.decode(plan.config.read_text(encoding="utf-8"))
    for peer in document["network"]["peers"]:
        if peer["name"] in addresses:
            peer["address"] = addresses[peer["name"]]
    document["log"]["format"] = "json"
    if entry.join == "snapshot":
        document["sync"] = {"mode": "snapshot"}
    if entry.of is not None:
        document |= {"name": entry.of, "type": "authority", "validator": _key_of(plan, entry.of)}
    for table, keys in entry.config.items():
        document.setdefault(table, {}).update(keys)
    plan.config.write_text(msgspec.toml.encode(document).decode(), encoding="utf-8")


def _key_of(plan: NodePlan, validator: str) -> dict[str, str]:
    """Copy the key of a validator, and nothing that keeps two machines from signing with it; the section of the configuration."""
    for name in ("validator.json", "validator.password"):
        shutil.copy2(plan.folder.parent / validator / name, plan.folder / name)
    return {"keystore": "validator.json", "password_file": "validator.password"}


def run_nodes(manifest: Manifest, plan: NetworkPlan) -> dict[str, RunNode]:
    """The nodes of a manifest over their files, by name."""
    plans = {node.name: node for node in (*plan.nodes, *plan.observers)}
    return {
        entry.name: RunNode(
            entry, plans[entry.name], local_node(plans[entry.name]), Remote(plans[entry.name].url, ANSWER_S)
        )
        for entry in manifest.nodes
    }


