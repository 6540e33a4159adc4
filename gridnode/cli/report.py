"""gridnode report: evidence that a light client has left in a file, told to nodes, so that a block punishes who signed two chains."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gridnode.cli.ask import DEFAULT_API, AsJson, with_remote
from gridnode.cli.show import show

MOST_BYTES = 32 * 1024 * 1024
"""Of a file: three of the largest light blocks in hex, and what is told of them besides."""


def report(
    file: Annotated[Path, typer.Argument(help="Evidence of an attack, as `gridnode light` leaves it.")],
    api: Annotated[
        list[str] | None, typer.Option("--api", envvar="GRIDNODE_API", help="URL of a node to tell; may come more than once.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell nodes of an attack; exit code 1 when none of them takes it."""
    attack = read_attack(file)
    told = [(url, *tell(url, attack)) for url in api or [DEFAULT_API]]
    if as_json:
        show([{"api": url, "accused": rows, "error": problem or None} for url, rows, problem in told], True)
    else:
        show([row | {"api": url} for url, rows, _ in told for row in _plain(rows)], False)
    for url, _, problem in told:
        if problem and not as_json:
            print(f"gridnode: {url}: {problem}", file=sys.stderr)
    if all(problem for _, _, problem in told):
        raise typer.Exit(1)


def read_attack(file: Path) -> bytes:
    """The canonical bytes of the attack that a file tells of. Raises OperatorError."""
    from gridnode.primitives.errors import OperatorError

    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise OperatorError(f"{file}: cannot read the evidence: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise OperatorError(f"{file}: expected at most {MOST_BYTES} bytes")
    try:
        found = json.loads(content)["evidence"]
        return bytes.fromhex(found)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise OperatorError(f"{file}: expected what `gridnode light` leaves of an attack: an object with `evidence` in hex") from None


def tell(url: str, attack: bytes) -> tuple[list[dict[str, Any]], str]:
    """What the node at `url` makes of it: a row for each who is accused, or why it takes nothing."""
    from gridnode.client.remote import RemoteProblem

    try:
        return with_remote(url, lambda remote: remote.report_attack(attack)), ""
    except RemoteProblem as problem:
        return [], str(problem)


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"error": f"{row['error']['code']}: {row['error']['message']}" if row.get("error") else None} for row in rows]
