"""A small day on a real node: the chain is verified by commands, over the API and from its data; trades and orders explain themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import trio

from gridnode.cli.main import run
from gridnode.client.remote import Remote
from gridnode.replay.driver import Progress
from gridnode.replay.network import LocalNetwork
from gridnode.replay.provision import NetworkPlan
from gridnode.replay.testnet import local_node, play_day
from tests.integration.testnet.processes import SEED, NodeProcess, Testnet, write
from tests.integration.testnet.small_day import FIRST, small_day

pytestmark = pytest.mark.slow
TIMEOUT_S = 150


async def played(folder: Path) -> NetworkPlan:
    """Play the small day on one validator."""
    day = small_day(folder)
    plan = write(folder / "n", 1, FIRST)
    nodes = [local_node(node) for node in plan.nodes]
    with trio.fail_after(TIMEOUT_S):
        async with LocalNetwork(nodes), AsyncExitStack() as stack:
            remotes = {node.name: await stack.enter_async_context(Remote(node.url)) for node in nodes}
            await play_day(plan, day, SEED, remotes, Progress(lambda _: None))
    return plan


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> NetworkPlan:
    """A network whose day is over and whose node does not run."""
    return trio.run(played, tmp_path_factory.mktemp("audited"))


@pytest.fixture
def node(plan: NetworkPlan) -> Iterator[NodeProcess]:
    """Its node, started again."""
    net = Testnet(plan)
    try:
        net.start()
        yield net.validators[0]
    finally:
        net.close()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Exit code and JSON of a command."""
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_whole_chain_is_verified_over_the_api(node: NodeProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """Every fill and every auction of every block; what is counted is what the node counts."""
    url, height = node.plan.url, node.height
    code, report = told(capsys, "verify-clearing", "1", "--to", "latest", "--api", url)
    assert (code, report["findings"]) == (0, [])
    stats = node.get("energy/stats")
    assert report["fills"] + report["auction_trades"] == stats["trades"] > 0
    assert report["auctions"] > 0
    newest = node.get(f"blocks/{height}", events="false")["hash"]
    assert told(capsys, "verify-clearing", str(height), "--trusted-hash", newest, "--api", url)[0] == 0
    assert told(capsys, "verify-clearing", str(height), "--trusted-hash", "00" * 32, "--api", url)[0] == 1
    code, report = told(capsys, "verify-clearing", "1", "--to", str(height), "--certificates-only", "--api", url)
    assert (code, report["auctions"] > 0) == (0, True)


def test_trades_and_orders_explain_themselves(node: NodeProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """Every trade's parts make its price; the last order and a trade are told in words."""
    for row in node.get("energy/trades", limit=50)["rows"]:
        found = node.get(f"energy/trades/{row['number']}/explanation")
        parts = (found["price_micro"], found["wheeling_micro"], found["rent_micro"], found["fee_micro"])
        assert found["total_micro"] == sum(parts)
        assert found["wheeling_micro"] == sum(share["share_micro"] for share in found["wheeling_shares"])
    assert run(["explain", "1", "--api", node.plan.url]) == 0
    assert capsys.readouterr().out.startswith("Trade 1: ")
    assert run(["explain", "--order", "1", "--api", node.plan.url]) == 0
    assert " 1 in " in capsys.readouterr().out


def test_the_data_of_a_node_that_does_not_run_is_verified(plan: NetworkPlan, capsys: pytest.CaptureFixture[str]) -> None:
    """The same from the disk, with the genesis file that one trusts; a block that is not there is said."""
    folder = plan.nodes[0].folder
    genesis = str(plan.folder / "genesis.toml")
    code, report = told(capsys, "verify-clearing", "1", "--to", "latest", "--config", str(folder / "config.toml"), "--genesis", genesis)
    assert (code, report["findings"], report["genesis_trusted"]) == (0, [], True)
    assert report["blocks"] > 20
    assert run(["verify-clearing", "1000000", "--config", str(folder / "config.toml")]) == 2
    assert "expected block 1000000" in capsys.readouterr().err
