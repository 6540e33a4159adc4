"""Validators as processes of their own: started, watched, killed and stopped; each known by its process id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trio

from gridnode.client.remote import Remote, RemoteProblem
from gridnode.primitives.errors import OperatorError

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
_POLL_S = 0.1


@dataclass(slots=True)
class LocalNode:
    """One node of a local network."""

    name: str
    """Its name in the genesis."""
    config: Path
    """Its configuration file."""
    url: str
    """Where its API answers."""
    log: Path
    """Where its output goes."""
    process: trio.Process | None = None
    """The running process, or None."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of its environment besides those of this process."""

    async def start(self) -> None:
        """Start the process; its output is appended to the log file."""
        with self.log.open("ab") as output:
            self.process = await trio.lowlevel.open_process(
                [sys.executable, "-m", "gridnode", "start", "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | self.environment,
            )

    async def ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until the API answers. Raises OperatorError with the end of the log when the process ends or the time is up."""
        with trio.move_on_after(timeout_s):
            async with Remote(self.url) as remote:
                while self.process is not None and self.process.returncode is None:
                    try:
                        await remote.status()
                        return
                    except RemoteProblem:
                        await trio.sleep(_POLL_S)
        raise OperatorError(f"node {self.name} did not come up; the end of {self.log}:\n{self.last_words()}")

    def last_words(self, lines: int = 12) -> str:
        """The last lines of the node's log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError as error:
            return str(error)

    async def kill(self) -> None:
        """SIGKILL, as a crash would be; returns when the process is gone."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        self.process = None

    async def stop(self) -> int:
        """SIGTERM and wait; the exit code. Kills when the process does not end in time."""
        process, self.process = self.process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            with trio.move_on_after(STOP_TIMEOUT_S):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        return int(process.returncode or 0)


class LocalNetwork:
    """All nodes of a local network; as a context manager it stops those that still run."""

    def __init__(self, nodes: Sequence[LocalNode]) -> None:
        self.nodes = tuple(nodes)

    async def __aenter__(self) -> LocalNetwork:
        """Start all nodes and wait until each answers."""
        try:
            for node in self.nodes:
                await node.start()
            for node in self.nodes:
                await node.ready()
        except BaseException:
            await self._stop_all()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop all nodes that run, also when cancelled."""
        await self._stop_all()

    async def _stop_all(self) -> None:
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                for node in self.nodes:
                    nursery.start_soon(node.stop)
