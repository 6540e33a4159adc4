"""gridnode rollback and reset: a stopped node goes back a block, or begins anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gridnode.cli.ask import AsJson
from gridnode.cli.places import ConfigFile, DataFolder, GenesisFile
from gridnode.cli.show import show

WARNING = (
    "--forget-guard removes the record of what this validator signed last. If the key has signed anything at a height that the chain has "
    "not passed, it may now sign against itself, and that is punished as equivocation. There is no need for it unless the key is new."
)


def rollback(
    config: ConfigFile = None, data: DataFolder = None, genesis: GenesisFile = None, as_json: AsJson = False
) -> None:
    """Take a stopped node back one block; the block is written to a file first, and syncs again from the peers."""
    from gridnode.operations.place import place_of
    from gridnode.operations.rollback import rollback as take_back

    done = take_back(place_of(config, data, genesis))
    told = {
        "taken_back": done.height,
        "hash": done.block_hash.hex(),
        "height": done.height - 1,
        "state_root": done.state_root.hex(),
        "block_file": str(done.file),
    }
    show(told, as_json)


def reset(
    config: Annotated[Path, typer.Option(help="Configuration file of the node, which must not run.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    forget_guard: Annotated[
        bool, typer.Option("--forget-guard", help="Remove the sign guard, too. Read the warning.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove chain, consensus log and snapshots of a stopped node, which then syncs anew. Keys and sign guard stay."""
    from gridnode.node.config import load_config
    from gridnode.operations.reset import removals
    from gridnode.operations.reset import reset as remove
    from gridnode.primitives.errors import OperatorError

    data = config.resolve().parent / load_config(config).data_dir
    found = removals(data, forget_guard)
    if forget_guard:
        print(f"warning: {WARNING}", file=sys.stderr)
    if found and not yes:
        if not sys.stdin.isatty():
            raise OperatorError("reset: expected --yes, or a terminal to ask on")
        for removal in found:
            print(f"{removal.path}: {removal.size_bytes} bytes", file=sys.stderr)
        if not typer.confirm("Remove all of this?", err=True):
            raise OperatorError("reset: nothing was removed")
    done = remove(data, forget_guard)
    rows = [{"removed": str(removal.path), "bytes": removal.size_bytes} for removal in done]
    show({"data": str(data), "guard": "removed" if forget_guard else "kept", "rows": rows}, as_json)
