"""gridnode export and import: blocks in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridnode.cli.ask import AsJson
from gridnode.cli.places import ConfigFile, DataFolder, GenesisFile, Progress
from gridnode.cli.show import show


def export(
    out: Annotated[Path, typer.Option(help="File to write, e.g. blocks.grid; it must not exist.")],
    config: ConfigFile = None,
    data: DataFolder = None,
    genesis: GenesisFile = None,
    first: Annotated[int, typer.Option("--from", min=1, help="First block.")] = 1,
    last: Annotated[int | None, typer.Option("--to", min=1, help="Last block; the newest by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write final blocks of a stopped node to a file."""
    from gridnode.operations.export import export_blocks
    from gridnode.operations.place import place_of

    trailer = export_blocks(place_of(config, data, genesis), out, first, last, Progress("block"))
    told = {
        "file": str(out),
        "blocks": trailer.blocks,
        "from": first,
        "to": trailer.last,
        "last_block": trailer.block_hash.hex(),
        "bytes": out.stat().st_size,
    }
    show(told, as_json)


def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="File that `gridnode export` wrote.")],
    config: ConfigFile = None,
    data: DataFolder = None,
    genesis: GenesisFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring the blocks of a file into a stopped node; each is checked and executed. Goes on where the node stands."""
    from gridnode.operations.import_blocks import import_blocks
    from gridnode.operations.place import place_of

    done = import_blocks(place_of(config, data, genesis), source, Progress("block"))
    told = {
        "file": str(source),
        "from": done.first,
        "to": done.last,
        "known": done.known,
        "stored": done.stored,
        "height": done.height,
    }
    show(told, as_json)
