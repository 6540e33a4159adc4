"""A real network under attack: four validators as processes, a licensed node gone bad and strangers at full speed, on one machine.

    python -m bench.network_abuse [--seconds 60] [--quiet-seconds 15] [--nice 10]

The attackers (bench/attackers.py) are processes of their own. They are `nice`, because they would sit on other machines: what is measured
is what they make the nodes do, not that two cores are few. Meanwhile a client sends a transfer, waits for its block, and sends the next.
Prints one JSON object:
    blocks_per_second     before and during the attack
    slowest_block_ms      longest time between two blocks, by their own times, before and during
    finality_ms           of the client's transfers, p50 and p99, before and during
    resident_bytes        of each node: before, and the peak during the attack
    cpu_share             processor time of each node, as a share of one core, before and during
    taken                 of the licensed attacker at each node: messages and bytes read, faults, bans, held up, messages dropped
    validators            of each node: how many validators are linked to it, and the lowest score of one
    door                  of each node: connections by what became of them
    attackers             what they wrote, opened and lost
    in_sync               all nodes have the same block hash at the final height
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import trio

from gridnode.client.remote import Remote
from gridnode.client.wallet import Wallet
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount
from gridnode.replay.cast import derived_key
from gridnode.replay.network import LocalNetwork
from gridnode.replay.provision import NetworkPlan, write_network
from gridnode.replay.report import percentiles
from gridnode.replay.testnet import local_node

VALIDATORS = 4
SEED = 1
MTU_MS = 30_000
LEAD_MS = 60_000
SAMPLE_S = 0.2
START_S = 120
PAGE_BYTES = 4096
ROOT = Path(__file__).parents[1]


def now_ms() -> int:
    """Unix time in ms."""
    return time.time_ns() // 1_000_000


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def finality(remote: Remote, wallet: Wallet, target: Address) -> float:
    """Milliseconds from submitting a transfer to being told that it is in a block."""
    raw = wallet.sign([Transfer(target, Denomination.THB, Amount(1))], now_ms())
    started = time.perf_counter()
    row = (await remote.submit([raw], 60_000))[0]
    if row["status"] != "committed":
        raise SystemExit(f"a transfer was not committed: {row}")
    return round((time.perf_counter() - started) * 1000, 1)


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in the machine's memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


class Period:
    """What is measured while it lasts: heights, finality, memory, processor time."""

    def __init__(self, plan: NetworkPlan, remotes: Sequence[Remote], pids: Sequence[int]) -> None:
        self._remotes, self._pids = remotes, pids
        self._sender = Wallet(derived_key(SEED, "institution/MEA"), plan.chain_id)
        self._target = Wallet(derived_key(SEED, "institution/PEA"), plan.chain_id).address
        self.finality: list[float] = []
        self.peak = [0] * len(pids)
        self.rows: list[dict[str, Any]] = []
        self.cpu: list[float] = []
        self.seconds = 0.0

    async def run(self, seconds: float) -> None:
        """Measure for so long."""
        first = (await self._remotes[0].status())["height"]
        cpu, began = [cpu_seconds(pid) for pid in self._pids], trio.current_time()
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._sample)
                nursery.start_soon(self._probe)
        self.seconds = trio.current_time() - began
        spent = [cpu_seconds(pid) for pid in self._pids]
        self.cpu = [round((after - before) / self.seconds, 2) for before, after in zip(cpu, spent, strict=True)]
        last = (await self._remotes[0].status())["height"]
        self.rows = [await self._remotes[0].get(f"blocks/{height}") for height in range(first, last + 1) if height]

    async def _sample(self) -> None:
        while True:
            self.peak = [max(old, resident_bytes(pid)) for old, pid in zip(self.peak, self._pids, strict=True)]
            await trio.sleep(SAMPLE_S)

    async def _probe(self) -> None:
        while True:
            turn = len(self.finality) % len(self._remotes)
            self.finality.append(await finality(self._remotes[turn], self._sender, self._target))

    @property
    def blocks_per_second(self) -> float:
        """Blocks made while it lasted."""
        return round((len(self.rows) - 1) / self.seconds, 2)

    @property
    def slowest_block_ms(self) -> int:
        """Longest time between two blocks."""
        times = [row["header"]["time_ms"] for row in self.rows]
        return max((later - earlier for earlier, later in pairwise(times)), default=0)


def write_plan(folder: Path, plan: NetworkPlan, genesis_hash: str, options: argparse.Namespace) -> Path:
    """The attackers' plan: the spare node of the network is the licensed one gone bad."""
    path = folder / "attack.json"
    psk = (plan.folder / "network.key").read_text(encoding="utf-8").strip()
    targets = [
        {"host": "127.0.0.1", "port": node.peer_port, "key": node.node_keys.public_key.hex()} for node in plan.nodes
    ]
    path.write_text(
        json.dumps(
            {
                "psk": psk,
                "seed": plan.observer.node_keys.seed.hex(),
                "genesis_hash": genesis_hash,
                "targets": targets,
                "nice": options.nice,
            }
        ),
        encoding="utf-8",
    )
    return path


async def under_attack(remotes: Sequence[Remote], name: str) -> None:
    """Return when every node has heard of the licensed attacker, and of strangers that came to nothing."""
    with trio.fail_after(START_S):
        for remote in remotes:
            while not any(row["name"] == name and row["messages_in"] for row in await remote.get("peers")):
                await trio.sleep(SAMPLE_S)
            while not (await remote.status())["door"]["evicted"]:
                await trio.sleep(SAMPLE_S)


async def attacked(
    path: Path, period: Period, seconds: float, begun: Callable[[], Awaitable[None]]
) -> dict[str, Any]:
    """Measure `period` while the attackers are at it, from when `begun` says that they are; what they say of it."""
    said: dict[str, Any] = {}
    plan = json.loads(path.read_text(encoding="utf-8"))
    processes = []
    for who in ("licensed", "strangers"):
        own = path.with_name(f"{who}.json")
        own.write_text(json.dumps(plan | {"licensed": who == "licensed", "strangers": who == "strangers"}), encoding="utf-8")
        command = [sys.executable, "-m", "bench.attackers", str(own)]
        processes.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    try:
        await begun()
        await period.run(seconds)
    finally:
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                said |= json.loads(process.communicate(timeout=60)[0] or b"{}")
            process.kill()
    return said


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the network, first in peace."""
    plan = write_network(folder / "net", VALIDATORS, SEED, MTU_MS, now_ms(), LEAD_MS)
    nodes = [local_node(node) for node in plan.nodes]
    async with LocalNetwork(nodes):
        remotes = [Remote(node.url) for node in nodes]
        pids = [node.process.pid for node in nodes if node.process]
        before, during = Period(plan, remotes, pids), Period(plan, remotes, pids)
        await before.run(options.quiet_seconds)
        status = await remotes[0].status()
        path = write_plan(folder, plan, status["genesis_hash"], options)
        said = await attacked(
            path, during, options.seconds, lambda: under_attack(remotes, plan.observer.name)
        )
        height = min([(await remote.status())["height"] for remote in remotes])
        hashes = {(await remote.get(f"blocks/{height}"))["hash"] for remote in remotes}
        return {
            "seconds": options.seconds,
            "blocks_per_second": {"before": before.blocks_per_second, "during": during.blocks_per_second},
            "slowest_block_ms": {"before": before.slowest_block_ms, "during": during.slowest_block_ms},
            "finality_ms": {"before": percentiles(before.finality), "during": percentiles(during.finality)},
            "resident_bytes": [
                {"before": quiet, "peak": peak} for quiet, peak in zip(before.peak, during.peak, strict=True)
            ],
            "cpu_share": {"before": before.cpu, "during": during.cpu},
            "taken": [await _taken(remote, plan.observer.name) for remote in remotes],
            "validators": [await _validators(remote) for remote in remotes],
            "door": [(await remote.status())["door"] for remote in remotes],
            "attackers": said,
            "in_sync": len(hashes) == 1,
        }


async def _taken(remote: Remote, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = await remote.get("peers")
    row = next((row for row in rows if row["name"] == name), {})
    keys = ("messages_in", "bytes_in", "faults", "bans", "banned_for", "held_up_ms", "excess", "dropped")
    return {key: row.get(key) for key in keys}


async def _validators(remote: Remote) -> dict[str, int]:
    """Lowest score of a validator, and how many are linked."""
    rows: list[dict[str, Any]] = [row for row in await remote.get("peers") if row["validator"]]
    return {
        "lowest_score": min(row["score"] for row in rows),
        "linked": sum(row["direction"] != "none" for row in rows),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("seconds", 60), ("quiet-seconds", 15), ("nice", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridnode-bench-") as folder:
        print(json.dumps(trio.run(measure, options, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
