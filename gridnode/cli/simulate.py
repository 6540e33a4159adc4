"""gridnode simulate: the whole network on a virtual clock, in a bad world, with every promise checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridnode.primitives.errors import OperatorError

if TYPE_CHECKING:
    from gridnode.simulation.plan import Wish

PROGRESS_EVERY = 500
"""Seeds after which a long run says how far it is."""


def simulate(
    seed: Annotated[int, typer.Option(min=0, help="Draws everything; the same seed gives the same trace.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to run, from --seed on.")] = 1,
    validators: Annotated[int, typer.Option(min=1, max=16, help="How many validators.")] = 4,
    faults: Annotated[str, typer.Option(help="all, none, or some of delay,loss,repeat,partition,... with commas.")] = "all",
    heights: Annotated[int, typer.Option(min=1, help="Heights that every honest node reaches at least.")] = 6,
    byzantine: Annotated[
        int | None, typer.Option(min=0, help="How many validators lie; by default the seed draws at most f.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes, for more than one seed.")] = 1,
    trace: Annotated[Path | None, typer.Option(help="Where the trace of the seed goes.")] = None,
) -> None:
    """Simulate a network of validators; exit code 1 when a promise was broken, with the command that does it again."""
    from gridnode.simulation.plan import Wish, parse_faults

    wish = Wish(seed, validators, parse_faults(faults), heights, byzantine)
    if trace is not None and seeds > 1:
        raise OperatorError("--trace: expected one seed")
    broken = _many(wish, seeds, jobs) if seeds > 1 else _one(wish, trace)
    raise typer.Exit(int(broken))


def _one(wish: Wish, trace: Path | None) -> bool:
    from gridnode.simulation.run import simulate as run

    result = run(wish, keep_trace=trace is not None)
    plan = result.plan
    liars = ", ".join(f"V{number} ({', '.join(lies)})" for number, lies in plan.liars.items())
    typer.echo(f"powers {' '.join(map(str, plan.powers))}; liars: {liars or 'none'}")
    typer.echo(f"until {plan.heal_ms} ms: {', '.join(f'{fault} {percent}' for fault, percent in plan.percent.items()) or 'a good world'}")
    typer.echo(f"heights {' '.join(map(str, result.heights))} after {result.now_ms} ms of virtual time")
    if result.has_forked:
        typer.echo("a fork, and more than f of the validators are convicted")
    typer.echo(f"trace {result.trace_hash}")
    if trace is not None:
        try:
            trace.write_text("\n".join(result.trace) + "\n")
        except OSError as error:
            raise OperatorError(f"--trace: {trace}: {error.strerror}") from None
    if result.violation is not None:
        typer.echo(f"VIOLATED {result.violation}\n  {wish.command}")
    return result.violation is not None


def _many(wish: Wish, seeds: int, jobs: int) -> bool:
    from gridnode.simulation.campaign import Outcome, campaign

    def show(outcome: Outcome) -> None:
        if outcome.broken:
            typer.echo(f"VIOLATED {outcome.broken}\n  {outcome.wish.command}")
        done = outcome.wish.seed - wish.seed + 1
        if done % PROGRESS_EVERY == 0:
            typer.echo(f"{done} of {seeds} seeds", err=True)

    report = campaign(wish, range(wish.seed, wish.seed + seeds), jobs, show)
    typer.echo(f"{report.seeds} seeds, {report.heights} heights, {report.blocks} blocks stored by honest nodes, {report.forks} forks")
    typer.echo("drawn in seeds: " + ", ".join(f"{name} x{count}" for name, count in sorted(report.drawn.items())))
    typer.echo(f"{report.accused} times evidence of equivocation was told, {report.jailed} times somebody was jailed")
    typer.echo("lines of Algorithm 1: " + ", ".join(f"{line} x{count}" for line, count in sorted(report.rules.items())))
    if report.failed and report.failed[-1].wish.seed + 1 < wish.seed + seeds:
        after = report.failed[-1].wish.seed + 1
        typer.echo(f"stopped at the violation; the other seeds: --seed {after} --seeds {wish.seed + seeds - after}")
    typer.echo(f"{len(report.failed)} violations")
    return bool(report.failed)
