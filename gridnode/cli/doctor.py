"""gridnode doctor: whether a node may start, and what to do when it may not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gridnode.cli.ask import AsJson
from gridnode.primitives.errors import OperatorError

REFUSED = 2


def doctor(
    config: Annotated[Path, typer.Option(help="Configuration file of the node.")],
    as_json: AsJson = False,
    rebuild_guard: Annotated[
        bool, typer.Option("--rebuild-guard", help="Begin a lost guard anew, above everything it may have signed.")
    ] = False,
    signed_up_to: Annotated[
        int | None, typer.Option(min=0, help="Begin a lost guard: nothing above this height was signed, I know it; 0 for a new key.")
    ] = None,
) -> None:
    """Check all that a start needs, without starting: files, keys, chain, log, guard, disk, clock, ports. Exit code 2: it would fail."""
    from gridnode.node.checkup import check_up, refusals
    from gridnode.node.rebuild_guard import rebuild_guard as rebuild
    from gridnode.node.rebuild_guard import state_guard

    if signed_up_to is not None:
        if rebuild_guard:
            raise OperatorError("--rebuild-guard is for what is not known, --signed-up-to for what is: expected one of them")
        state_guard(config, signed_up_to)
        print(f"the guard signs from height {signed_up_to + 1} on, on your word", file=sys.stderr)
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
