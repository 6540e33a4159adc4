"""gridnode diff: where do two nodes part?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridnode.cli.ask import AsJson
from gridnode.cli.places import DIFFERS

if TYPE_CHECKING:
    from gridnode.operations.diff import Compared

Which = "URL of a running node, or configuration file, folder or data folder of a stopped one."


def diff(
    left: Annotated[str, typer.Argument(metavar="A", help=Which)],
    right: Annotated[str, typer.Argument(metavar="B", help=Which)],
    genesis: Annotated[Path | None, typer.Option(help="Genesis file, for a data folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say where two nodes part: first block, transaction, receipt, row of the state; exit code 1 when they do."""
    import trio

    from gridnode.operations.diff import compare
    from gridnode.operations.sides import opened_side

    async def both() -> Compared:
        async with opened_side(left, genesis) as one, opened_side(right, genesis) as other:
            return await compare(one, other)

    compared = trio.run(both)
    _show(compared, left, right, as_json)
    if compared.differences:
        raise typer.Exit(DIFFERS)


def _show(compared: Compared, left: str, right: str, as_json: bool) -> None:
    if as_json:
        import json

        told = {
            "left": {"name": left, "height": compared.heights[0]},
            "right": {"name": right, "height": compared.heights[1]},
            "alike_to": compared.alike,
            "differences": [difference.as_json() for difference in compared.differences],
            "modules": list(compared.modules),
            "state": compared.state,
        }
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return
    from gridnode.operations.difference import lines

    print(f"{left}: block {compared.heights[0]}; {right}: block {compared.heights[1]}; the same up to block {compared.alike}")
    for difference in compared.differences:
        print("\n".join(lines(difference, left, right)))
    if compared.modules:
        print(f"modules with different roots: {', '.join(compared.modules)}")
    print(f"state: {compared.state}")
