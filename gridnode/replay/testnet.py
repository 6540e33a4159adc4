"""The main job: a local network of validators trades one real day, from registration to settlement, and accounts for it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import trio
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from gridnode.client.remote import Remote
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.units import CO2_DECIMALS, THB_DECIMALS, format_amount
from gridnode.replay import picture
from gridnode.replay.cast import Cast
from gridnode.replay.day import Day, load_day
from gridnode.replay.driver import Driver, Progress
from gridnode.replay.intentions import wants
from gridnode.replay.network import LocalNetwork, LocalNode
from gridnode.replay.provision import NetworkPlan, NodePlan, write_network
from gridnode.replay.report import Figures, broken_promises, make_report
from gridnode.replay.rules import CAPACITY_WH, DSO_OF_ZONE, capacity_wh, limits_micro

LEAD_MS = 40_000
"""Between the first block and the day's first quarter hour: start-up, registration, the first sheets."""
SETTLE_TIMEOUT_S = 90.0
DEFAULT_DAY = "data/simbench_2016-06-22.csv"


@dataclass(frozen=True, slots=True)
class Played:
    """A day that was played."""

    first_mtu: int
    """Chain MTU of its quarter hour 0."""
    supply: int
    """THB (1e-9) on the chain before trading."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    validators: int = 4
    """How many, at least one; below four none may fail."""
    day: Path | None = None
    """CSV of the day; the shipped one when None."""
    folder: Path | None = None
    """Where the network lives; a temporary folder that is removed when None."""
    seed: int = 1
    """Draws keys and limit prices."""
    report: Path | None = None
    """Where the report goes, besides the folder."""
    picture: Path | None = None
    """Where the picture goes, PNG or SVG; beside the report when None."""
    keep: bool = False
    """Leave the network running until interrupted."""
    mtu_seconds: float = 5.0
    """Length of a quarter hour."""
    forecast_error: int = 10
    """How far the forecasts that participants trade by may be off, percent."""
    lines_percent: int = 100
    """Capacity of the lines between zones, percent of what they have."""


def run(options: Options, console: Console) -> dict[str, Any]:
    """Run the whole job; returns the report. Raises OperatorError when the day cannot be played or a promise is broken."""
    day = load_day(options.day or Path(str(files("gridnode.replay") / DEFAULT_DAY)))
    unknown = [zone for zone in day.zones if zone not in CAPACITY_WH]
    if unknown:
        raise OperatorError(
            f"the day has zones without a line: {', '.join(unknown)}; expected {', '.join(CAPACITY_WH)}"
        )
    if options.folder is not None:
        return trio.run(_run, options, options.folder, day, console)
    with tempfile.TemporaryDirectory(prefix="gridnode-testnet-") as folder:
        return trio.run(_run, options, Path(folder), day, console)


async def _run(options: Options, folder: Path, day: Day, console: Console) -> dict[str, Any]:
    started = time.monotonic()
    mtu_ms = round(options.mtu_seconds * 1000)
    now_ms = time.time_ns() // 1_000_000
    plan = await trio.to_thread.run_sync(
        partial(write_network, lines_percent=options.lines_percent),
        folder,
        options.validators,
        options.seed,
        mtu_ms,
        now_ms,
        LEAD_MS,
        day.quarters.start,
    )
    console.print(f"network [bold]{plan.chain_id}[/] in {folder}")
    nodes = [local_node(node) for node in plan.nodes]
    async with LocalNetwork(nodes), AsyncExitStack() as stack:
        remotes = {node.name: await stack.enter_async_context(Remote(node.url)) for node in nodes}
        console.print("validators " + ", ".join(f"{node.name} {node.url}" for node in nodes))
        report, figures = await _play(options, plan, day, remotes, started, console)
        wrong = broken_promises(report, figures, day, capacity_wh(options.lines_percent))
        _write(options, folder, report, figures, day, console)
        _show(report, wrong, console)
        if options.keep:
            console.print("the network stays up; interrupt to end it")
            await _until_interrupted()
    if wrong:
        raise OperatorError(f"{len(wrong)} promises are broken, the first: {wrong[0]}")
    return report


def local_node(plan: NodePlan) -> LocalNode:
    """The process-to-be of a planned node; its output goes to node.log in its folder."""
    return LocalNode(plan.name, plan.config, plan.url, plan.folder / "node.log")


async def _play(
    options: Options,
    plan: NetworkPlan,
    day: Day,
    remotes: dict[str, Remote],
    started: float,
    console: Console,
) -> tuple[dict[str, Any], Figures]:
    with Bar(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.completed:>3.0f}/{task.total:.0f} quarter hours"),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=console,
    ) as bar:
        task = bar.add_task("starting", total=day.quarters.stop, completed=day.quarters.start, detail="")

        def tell(progress: Progress) -> None:
            detail = f"{progress.transactions} transactions, {progress.orders} orders, {progress.readings} readings"
            bar.update(task, description=progress.phase, completed=progress.quarter, detail=detail)

        progress = Progress(tell)
        played = await play_day(plan, day, options.seed, remotes, progress, options.forecast_error)
    capacities, seconds = capacity_wh(options.lines_percent), time.monotonic() - started
    return await make_report(remotes, day, played.first_mtu, capacities, played.supply, progress, seconds)


async def play_day(
    plan: NetworkPlan,
    day: Day,
    seed: int,
    remotes: Mapping[str, Remote],
    progress: Progress,
    forecast_error: int = 0,
) -> Played:
    """Play the day on a running network, until all of it is settled.

    Raises OperatorError when the network does not keep up.
    """
    cast = Cast(day, seed, plan.chain_id, {zone: DSO_OF_ZONE[zone] for zone in day.zones})
    orders = wants(day, seed, limits_micro, forecast_error)
    driver = Driver(day, cast, orders, list(remotes.values()), plan.first_mtu, plan.mtu_ms, progress)
    await driver.register()
    supply, first_mtu = await _supply(remotes), driver.choose_day()
    if first_mtu != plan.first_mtu:
        progress.now("next day")
    await driver.trade()
    await _settled(remotes, first_mtu + day.quarters.stop)
    return Played(first_mtu, supply)


async def _supply(remotes: Mapping[str, Remote]) -> int:
    """THB on a chain that has every block that any validator has: a slow one may lack the last funding yet."""
    best = max([(await remote.status())["height"] for remote in remotes.values()])
    first = next(iter(remotes.values()))
    while (await first.status())["height"] < best:
        await trio.sleep(0.05)
    return int((await first.get("tokens"))["thb"]["supply"])


async def _settled(remotes: Mapping[str, Remote], mtu: int) -> None:
    """Wait until every validator has settled all MTUs before `mtu`."""
    with trio.move_on_after(SETTLE_TIMEOUT_S):
        for remote in remotes.values():
            while (await remote.get("energy/stats"))["settled_until_mtu"] < mtu:
                await trio.sleep(0.25)
        return
    raise OperatorError(f"the day was not settled within {SETTLE_TIMEOUT_S:.0f} s after its end")


def _write(
    options: Options, folder: Path, report: dict[str, Any], figures: Figures, day: Day, console: Console
) -> None:
    text = json.dumps(report, indent=1) + "\n"
    targets = [folder / "report.json"] + ([options.report] if options.report else [])
    for target in targets:
        target.write_text(text, encoding="utf-8")
    image = options.picture or (options.report or folder / "report.json").with_suffix(".png")
    energy = {zone: _zone_energy(day, zone) for zone in day.zones}
    picture.draw(image, figures, energy, capacity_wh(options.lines_percent))
    if options.report or options.keep or options.folder:
        console.print(f"report {targets[-1]}, picture {image}")


def _zone_energy(day: Day, zone: str) -> tuple[int, int]:
    meters = [meter for meter in day.meters if meter.zone == zone]
    made = sum(sum(meter.energy_wh) for meter in meters if meter.generates)
    used = sum(sum(meter.energy_wh) for meter in meters if not meter.generates)
    return made, used


def _show(report: dict[str, Any], wrong: Sequence[str], console: Console) -> None:
    table = Table(title="One real day, traded and settled", show_header=False)
    full = ", ".join(f"{zone} {count}" for zone, count in report["line_full_mtus"].items() if count) or "none"
    paid, saved = report["paid"], report["savings"]
    rows = (
        ("validators, height", f"{', '.join(report['validators'])} at {report['height']}"),
        ("state roots", "equal" if len(set(report["state_roots"].values())) == 1 else "DIFFERENT"),
        ("meters, readings", f"{report['meters']}, {report['readings']:,}"),
        (
            "generated, consumed",
            f"{report['generated_wh'] / 1000:,.3f} kWh, {report['consumed_wh'] / 1000:,.3f} kWh",
        ),
        ("GRID minted", report["minted_grid"]),
        ("orders, trades", f"{report['orders']:,}, {report['trades']:,}"),
        ("traded", f"{report['traded_wh'] / 1000:,.3f} kWh"),
        ("quarter hours with a full line", full),
        ("call auctions", f"{report['auctions']['held']}, {report['auctions']['volume_wh'] / 1000:,.3f} kWh"),
        ("congestion rent", _thb(report["auctions"]["rent"])),
        ("delivered to buyers", f"{report['settled_wh'] / 1000:,.3f} kWh"),
        ("imbalance at the tariff", f"{report['imbalance_wh'] / 1000:,.3f} kWh"),
        ("paid to sellers, for wheeling", f"{_round(paid['sales_thb'])}, {_round(paid['wheeling_thb'])}"),
        ("paid at the tariff, of it VAT", f"{_round(paid['lack_paid_thb'])}, {_round(paid['lack_vat_thb'])}"),
        ("paid for excess", _round(paid["excess_paid_thb"])),
        (
            "saved against the tariff",
            f"{_round(saved['total_thb'])}, {_round(saved['median_thb'])} in the middle",
        ),
        ("better off, worse off", f"{saved['better_off']}, {saved['worse_off']} of {saved['participants']}"),
        ("THB at start, at end", f"{_thb(report['thb_supply_start'])}, {_thb(report['thb_supply_end'])}"),
        ("carbon credits minted", format_amount(int(report["co2_minted"]), CO2_DECIMALS)),
        ("transactions, rejected", f"{report['transactions']:,}, {report['rejected'] or 'none'}"),
        (
            "finality p50, p99",
            f"{report['finality_ms']['p50']:.0f} ms, {report['finality_ms']['p99']:.0f} ms",
        ),
        ("seconds", str(report["seconds"])),
        ("promises", "all kept" if not wrong else f"[red]{len(wrong)} broken[/]"),
    )
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    for line in wrong[:20]:
        console.print(f"[red]broken:[/] {line}")


def _round(thb: str) -> str:
    """An exact amount, as people read it."""
    return f"{float(thb):,.2f} THB"


def _thb(amount: str) -> str:
    return format_amount(int(amount), THB_DECIMALS)


async def _until_interrupted() -> None:
    import signal

    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            return
