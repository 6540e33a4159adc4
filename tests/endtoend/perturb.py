"""What is done to nodes: each kind of perturbation, begun, held and undone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trio

from gridnode.node.surroundings import LEAST_FREE_BYTES
from tests.endtoend.clocks import until_told
from tests.endtoend.follow import Follower
from tests.endtoend.manifest import Perturbation
from tests.endtoend.nodes import RunNode
from tests.endtoend.relay import Relay, both_ways, links_across, links_of
from tests.endtoend.twin import until_convicted

SMALL_DISK_BYTES = 2 * LEAST_FREE_BYTES
"""Size of the file system that a node lives on whose disk is to fill: room enough for a start, and a short chain needs little."""
BALLAST = "ballast"
BALLAST_CHUNK = 64 * 1024
KEPT_BY_WIPE = ("guard", "lease")
"""What an operator keeps of a data directory: what the key has signed last. Without it the key must not be used again."""
CLOCK_BLOCKS = 5
"""So many blocks the chain must make at least with a wrong clock, jump by jump."""
FULL_EXIT_CODE = 2
"""A full disk is for the operator to mend."""


@dataclass(slots=True)
class Done:
    """A perturbation that took place."""

    what: Perturbation
    """It."""
    began_s: float
    """When, seconds of the run's clock."""
    from_height: int
    """Height of the chain then."""
    ended_s: float = 0.0
    """When it was undone."""
    to_height: int = 0
    """Height of the chain then."""
    recovered_s: float = 0.0
    """When its nodes had all blocks again and another one came."""


@dataclass(slots=True)
class Perturber:
    """Performs perturbations on a network."""

    nodes: dict[str, RunNode]
    """All nodes by name."""
    relay: Relay | None
    """Their links; None when they have no relay between them."""
    follower: Follower
    """Says how high the chain is."""
    done: list[Done] = field(default_factory=list)
    """What took place, in order of beginning."""
    problems: list[str] = field(default_factory=list)
    """What did not end as it should have."""

    def is_held(self, name: str) -> bool:
        """Whether something is done to a node just now."""
        return any(name in done.what.nodes and not done.recovered_s for done in self.done)

    async def perform(self, what: Perturbation) -> None:
        """Do it, wait for its duration, undo it, wait until its nodes follow the chain again and it goes on."""
        done = Done(what, trio.current_time(), self.follower.height)
        self.done.append(done)
        nodes = [self.nodes[name] for name in what.nodes]
        await _KINDS[what.kind](self, nodes, what)
        done.ended_s, done.to_height = trio.current_time(), self.follower.height
        for node in nodes:
            await self.follower.follows(node.name, done.to_height)
        await self.follower.grows(1)
        done.recovered_s = trio.current_time()

    async def _kill(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        for node in nodes:
            await node.kill()
        await trio.sleep(what.duration_s)
        await self._start(nodes)

    async def _restart(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        for node in nodes:
            code = await node.stop()
            if code != 0:
                self.problems.append(f"{node.name}: SIGTERM ended it with exit code {code}, expected 0")
        await trio.sleep(what.duration_s)
        await self._start(nodes)

    async def _pause(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        for node in nodes:
            node.stopped = True
            node.signal(signal.SIGSTOP)
        try:
            await trio.sleep(what.duration_s)
        finally:
            for node in nodes:
                node.signal(signal.SIGCONT)
                node.stopped = False

    async def _cut(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        links = links_of(what.nodes, list(self.nodes))
        self._links.cut(links)
        await trio.sleep(what.duration_s)
        self._links.join(links)

    async def _partition(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        links = links_across(what.nodes, list(self.nodes))
        self._links.silence(both_ways(links), 1)
        await trio.sleep(what.duration_s)
        self._links.silence(both_ways(links), -1)

    async def _silence(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        ways = both_ways(links_of(what.nodes, list(self.nodes)))
        if what.direction == "in":
            ways = [way for way in ways if way[1] in what.nodes]
        elif what.direction == "out":
            ways = [way for way in ways if way[0] in what.nodes]
        self._links.silence(ways, 1)
        await trio.sleep(what.duration_s)
        self._links.silence(ways, -1)

    async def _slow(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        ways = both_ways(links_of(what.nodes, list(self.nodes)))
        self._links.slow(ways, what.delay_ms)
        await trio.sleep(what.duration_s)
        self._links.hasten(ways, what.delay_ms)

    async def _twin(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        """Second machines of a validator's key, until it is convicted; `twin` says how."""
        for node in nodes:
            assert node.entry.of is not None, "the manifest was checked"
            machines = [self.nodes[node.entry.of], node]
            ways = both_ways(links_of([machine.name for machine in machines], list(self.nodes)))
            self._links.slow(ways, what.delay_ms)
            await self._start([node])
            others = [other for other in self.nodes.values() if other.entry.of is None and other not in machines]
            await until_convicted(node.entry.of, machines, others, self.follower)
            self._links.hasten(ways, what.delay_ms)
        await trio.sleep(what.duration_s)

    async def _clock(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        """Wall clocks jump while the chain goes on, and the node and another one say whose clock it is, at each jump and not afterwards."""
        other = next(node for node in self.nodes.values() if node not in nodes and node.pid is not None)
        for ahead_ms in (*what.jumps_ms, 0):
            for node in nodes:
                assert node.clock is not None, "whoever made the run has given it one"
                node.clock.set_ms(ahead_ms)
            await self.follower.grows(CLOCK_BLOCKS)
            for node in nodes:
                await until_told(node.name, node.plan.url, ahead_ms)
                await until_told(node.name, other.plan.url, ahead_ms)
            if ahead_ms:
                await trio.sleep(what.duration_s)

    async def _wipe(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        for node in nodes:
            await node.kill()
            for path in sorted(node.data.iterdir()):
                if path.name in KEPT_BY_WIPE:
                    continue
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        await trio.sleep(what.duration_s)
        await self._start(nodes)

    async def _disk_full(self, nodes: Sequence[RunNode], what: Perturbation) -> None:
        """The disk fills; the node must end by itself, cleanly and saying why, and come back when there is room."""
        for node in nodes:
            node.wanted = False  # it may end now, and must
            _fill(node.data)
            process = node.local.process
            assert process is not None
            code = await process.wait()
            told = _last_line(node.local.log)
            if code != FULL_EXIT_CODE or "No space left on device" not in told:
                self.problems.append(f"{node.name}: a full disk ended it with exit code {code} and: {told}")
        await trio.sleep(what.duration_s)
        for node in nodes:
            (node.data / BALLAST).unlink()
        await self._start(nodes)

    @property
    def _links(self) -> Relay:
        assert self.relay is not None, "this network's links have no relay"
        return self.relay

    async def _start(self, nodes: Sequence[RunNode]) -> None:
        for node in nodes:
            await node.start()
        for node in nodes:
            await node.local.ready()


_KINDS: dict[str, Callable[[Perturber, Sequence[RunNode], Perturbation], Awaitable[None]]] = {
    "kill": Perturber._kill,
    "restart": Perturber._restart,
    "pause": Perturber._pause,
    "cut": Perturber._cut,
    "silence": Perturber._silence,
    "partition": Perturber._partition,
    "slow": Perturber._slow,
    "wipe": Perturber._wipe,
    "disk_full": Perturber._disk_full,
    "clock": Perturber._clock,
    "twin": Perturber._twin,
}


def mount_small_disk(folder: Path) -> None:
    """Put a small file system of its own under a folder. Raises OSError without the right to."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES},mode=0755", "gridnode-small-disk", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise OSError(f"cannot mount a small file system under {folder}: {ended.stderr.strip()}")


def unmount_small_disk(folder: Path) -> None:
    """Take it away again."""
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def _fill(folder: Path) -> None:
    """Leave no room on the file system of a folder, which must be a small one."""
    room = os.statvfs(folder)
    assert room.f_blocks * room.f_frsize <= SMALL_DISK_BYTES, f"{folder} is on no small disk"
    with (folder / BALLAST).open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(BALLAST_CHUNK))
        except OSError:
            return


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return next((line for line in reversed(lines) if not line.startswith("{")), lines[-1] if lines else "")


def timeline_row(done: Done, started_s: float) -> str:
    """A perturbation that took place as one line of JSON."""
    return json.dumps(
        {
            "what": done.what.text,
            "began_s": round(done.began_s - started_s, 2),
            "ended_s": round(done.ended_s - started_s, 2),
            "recovered_s": round(done.recovered_s - started_s, 2),
            "from_height": done.from_height,
            "to_height": done.to_height,
            "written_ms": time.time_ns() // 1_000_000,
        }
    )
