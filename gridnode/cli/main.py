"""The tree of commands, and which error ends with which exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import typer

from gridnode.cli import (
    debug,
    diff,
    doctor,
    explain,
    keys,
    lease,
    light,
    mend,
    move_blocks,
    operate,
    query,
    query_certificates,
    query_market,
    report,
    signer,
    simulate,
    snapshot,
    testnet,
    tx,
    tx_certificates,
    tx_market,
    tx_validators,
    verify,
    verify_clearing,
    why,
)
from gridnode.primitives.errors import OperatorError

REFUSED = 1
WRONG = 2
INTERRUPTED = 130

app = typer.Typer(
    name="gridnode",
    help="A permissioned blockchain node for peer-to-peer energy trading.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(operate.init)
app.command()(operate.start)
app.command()(operate.status)
app.command()(doctor.doctor)
app.command()(signer.signer)
app.command(name="testnet")(testnet.play)
app.command()(simulate.simulate)
app.command()(explain.explain)
app.command()(verify.verify)
app.command()(why.why)
app.command()(diff.diff)
app.command()(mend.rollback)
app.command()(mend.reset)
app.command()(move_blocks.export)
app.command(name="import")(move_blocks.import_)
app.command(name="verify-clearing")(verify_clearing.verify_clearing)
app.command()(light.light)
app.command()(report.report)
app.add_typer(debug.app, name="debug")
app.add_typer(keys.app, name="keys")
app.add_typer(lease.app, name="lease")
tx.app.add_typer(tx_market.app)
tx.app.add_typer(tx_certificates.app)
tx.app.add_typer(tx_validators.app)
query.app.add_typer(query_market.app)
query.app.add_typer(query_certificates.app)
app.add_typer(snapshot.app, name="snapshot")
app.add_typer(tx.app, name="tx")
app.add_typer(query.app, name="query")


def _show_version(asked: bool) -> None:
    if asked:
        from gridnode.node.version import node_version

        typer.echo(node_version())
        raise typer.Exit


@app.callback()
def _top(
    _version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Say which version."),
) -> None:
    """A permissioned blockchain node for peer-to-peer energy trading."""


def main() -> None:
    """Run the command that `sys.argv` names and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command; returns its exit code."""
    if sys.flags.optimize:
        return _say("gridnode does not run under python -O: its assertions hold the chain together", WRONG)
    try:
        app(arguments, prog_name="gridnode")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        code = _code_of(error)
        if code is None:
            raise
        return code
    return 0


def _code_of(error: BaseException) -> int | None:
    """Exit code of an error that has one, told in one line; None for one that nobody foresaw."""
    from gridnode.client.remote import RemoteProblem

    known = list(_leaves(error))
    wrong = [leaf for leaf in known if isinstance(leaf, OperatorError)]
    for fault in wrong:
        _say(str(fault), WRONG)
    if wrong:
        return WRONG
    for leaf in known:
        if isinstance(leaf, RemoteProblem):
            return _say(str(leaf), REFUSED)
    if known and all(isinstance(leaf, KeyboardInterrupt) for leaf in known):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    return None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group of any depth, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _say(line: str, code: int) -> int:
    print(f"gridnode: {line}", file=sys.stderr)
    return code
