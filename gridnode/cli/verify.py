"""gridnode verify: is what this node stores what its blocks make of genesis?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridnode.cli.ask import AsJson
from gridnode.cli.places import DIFFERS, ConfigFile, DataFolder, GenesisFile, Progress

if TYPE_CHECKING:
    from gridnode.operations.reexecute import Verified


def verify(
    config: ConfigFile = None,
    data: DataFolder = None,
    genesis: GenesisFile = None,
    first: Annotated[
        int | None, typer.Option("--from", min=1, help="First block; those below are executed and nothing more.")
    ] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, help="Last block; the newest by default.")] = None,
    scratch: Annotated[
        Path | None, typer.Option(help="Folder for the scratch state; the system's temporary folder by default.")
    ] = None,
    snapshot: Annotated[
        Path | None, typer.Option(help="Folder of snapshots: begin from the newest of them and not from genesis.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Execute every block of a stopped node again and compare all that it stores; exit code 1 when something differs."""
    from gridnode.operations.place import place_of
    from gridnode.operations.verify import Wish, verify_place
    from gridnode.primitives.errors import OperatorError

    if scratch is not None and not scratch.is_dir():
        raise OperatorError(f"--scratch: {scratch}: no such folder")
    verified = verify_place(place_of(config, data, genesis), Wish(first, last, scratch, snapshot), Progress("block"))
    _show(verified, as_json)
    if verified.difference is not None:
        raise typer.Exit(DIFFERS)


def _show(verified: Verified, as_json: bool) -> None:
    found = verified.difference
    if as_json:
        import json

        told = {
            "verified": found is None,
            "from": verified.first,
            "to": verified.last,
            "transactions": verified.transactions,
            "state_compared": verified.whole,
            "difference": None if found is None else found.as_json(),
        }
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if found is None:
        rest = ", and the stored state and trees are theirs, row by row" if verified.whole else ""
        print(f"blocks {verified.first} to {verified.last} are as execution gives them ({verified.transactions} transactions){rest}")
        return
    from gridnode.operations.difference import lines

    print("\n".join(lines(found, "executed", "stored")))
