"""Runs a manifest: starts the network, loads and perturbs it, waits for its height, checks, stops it, reports.

A run that fails keeps its folder: configurations, data, logs, the manifest, the timeline and the report, and says how to run it again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import trio

from gridnode.primitives.errors import OperatorError
from tests.endtoend import checks
from tests.endtoend.clocks import Clock, compile_library
from tests.endtoend.follow import Follower
from tests.endtoend.load import Load
from tests.endtoend.manifest import Manifest, Perturbation, manifest_text
from tests.endtoend.nodes import RunNode, configure, run_nodes, write
from tests.endtoend.operators import Operators
from tests.endtoend.perturb import Perturber, mount_small_disk, timeline_row, unmount_small_disk
from tests.endtoend.relay import Relay

MEASURE_S = 1.0
AFTERMATH_BLOCKS = 3
"""Blocks that must come after everything is over, and before the chain is looked at."""


class RunFailed(Exception):
    """What was wrong, where everything is kept, and how to run it again."""

    def __init__(self, problems: list[str], folder: Path) -> None:
        command = f"{Path(sys.executable).name} -m tests.endtoend.run {folder / 'manifest.toml'}"
        lines = [*problems[:20], f"everything is kept in {folder}", f"again: {command}"]
        super().__init__("\n".join(lines))
        self.problems = problems
        self.folder = folder


class Run:
    """One run of a manifest."""

    def __init__(self, manifest: Manifest, folder: Path, tell: Callable[[str], None] = lambda _: None) -> None:
        """`folder` is new and keeps everything; `tell` is told what happens, for people. Raises OperatorError."""
        folder.mkdir(parents=True)
        (folder / "manifest.toml").write_text(manifest_text(manifest), encoding="utf-8")
        self.manifest = manifest
        self.folder = folder
        self.problems: list[str] = []
        self.report: dict[str, Any] = {}
        self._tell = tell
        self._plan = write(manifest, folder / "network")
        self.nodes = run_nodes(manifest, self._plan)
        self.follower = Follower(self.nodes)
        self.load = Load(manifest, self._plan, self.follower, self.nodes)
        self._relay = Relay({node.name: node.peer_port for node in self._plan.nodes})
        self.perturber = Perturber(self.nodes, self._relay, self.follower)
        self.operators = Operators(self._plan.folder / "keys", self.nodes, self.follower, self.perturber.is_held)
        self._disks = manifest.perturbed("disk_full")
        for name in manifest.perturbed("clock"):
            self.nodes[name].give_clock(Clock(compile_library(folder), folder / f"{name}.shift"))
        self._started_s = self._began_s = 0.0

    def __call__(self) -> dict[str, Any]:
        """Run it; the report. Raises RunFailed; OperatorError when it cannot even be set up."""
        for name in self._disks:
            mount_small_disk(self.nodes[name].data)
        try:
            trio.run(self._run)
        finally:
            for name in self._disks:
                unmount_small_disk(self.nodes[name].data)
        self.report["problems"] = self.problems
        (self.folder / "report.json").write_text(json.dumps(self.report, indent=1) + "\n", encoding="utf-8")
        if self.problems:
            raise RunFailed(self.problems, self.folder)
        return self.report

    async def _run(self) -> None:
        ports = await self._relay.listen(self.nodes)
        for node in self.nodes.values():
            addresses = {target: f"127.0.0.1:{port}" for (source, target), port in ports.items() if source == node.name}
            configure(node.plan, node.entry, addresses)
        try:
            with trio.move_on_after(self.manifest.patience_s) as patience:
                await self._live()
            if patience.cancelled_caught:
                self.problems.append(await self._where_it_stands())
        except* (OperatorError, AssertionError) as errors:
            self.problems += [str(error) for error in _leaves(errors)]
        finally:
            with trio.CancelScope(shield=True):
                for node in self.nodes.values():
                    await node.kill()
                    await node.remote.__aexit__(None, None, None)
            self._write_timeline()

    async def _live(self) -> None:
        async with trio.open_nursery() as world:
            world.start_soon(self._relay.run)
            self._started_s = trio.current_time()
            first = [node for node in self.nodes.values() if node.entry.join == "start"]
            for node in first:
                await node.start()
            for node in first:
                await node.local.ready()
            world.start_soon(self.follower.run)
            world.start_soon(self._watch)
            world.start_soon(self.operators.run)
            await self.follower.at(1)
            await self.load.prepare(self.folder / "day")
            supply = await checks.supplies(first[0].remote)
            await self._perform(world)
            self._tell("settling")
            await self.load.settle()
            while self._absent():
                await self.follower.grows(1)
            await self.follower.grows(AFTERMATH_BLOCKS)
            height = self.follower.height
            await checks.until_all_at(self.nodes, height)
            await self._check(height, supply)
            await self._stop()
            world.cancel_scope.cancel()

    async def _perform(self, world: trio.Nursery) -> None:
        """Load and perturbations, until the height is reached and all of them are over."""
        async with trio.open_nursery() as sending:
            sending.start_soon(self.load.run)
            async with trio.open_nursery() as events:
                self._began_s = trio.current_time()
                for node in self.nodes.values():
                    if node.entry.height:
                        events.start_soon(self._join, node)
                if self.manifest.in_turn:
                    events.start_soon(self._perturb_in_turn)
                else:
                    for one in self.manifest.perturbations:
                        events.start_soon(self._perturb, one)
                await self.follower.at(self.manifest.blocks)
            sending.cancel_scope.cancel()

    async def _perturb_in_turn(self) -> None:
        for one in self.manifest.perturbations:
            if one.second is not None:
                with trio.CancelScope() as waiting:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self._cancel_at_end, waiting)
                        await self._until_due(one)
                        nursery.cancel_scope.cancel()
                if self.follower.height >= self.manifest.blocks:
                    return
            await self._perturb(one)

    async def _cancel_at_end(self, scope: trio.CancelScope) -> None:
        await self.follower.at(self.manifest.blocks)
        scope.cancel()

    async def _join(self, node: RunNode) -> None:
        await self.follower.at(node.entry.height)
        self._tell(f"{node.name} joins")
        await node.start()
        await node.local.ready()
        await checks.until_all_at({node.name: node}, self.follower.height)

    async def _until_due(self, one: Perturbation) -> None:
        """Its time has come, and nobody is in jail for an earlier one: with the next one missing the chain of four would stand."""
        if one.height is not None:
            await self.follower.at(one.height)
        else:
            assert one.second is not None
            await trio.sleep_until(self._began_s + one.second)
        while set(self.follower.jailed()) - {*self.manifest.expect.idle, *filter(self.perturber.is_held, self.nodes)}:
            await self.follower.grows(1)

    async def _perturb(self, one: Perturbation) -> None:
        await self._until_due(one)
        self._tell(f"height {self.follower.height}: {one.text}")
        await self.perturber.perform(one)

    async def _watch(self) -> None:
        """Measure the processes; one that ends by itself ends the run."""
        while True:
            for node in self.nodes.values():
                node.measure()
                if node.wanted and node.exit_code is not None:
                    raise OperatorError(f"{node.name} ended by itself with exit code {node.exit_code}: {node.local.last_words(3)}")
            await trio.sleep(MEASURE_S)

    def _absent(self) -> list[str]:
        """Who has not taken part as it should by now, and since the last perturbation."""
        return checks.everyone_takes_part(
            self.manifest, self.follower, max((done.to_height for done in self.perturber.done), default=0)
        )

    async def _check(self, height: int, supply: dict[str, str]) -> None:
        follower, manifest = self.follower, self.manifest
        first = next(iter(self.nodes.values()))
        joins = [node.entry.height for node in self.nodes.values() if node.entry.height]
        rounds_wrong, rounds = checks.rounds_explained(follower, self.perturber.done, [0, *joins])
        self.problems += self.perturber.problems
        self.problems += await checks.same_headers(self.nodes, height)
        self.problems += await checks.validator_set(manifest, self.nodes)
        self.problems += checks.evidence_once(manifest, follower)
        self.problems += self._absent()
        self.problems += rounds_wrong
        self.problems += await checks.accounts_for_load(self.load, follower, first, supply)
        self.report = self._figures(height, rounds)

    async def _stop(self) -> None:
        """SIGTERM to all: each must end with exit code 0; then logs and measurements are looked at."""
        for node in self.nodes.values():
            node.wanted = False
        for node in self.nodes.values():
            code = await node.stop()
            if code != 0:
                self.problems.append(f"{node.name}: SIGTERM ended it with exit code {code}, expected 0")
        self.problems += checks.processes_bounded(self.nodes)
        self.problems += checks.began_from_snapshots(self.nodes)
        self.problems += checks.clean_logs(self.nodes, self._disks, bool(self.manifest.expect.convicted))

    def _figures(self, height: int, rounds: dict[str, int]) -> dict[str, Any]:
        follower, seconds = self.follower, trio.current_time() - self._started_s
        times = [block.time_ms for block in follower.blocks]
        pauses = sorted(after - before for before, after in pairwise(times))
        return {
            "name": self.manifest.name,
            "seed": self.manifest.seed,
            "height": height,
            "seconds": round(seconds, 1),
            "block_ms": {"p50": pauses[len(pauses) // 2], "max": pauses[-1]} if pauses else {},
            "perturbations": len(self.perturber.done),
            "recovery_s": self._recoveries(),
            "rounds": rounds,
            "transactions": {
                "signed": len(self.load.sent),
                "accepted": sum(sent.accepted for sent in self.load.sent.values()),
                "in_blocks": sum(key in follower.places for key in self.load.sent),
                "expired": sum(key not in follower.places for key in self.load.sent),
            },
            "proposals": dict(sorted(follower.proposals().items())),
            "signatures": dict(sorted(follower.signatures().items())),
            "unjailed": dict(sorted(self.operators.asked.items())),
            "starts": {node.name: node.starts for node in self.nodes.values()},
            "rss_mb": {node.name: node.worst.rss_bytes >> 20 for node in self.nodes.values()},
            "open_files": {node.name: node.worst.descriptors for node in self.nodes.values()},
        }

    def _recoveries(self) -> dict[str, Any]:
        """Seconds from the end of a perturbation until its nodes had every block and another one came: how many, middle, most."""
        by_kind: dict[str, list[float]] = {}
        for done in self.perturber.done:
            by_kind.setdefault(done.what.kind, []).append(round(done.recovered_s - done.ended_s, 1))
        return {
            kind: {"times": len(all_s), "p50": sorted(all_s)[len(all_s) // 2], "max": max(all_s)}
            for kind, all_s in sorted(by_kind.items())
        }

    async def _where_it_stands(self) -> str:
        rows = []
        for node in self.nodes.values():
            status = await node.status()
            keys = ("height", "round", "step", "signs", "syncing", "best_height", "peers")
            rows.append(f"{node.name} {'does not answer' if status is None else {key: status[key] for key in keys}}")
        missing = len(self.load.missing())
        rows += [*self._absent(), *self.operators.refusals[-3:]]
        return f"not over after {self.manifest.patience_s} s, {missing} transactions missing; " + "; ".join(rows)

    def _write_timeline(self) -> None:
        rows = [timeline_row(done, self._started_s) for done in self.perturber.done]
        (self.folder / "timeline.jsonl").write_text("".join(row + "\n" for row in rows), encoding="utf-8")


def new_folder(name: str, parent: Path) -> Path:
    """A folder for a run that does not exist yet."""
    return parent / f"{name}-{time.strftime('%Y%m%dT%H%M%S')}"


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [error]
