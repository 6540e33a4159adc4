"""A local network of real processes: `gridnode start` on loopback, LevelDB on disk; started, killed and stopped by process id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from gridnode.replay.provision import NetworkPlan, NodePlan, write_network

T = TypeVar("T")
MTU_MS = 1_000
LEAD_MS = 20_000
SEED = 1
BASE_PORT = 11_000 + os.getpid() % 150 * 100
"""Each test run has ports of its own: while a node is down nobody else's network may take them."""
POLL_S = 0.05
PATIENCE_S = 60.0
"""How long a fact may take to become true on a machine that does other things too."""


def until(fact: Callable[[], T], what: str, seconds: float = PATIENCE_S) -> T:
    """The first true answer of `fact`; fails, saying `what` was awaited, when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = fact()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(POLL_S)


class NodeProcess:
    """One node of a network: its files, its process, its API."""

    def __init__(self, plan: NodePlan) -> None:
        self.plan = plan
        self.name = plan.name
        self.log = plan.folder / "node.log"
        # No connection outlives its answer: the process at its other end may be another one by the next.
        self._http = httpx.Client(
            base_url=plan.url + "/api/v1", timeout=30, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether its process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; its output is appended to its log."""
        self.start_with("-m", "gridnode")

    def start_with(self, *program: str | Path) -> None:
        """As `start`, with another program that takes the arguments of gridnode."""
        with self.log.open("ab") as output:
            command = [sys.executable, *map(str, program), "start", "--config", str(self.plan.config)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def alive(self) -> NodeProcess:
        """Itself; fails with its last words when its process has ended."""
        assert self.runs, f"{self.name} ended:\n{self.log.read_text()[-2000:]}"
        return self

    def ready(self) -> None:
        """Wait until its API answers."""
        until(lambda: self.alive().status() is not None, f"{self.name} answers")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, seconds: float = 20) -> int:
        """Exit code of the process, which must end in time."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL: nothing is said, flushed or closed."""
        if self.runs:
            self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def get(self, path: str, **parameters: Any) -> Any:
        """The `data` of a GET; the node must answer."""
        answer = self._http.get(path, params=parameters)
        assert answer.status_code == 200, f"{self.name} {path}: {answer.text}"
        return answer.json()["data"]

    def find(self, transaction_id: str, wait_ms: int = 0) -> dict[str, Any] | None:
        """A transaction that is in a block or waits in this node's pool, or None; the node waits for its block, at most `wait_ms`."""
        answer = self._http.get(f"transactions/{transaction_id}", params={"wait_ms": wait_ms})
        assert answer.status_code in (200, 404), answer.text
        return dict(answer.json()["data"]) if answer.status_code == 200 else None

    def status(self) -> dict[str, Any] | None:
        """What it says of itself, or None while it does not answer."""
        try:
            return dict(self.get("status"))
        except httpx.HTTPError:
            return None

    @property
    def height(self) -> int:
        """Height of its newest block; -1 while it does not answer."""
        status = self.status()
        return -1 if status is None else int(status["height"])

    @property
    def step(self) -> str:
        """Step of consensus that it is in; empty while it does not answer."""
        status = self.status()
        return "" if status is None else str(status["step"])

    def post(self, body: bytes) -> httpx.Response:
        """Submit msgpack transactions. Raises httpx.HTTPError when nobody listens."""
        return self._http.post("transactions", content=body, headers={"content-type": "application/msgpack"})

    def events(self) -> list[dict[str, Any]]:
        """All lines of its log, each one JSON object; a line cut short by SIGKILL is left out."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def until_event(self, name: str, behind: int = 0) -> dict[str, Any]:
        """Wait for the first such event behind so many lines of the log."""
        return until(
            lambda: next((row for row in self.alive().events()[behind:] if row["event"] == name), None),
            f"{self.name} says {name}",
        )


class Testnet:
    """Validators, and one observer that is not started by itself."""

    __test__ = False

    def __init__(self, plan: NetworkPlan) -> None:
        self.plan = plan
        self.validators = [NodeProcess(node) for node in plan.nodes]
        self.observer = NodeProcess(plan.observer)

    def __getitem__(self, name: str) -> NodeProcess:
        """A validator by name."""
        return next(node for node in self.validators if node.name == name)

    def start(self, nodes: Iterable[NodeProcess] | None = None) -> None:
        """Start those of `nodes` (all validators) that do not run; returns when each answers and the chain goes on."""
        chosen = self.validators if nodes is None else list(nodes)
        for node in chosen:
            if not node.runs:
                node.start()
        for node in chosen:
            node.ready()

    def goes_on(self, by: int = 2) -> None:
        """Wait until all running validators have `by` more blocks than the furthest of them has now."""
        running = [node for node in self.validators if node.runs]
        target = max(node.height for node in running) + by
        until(lambda: all(node.alive().height >= target for node in running), f"all at height {target}")

    def close(self) -> None:
        """End all processes at once."""
        for node in (*self.validators, self.observer):
            node.kill()


def write(folder: Path, validators: int = 4, first_quarter: int = 0, jails: bool = True) -> NetworkPlan:
    """A new network's files; its logs are JSON. Without `jails` nobody is jailed for turns that he missed while he was away."""
    now_ms = time.time_ns() // 1_000_000
    plan = write_network(folder, validators, SEED, MTU_MS, now_ms, LEAD_MS, first_quarter, BASE_PORT)
    if not jails:
        text = (genesis := plan.folder / "genesis.toml").read_text(encoding="utf-8")
        assert "misses_to_jail = 3" in text
        genesis.write_text(text.replace("misses_to_jail = 3", "misses_to_jail = 1000"), encoding="utf-8")
    for node in (*plan.nodes, plan.observer):
        text = node.config.read_text(encoding="utf-8")
        assert 'format = "text"' in text
        node.config.write_text(text.replace('format = "text"', 'format = "json"'), encoding="utf-8")
    return plan


@contextmanager
def running(folder: Path, validators: int = 4, jails: bool = True) -> Iterator[Testnet]:
    """A new network in `folder` that has made its first blocks; ended afterwards, whatever happens."""
    net = Testnet(write(folder, validators, jails=jails))
    try:
        net.start()
        net.goes_on()
        yield net
    finally:
        net.close()
