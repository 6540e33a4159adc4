"""gridnode debug: what those who look into a fault need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridnode.cli.ask import AsJson
from gridnode.cli.show import show

app = typer.Typer(help="What those who look into a fault need.", no_args_is_help=True)


@app.callback()
def _top() -> None:
    """What those who look into a fault need."""


@app.command()
def bundle(
    config: Annotated[Path, typer.Option(help="Configuration file of the node, whether it runs or not.")],
    out: Annotated[Path, typer.Option(help="Archive to write, e.g. node.tar.gz; it must not exist.")],
    api: Annotated[str | None, typer.Option(help="URL of the node; by default that of the configuration.")] = None,
    log: Annotated[Path | None, typer.Option(help="Its log, when it goes to standard error.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put configuration, log, consensus log, guard, stacks, peers and state into one archive, without any secret."""
    from gridnode.operations.bundle import make_bundle

    made = make_bundle(config, api, log, out)
    rows = [{"part": name, "bytes": len(content)} for name, content in made.parts.items()]
    show({"file": str(out), "bytes": out.stat().st_size, "missing": made.missing, "rows": rows}, as_json)
