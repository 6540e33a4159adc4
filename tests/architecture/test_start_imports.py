"""What `gridnode start` and `gridnode --help` import: while python reads, a validator that was killed does not vote."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

START = """
import gridnode.cli.main, gridnode.cli.operate
from gridnode.node.runtime import run_node
from gridnode.network.config import NetworkConfig
from gridnode.network.network import Handlers, Network

async def answer(peer, kind, payload):
    return payload

handlers = Handlers(lambda *_: None, lambda *_: None, answer, lambda _: None, lambda _: None)
Network(NetworkConfig("127.0.0.1", 0, bytes(32), bytes(32), {}), handlers, lambda: 0)
"""
"""All that a node has imported when it dials its peers."""
HELP = """
import gridnode.cli.main
assert gridnode.cli.main.run(["--help"]) == 0
"""
UNUSED_AT_START = (
    "dns", "fastecdsa", "gridnode.api", "gridnode.audit", "gridnode.operations", "gridnode.replay", "gridnode.simulation", "h2",
    "httpx", "hypercorn", "libp2p.discovery", "libp2p.host", "libp2p.kad_dht", "libp2p.network.swarm", "libp2p.pubsub.pubsub",
    "libp2p.rcmgr.manager", "libp2p.relay", "libp2p.security.tls", "libp2p.transport.manager", "libp2p.transport.websocket",
    "matplotlib", "prometheus_client", "requests", "rich", "sqlite3", "starlette", "urllib3", "zeroconf",
)  # fmt: skip
"""The API comes beside the node at work; the rest is of libp2p's whole or of other commands."""
UNUSED_FOR_HELP = (
    *UNUSED_AT_START, "cryptography", "gridnode.chain", "gridnode.node", "libp2p", "msgspec", "nacl", "plyvel", "trio",
)  # fmt: skip


def _imported(code: str, names: tuple[str, ...]) -> list[str]:
    asked = f"{code}\nimport json, sys\nprint(json.dumps([name for name in {names!r} if name in sys.modules]), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stderr.strip().splitlines()[-1])
    return found


@pytest.mark.parametrize(("code", "unused"), [(START, UNUSED_AT_START), (HELP, UNUSED_FOR_HELP)], ids=["start", "help"])
def test_nothing_is_imported_without_need(code: str, unused: tuple[str, ...]) -> None:
    assert _imported(code, unused) == []


def test_the_check_can_fail() -> None:
    assert _imported(START, ("trio", "libp2p.security.noise", "rich")) == ["trio", "libp2p.security.noise"]


def test_a_lazy_package_is_whole_for_whoever_asks() -> None:
    code = f"{START}\nfrom libp2p import new_host\nimport libp2p\nassert libp2p.__version__ and libp2p.host.basic_host and new_host"
    assert _imported(code, ("libp2p.host", "libp2p.kad_dht")) == ["libp2p.host", "libp2p.kad_dht"]
