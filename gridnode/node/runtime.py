"""A running node: one nursery with everything in it, from the first listener to the last synced write.

SIGINT and SIGTERM end it cleanly: the API finishes what is under way, then peers, consensus and sync are cancelled, then log, guard and
database are closed. From the first signal on, further ones are ignored until the process is gone. An error of one task ends the node
the same way and is raised.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from gridnode.node.assemble import Node, assemble
from gridnode.node.begin import begin_from_snapshot
from gridnode.node.checkup import check_up, refusals
from gridnode.node.config import Config, load_config
from gridnode.node.findings import Verdict
from gridnode.node.log import Log, start_logging
from gridnode.node.skews import EVERY_MS
from gridnode.node.stacks import write_stacks_on_signal
from gridnode.node.standby import Standby
from gridnode.node.version import node_version
from gridnode.primitives.errors import OperatorError
from gridnode.signer.remote import RemoteKey

FLUSH_S = 0.02
"""Transactions wait so long for company before they are gossiped."""
Serve = Callable[[Node, trio.Event], Awaitable[None]]
_log = Log("node")


def prepare(config_path: Path) -> tuple[Config, Path]:
    """Config of a file and the folder its paths are relative to; starts the log. Raises OperatorError."""
    if sys.flags.optimize:
        raise OperatorError("gridnode does not run under python -O: its assertions hold the chain together")
    config = load_config(config_path)
    folder = config_path.resolve().parent
    log_file = folder / config.log.file if config.log.file else None
    start_logging(config.name, config.log.level, config.log.format, log_file)
    return config, folder


def run_node(config_path: Path, serve: Serve) -> None:
    """Run the node of a configuration file until a signal ends it.

    serve    the API: called with the node and an event that is set when the node stops.

    Raises OperatorError (several in a group) for what the operator can mend, InvariantBroken when the node's own rules do not hold.
    """
    config, folder = prepare(config_path)
    _examine(config_path)
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    gc.enable()
    trio.run(_run, config, folder, serve)


def _examine(config_path: Path) -> None:
    """The checkup before anything is written. Raises OperatorError, several of them in a group: one for each problem."""
    findings = check_up(config_path)
    problems = [OperatorError(finding.line) for finding in refusals(findings)]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ExceptionGroup("the node does not start", problems)
    for finding in findings:
        if finding.verdict is Verdict.WARNING:
            _log.warning("checkup", check=finding.check, what=finding.what, do=finding.do or None)


async def _run(config: Config, folder: Path, serve: Serve) -> None:
    stopping = _stopped_by_signals()
    if config.sync.mode == "snapshot":
        await begin_from_snapshot(config, folder, stopping)
        if stopping.is_set():
            return
    node = assemble(config, folder)
    try:
        write_stacks_on_signal(folder / config.data_dir)
        _log.info("starting", version=node_version(), type=config.type, chain=node.store.chain_id, height=node.store.height)
        await _live(node, serve, stopping)
    finally:
        node.close()
        _log.info("stopped", height=node.store.height)


async def _live(node: Node, serve: Serve, stopping: trio.Event) -> None:
    async with trio.open_nursery() as work:
        port = await work.start(node.network.run)
        _log.info("listening for peers", port=port)
        work.start_soon(node.ingress.take_in)
        work.start_soon(_gossip, node)
        work.start_soon(node.loop.run)
        if isinstance(node.signer, RemoteKey):
            work.start_soon(node.signer.run)
        if node.standby is not None:
            work.start_soon(_stand_by, node, node.standby)
        work.start_soon(node.keeper.run)
        if node.pruner is not None:
            work.start_soon(node.pruner.run)
        work.start_soon(node.catch_up.run, bool(node.config.network.peers))
        work.start_soon(_ask_clocks, node)
        await serve(node, stopping)
        work.cancel_scope.cancel()


def _stopped_by_signals() -> trio.Event:
    """An event that the first SIGINT or SIGTERM sets, from now to the end of the process; later ones are ignored.

    trio's own receiver gives the signals back to the interpreter when it is left, and so the last part of the way out to their mercy.
    """
    stopping, token = trio.Event(), trio.lowlevel.current_trio_token()

    def stop(number: int, _frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        token.run_sync_soon(_log_and_set, stopping, signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _log_and_set(stopping: trio.Event, name: str) -> None:
    _log.info("stopping", signal=name)
    stopping.set()


async def _stand_by(node: Node, standby: Standby) -> None:
    """Look once a second whether the other machine of a pair still signs, and take the lease when it does not."""
    while True:
        await trio.sleep(1)
        if node.engine.height and not node.catch_up.syncing and standby.is_due():
            raw = await standby.taken()
            if raw is not None:
                for result in await node.intake.submit([raw]):
                    standby.answered(result.rejected)


async def _ask_clocks(node: Node) -> None:
    """Ask the peers, one after the other, what their clocks say."""
    while True:
        for peer in node.network.connected():
            await node.skews.ask(peer)
        await trio.sleep(EVERY_MS / 1000)


async def _gossip(node: Node) -> None:
    """Tell the peers what was submitted here; while there are none it waits, for they are told once."""
    while True:
        await trio.sleep(FLUSH_S)
        if node.network.connected():
            for message in node.outbox.flush():
                node.network.publish(message)

