"""gridnode verify-clearing: check what the market did in a block, from blocks alone, without trust in the node that hands them out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson

if TYPE_CHECKING:
    from gridnode.audit.findings import Finding
    from gridnode.cli.audits import Audited

REFUSED = 1
HASH_DIGITS = 64


def verify_clearing(
    height: Annotated[int, typer.Argument(min=1, help="Block to verify.")],
    to: Annotated[str | None, typer.Option(help="Verify the blocks from HEIGHT to this one; `latest` for all there are.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration of a node that does not run: read its data instead of asking a node.")
    ] = None,
    genesis: Annotated[
        Path | None, typer.Option(help="Genesis file that you trust; without it the node's own is believed.")
    ] = None,
    trusted_hash: Annotated[
        str | None, typer.Option(help="Hash of the last block, in hex, from a source that you trust.")
    ] = None,
    certificates_only: Annotated[
        bool, typer.Option("--certificates-only", help="Check the call auctions of the blocks alone, without those before.")
    ] = False,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Check every fill and every call auction of a block from block data alone; exit code 1 when something is wrong."""
    from gridnode.cli.audits import Asked, of_node, of_store

    asked = Asked(height, _last(height, to), _hash(trusted_hash), certificates_only)
    trusted = None
    if genesis is not None:
        from gridnode.node.genesis_file import load_genesis

        trusted = load_genesis(genesis)
    audited = of_store(config, trusted, asked) if config is not None else of_node(api, trusted, asked)
    _show(audited, as_json)
    if audited.report.findings:
        raise typer.Exit(REFUSED)


def _last(height: int, text: str | None) -> int | None:
    """The last block asked for; None for the latest."""
    from gridnode.primitives.errors import OperatorError

    if text == "latest":
        return None
    if text is None:
        return height
    last = int(text) if text.isascii() and text.isdigit() else 0
    if last < height:
        raise OperatorError(f"--to: expected `latest` or a height of at least {height}, got {text!r:.80}")
    return last


def _hash(text: str | None) -> bytes | None:
    from gridnode.primitives.errors import OperatorError

    if text is None:
        return None
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(text) != HASH_DIGITS or len(found) != HASH_DIGITS // 2:
        raise OperatorError(f"--trusted-hash: expected {HASH_DIGITS} hex digits, got {text!r:.80}")
    return found


def _show(audited: Audited, as_json: bool) -> None:
    report = audited.report
    if as_json:
        import json

        print(json.dumps(_as_json(audited), indent=2))
        return
    print(report)
    for finding in report.findings:
        print(finding)
    whose = "that you trust" if audited.genesis_trusted else "as the node says; --genesis takes the one that you trust"
    print(f"genesis {audited.genesis_hash.hex()}, {whose}")


def _as_json(audited: Audited) -> dict[str, Any]:
    report = audited.report
    return {
        "verified": not report.findings,
        "blocks": report.blocks,
        "fills": report.fills,
        "auctions": report.auctions,
        "auction_trades": report.awards,
        "endings": report.endings,
        "genesis_hash": audited.genesis_hash.hex(),
        "genesis_trusted": audited.genesis_trusted,
        "findings": [_finding(finding) for finding in report.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "height": finding.height,
        "fault": finding.fault.value,
        "mtu": finding.mtu,
        "order": finding.order,
        "trade": finding.trade,
        "text": finding.text,
    }
