"""gridnode doctor: whether a node may start, and what to do when it may not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gridnode.cli.ask import AsJson

REFUSED = 2


def doctor(
    config: Annotated[Path, typer.Option(help="Configuration file of the node.")],
    as_json: AsJson = False,
    rebuild_guard: Annotated[
        bool, typer.Option("--rebuild-guard", help="Begin a lost guard anew, above everything it may have signed.")
    ] = False,
) -> None:
    """Check all that a start needs, without starting: files, keys, chain, log, guard, disk, clock, ports. Exit code 2: it would fail."""
    from gridnode.node.checkup import check_up, refusals
    from gridnode.node.rebuild_guard import rebuild_guard as rebuild

    if rebuild_guard:
        height = rebuild(config)
        print(f"the guard signs nothing up to height {height}; the node raises that when it has caught up", file=sys.stderr)
    findings = check_up(config)
    if as_json:
        rows = [{"verdict": row.verdict, "check": row.check, "what": row.what, "do": row.do or None} for row in findings]
        print(json.dumps({"starts": not refusals(findings), "findings": rows}, indent=2, ensure_ascii=False))
    else:
        for row in findings:
            print(f"{row.verdict:8} {row.line}")
    if refusals(findings):
        raise typer.Exit(REFUSED)
