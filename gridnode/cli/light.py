"""gridnode light: a header, or a row of the state, verified by signatures alone, without a node of one's own and without trust in any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson

if TYPE_CHECKING:
    from gridnode.cli.light_session import Beginning

HASH_DIGITS = 64
MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def light(
    trust: Annotated[str | None, typer.Option(help="Block to trust, HEIGHT:HASH, from people you trust.")] = None,
    genesis: Annotated[Path | None, typer.Option(help="Genesis file to trust instead.")] = None,
    api: Api = DEFAULT_API,
    witness: Annotated[
        list[str] | None, typer.Option(help="API of another node, that headers are compared with. May come more than once.")
    ] = None,
    height: Annotated[int | None, typer.Option(min=1, help="Height to verify; the newest when not given.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with every new block until interrupted.")] = False,
    account: Annotated[str | None, typer.Option(help="Account whose balances are proven too.")] = None,
    key: Annotated[str | None, typer.Option(help="State key, in hex, whose row is proven too.")] = None,
    trusting_period: Annotated[
        str | None,
        typer.Option(
            help="How old a trusted block may be: a number with s, m, h or d; less than the chain takes evidence. "
            "Two thirds of that when not given, a week at most."
        ),
    ] = None,
    store: Annotated[Path | None, typer.Option(help="Folder in which verified blocks are kept for the next time.")] = None,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Whether the nodes asked are told of an attack, so that a block punishes it.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Verify a header from a block that you trust, compare it with witnesses, and print it; exit code 1 when anybody lies."""
    from gridnode.cli.light_session import Wanted, run
    from gridnode.primitives.errors import OperatorError

    if follow and (height is not None or account is not None or key is not None):
        raise OperatorError("--follow: expected neither --height, --account nor --key beside it")
    if height is not None and (account is not None or key is not None):
        raise OperatorError("--height: a node proves rows of its newest state only; leave it out with --account or --key")
    wanted = Wanted(api, tuple(witness or ()), height or 0, account, _key(key), follow, report, as_json)
    if not run(_beginning(trust, genesis, store), wanted, 0 if trusting_period is None else _duration_ms(trusting_period)):
        raise typer.Exit(1)


def _beginning(trust: str | None, genesis: Path | None, store: Path | None) -> Beginning:
    from gridnode.cli.light_session import Beginning
    from gridnode.primitives.errors import OperatorError

    if trust is not None and genesis is not None:
        raise OperatorError("expected one of --trust and --genesis, got both")
    if trust is None and genesis is None and store is None:
        raise OperatorError("expected something to trust: --trust HEIGHT:HASH, --genesis FILE, or a --store of before")
    if genesis is not None:
        from gridnode.node.genesis_file import load_genesis

        return Beginning(load_genesis(genesis), None, store)
    return Beginning(None, None if trust is None else _trusted(trust), store)


def _trusted(text: str) -> tuple[int, bytes]:
    from gridnode.primitives.errors import OperatorError

    height, _, digits = text.partition(":")
    try:
        block_hash = bytes.fromhex(digits)
    except ValueError:
        block_hash = b""
    is_height = height.isascii() and height.isdigit() and 0 < int(height[:20]) < 2**63
    if not is_height or len(digits) != HASH_DIGITS or len(block_hash) != HASH_DIGITS // 2:
        raise OperatorError(f"--trust: expected HEIGHT:HASH, the hash of {HASH_DIGITS} hex digits, got {text!r:.100}")
    return int(height), block_hash


def _key(text: str | None) -> bytes | None:
    from gridnode.primitives.errors import OperatorError

    if text is None:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not key or 2 * len(key) != len(text):
        raise OperatorError(f"--key: expected a state key in hex, got {text!r:.80}")
    return key


def _duration_ms(text: str) -> int:
    from gridnode.primitives.errors import OperatorError

    number, unit = text[:-1], text[-1:]
    if unit not in MS or not (number.isascii() and number.isdigit()) or not 0 < int(number[:9]) == int(number or 0):
        raise OperatorError(f"--trusting-period: expected a number above 0 with s, m, h or d, such as 7d, got {text!r:.40}")
    return int(number) * MS[unit]
