"""gridnode testnet: a local network of validators that trades a recorded day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridnode.primitives.errors import OperatorError


def play(
    validators: Annotated[int, typer.Option(min=1, max=16, help="Validators, each a process of its own.")] = 4,
    day: Annotated[
        Path | None, typer.Option(help="CSV of the day's meters; the shipped day of 755 meters by default.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Empty or new folder for the network; a temporary one, removed at the end, by default."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws keys and limit prices; the same seed plays the same day.")] = 1,
    report: Annotated[Path | None, typer.Option(help="Where the report (JSON) goes.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Where the picture goes, .png or .svg; beside the report by default.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the network running until interrupted.")] = False,
    mtu_seconds: Annotated[
        float, typer.Option(min=1.0, max=900.0, help="How long a quarter hour takes here, in seconds.")
    ] = 5.0,
    forecast_error: Annotated[
        int, typer.Option(min=0, max=100, metavar="PCT", help="How far the forecasts that participants trade by may be off.")
    ] = 10,
    lines: Annotated[
        int, typer.Option(min=1, max=100, metavar="PCT", help="Capacity of the lines between zones; less fills them sooner.")
    ] = 100,
) -> None:
    """Start a local network of validators, trade one real day on it, settle it and report."""
    if day is not None and not day.is_file():
        raise OperatorError(f"--day: {day}: no such file")
    for option, target in (("--report", report), ("--picture", picture)):
        if target is not None and not target.absolute().parent.is_dir():
            raise OperatorError(f"{option}: {target.absolute().parent}: no such folder")
    if picture is not None and picture.suffix not in (".png", ".svg"):
        raise OperatorError(f"--picture: {picture}: expected a name that ends in .png or .svg")
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OperatorError(f"--dir: {folder}: expected an empty or new folder")
    from rich.console import Console

    from gridnode.replay.testnet import Options, run

    options = Options(validators, day, folder, seed, report, picture, keep, mtu_seconds, forecast_error, lines)
    run(options, Console())
