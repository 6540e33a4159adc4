"""Throughput and finality of a real network: validators as processes, signed transfers and orders through their REST APIs.

    python -m bench.testnet [--validators 4] [--rate 550] [--seconds 60] [--seed 1]

Prints one JSON object:
    offered_per_second     transactions submitted each second, four fifths transfers, one fifth order sheets of one entry
    committed_per_second   transactions committed, over the time from the first submission to the last commit
    blocks, lost_rounds    how many hold them, and how many rounds ended without a decision meanwhile
    dropped                accepted by a node and never committed, or refused
    in_sync                all nodes have the same block hash and state root at the final height
    light_finality_ms      p50 and p99 from submission to the answer that the transaction is in a block, one transfer at a time
    loaded_finality_ms     the same for probes sent while the load runs
    cpu_share              seconds of processor time of each node over the load, as a share of one core
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import trio

from gridnode.client.remote import Remote, RemoteProblem
from gridnode.client.wallet import Wallet
from gridnode.modules.market.messages import PlaceSheet
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import PointId
from gridnode.primitives.units import Amount
from gridnode.replay.cast import Cast, sheet_entry
from gridnode.replay.day import load_day
from gridnode.replay.driver import Driver, Progress
from gridnode.replay.intentions import Want, wants
from gridnode.replay.network import LocalNetwork
from gridnode.replay.provision import NetworkPlan, write_network
from gridnode.replay.report import percentiles
from gridnode.replay.rules import DSO_OF_ZONE, limits_micro
from gridnode.replay.testnet import DEFAULT_DAY, local_node

MTU_MS = 30_000
LEAD_MS = 60_000
BATCH_EVERY_S = 0.1
LIGHT_PROBES = 40
ORDER_SHARE = 5  # every fifth transaction is an order sheet
VALIDITY_MS = 590_000


def now_ms() -> int:
    """Unix time in ms."""
    return time.time_ns() // 1_000_000


def transactions(cast: Cast, plan: NetworkPlan, count: int) -> Iterator[bytes]:
    """Signed transactions of all participants in turn: transfers to the next one, and orders for the coming quarter hours."""
    people = cast.participants
    mtu = (now_ms() // plan.mtu_ms) - plan.first_mtu
    for number in range(count):
        who, other = people[number % len(people)], people[(number + 1) % len(people)]
        if number % ORDER_SHARE:
            message: Any = Transfer(other.wallet.address, Denomination.THB, Amount(1 + number))
        else:
            low, high = limits_micro(0)
            want = Want(mtu + 8 + number % 60, who.generates and number % 2 == 0, 100, low + number % (high - low))
            message = PlaceSheet(1_000 + number, PointId(who.point), (sheet_entry(want, plan.first_mtu),))
        yield who.wallet.sign([message], now_ms(), VALIDITY_MS)


async def finality(remote: Remote, wallet: Wallet, target: bytes) -> float:
    """Milliseconds from submitting a transfer to being told that it is in a block."""
    raw = wallet.sign([Transfer(target, Denomination.THB, Amount(1))], now_ms())
    started = time.perf_counter()
    row = (await remote.submit([raw], 30_000))[0]
    if row["status"] != "committed":
        raise SystemExit(f"a probe was not committed: {row}")
    return round((time.perf_counter() - started) * 1000, 1)


async def load(remotes: Sequence[Remote], raws: Sequence[bytes], rate: int) -> dict[str, int]:
    """Submit all at `rate` a second, in batches, to the nodes in turn; counts of refusals by code."""
    refused: dict[str, int] = {}
    size = max(1, round(rate * BATCH_EVERY_S))

    async def send(remote: Remote, batch: Sequence[bytes]) -> None:
        try:
            rows = await remote.submit(batch)
        except RemoteProblem as problem:
            refused[problem.code] = refused.get(problem.code, 0) + len(batch)
            return
        for row in rows:
            if row["status"] == "rejected":
                code = row["error"]["code"]
                refused[code] = refused.get(code, 0) + 1

    async with trio.open_nursery() as nursery:
        started = trio.current_time()
        for number, first in enumerate(range(0, len(raws), size)):
            await trio.sleep_until(started + number * BATCH_EVERY_S)
            nursery.start_soon(send, remotes[number % len(remotes)], raws[first : first + size])
    return refused


async def committed(remote: Remote, first: int, last: int) -> tuple[int, int]:
    """Transactions in the blocks from `first` to `last`, and rounds in which they were not decided."""
    rows = [await remote.get(f"blocks/{height}") for height in range(first, last + 1)]
    return sum(len(row["transactions"]) for row in rows), sum(row["commit"]["round"] for row in rows)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def drained(remotes: Sequence[Remote]) -> None:
    """Wait until no pool holds anything and all heights are equal."""
    with trio.fail_after(120):
        while True:
            rows = [await remote.status() for remote in remotes]
            if not any(row["pool_transactions"] for row in rows) and len({row["height"] for row in rows}) == 1:
                return
            await trio.sleep(0.2)


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the network and all measurements."""
    day = load_day(Path(str(files("gridnode.replay") / DEFAULT_DAY)))
    plan = write_network(folder, options.validators, options.seed, MTU_MS, now_ms(), LEAD_MS)
    nodes = [local_node(node) for node in plan.nodes]
    async with LocalNetwork(nodes):
        remotes = [Remote(node.url) for node in nodes]
        cast = Cast(day, options.seed, plan.chain_id, DSO_OF_ZONE)
        orders = wants(day, options.seed, limits_micro)
        driver = Driver(day, cast, orders, remotes, plan.first_mtu, plan.mtu_ms, Progress())
        await driver.register()
        giver, taker = cast.participants[0].wallet, cast.participants[1].wallet.address
        light = [await finality(remotes[number % len(remotes)], giver, taker) for number in range(LIGHT_PROBES)]
        raws = list(transactions(cast, plan, options.rate * options.seconds))
        await drained(remotes)
        before = (await remotes[0].status())["height"]
        cpu = [cpu_seconds(node.process.pid) for node in nodes if node.process]
        started = time.perf_counter()
        probes: list[float] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_probe, remotes[1 % len(remotes)], cast, probes, options.seconds)
            refused = await load(remotes, raws, options.rate)
        await drained(remotes)
        seconds = time.perf_counter() - started
        spent = [cpu_seconds(node.process.pid) for node in nodes if node.process]
        height = (await remotes[0].status())["height"]
        count, lost_rounds = await committed(remotes[0], before + 1, height)
        count -= len(probes)
        blocks = [await remote.get(f"blocks/{height}") for remote in remotes]
        return {
            "validators": options.validators,
            "offered_per_second": options.rate,
            "seconds": round(seconds, 1),
            "submitted": len(raws),
            "committed": count,
            "committed_per_second": round(count / seconds, 1),
            "blocks": height - before,
            "lost_rounds": lost_rounds,
            "dropped": len(raws) - count,
            "refused": refused,
            "in_sync": len({(block["hash"], block["header"]["state_root"]) for block in blocks}) == 1,
            "light_finality_ms": percentiles(light),
            "loaded_finality_ms": percentiles(probes),
            "cpu_share": [round((after - start) / seconds, 2) for start, after in zip(cpu, spent, strict=True)],
        }


async def _probe(remote: Remote, cast: Cast, probes: list[float], seconds: int) -> None:
    end = trio.current_time() + seconds - 2
    while trio.current_time() < end:
        probes.append(await finality(remote, cast.participants[2].wallet, cast.participants[3].wallet.address))
        await trio.sleep(0.5)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("validators", 4), ("rate", 550), ("seconds", 60), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridnode-bench-") as folder:
        print(json.dumps(trio.run(measure, options, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
