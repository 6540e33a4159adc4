"""gridnode signer: the consensus key in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def signer(
    keystore: Annotated[Path, typer.Option(help="Keystore of the consensus key.")],
    password_file: Annotated[Path, typer.Option(help="File whose first line is its password.")],
    guard: Annotated[Path, typer.Option(help="Folder of the guard: what was signed last. Never copy, restore or delete it.")],
    socket: Annotated[Path, typer.Option(help="Socket to listen at; in a folder that nobody else can write to.")],
    chain_id: Annotated[str, typer.Option(help="The one chain that is signed for.")],
    log_format: Annotated[str, typer.Option(help="text or json: how events are written to standard error.")] = "text",
    signed_up_to: Annotated[
        int | None, typer.Option(min=0, help="Begin the guard: nothing above this height was signed, I know it; 0 for a new key.")
    ] = None,
) -> None:
    """Hold a consensus key, and sign for one node that asks over a Unix socket; until SIGINT or SIGTERM."""
    from gridnode.node.run_signer import SignerPlan, run_signer

    run_signer(SignerPlan(keystore, password_file, guard, socket, chain_id, log_format, signed_up_to))
