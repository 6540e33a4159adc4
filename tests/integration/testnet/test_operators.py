"""The operators' tools against real processes: what they say of a network that runs, stands, and of nodes that were stopped."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridnode.node.config import load_config
from gridnode.operations.bundle_parts import wal_lines
from tests.integration.testnet.chains import nobody_lied, same_everywhere, signs_again
from tests.integration.testnet.processes import NodeProcess, Testnet, running, until


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testnet]:
    """Four validators."""
    with running(tmp_path_factory.mktemp("net") / "n", jails=False) as testnet:
        yield testnet


def gridnode(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own, which must end with this exit code."""
    command = [sys.executable, "-m", "gridnode", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, check=False)
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def told(*arguments: str, code: int = 0) -> Any:
    """Its answer as JSON."""
    return json.loads(gridnode(*arguments, "--json", code=code).stdout)


def apis(*nodes: NodeProcess) -> list[str]:
    """Options that name these nodes."""
    return [word for node in nodes for word in ("--api", node.plan.url)]


def why(*nodes: NodeProcess) -> dict[str, Any]:
    """What `gridnode why` says of them, whatever its exit code."""
    command = [sys.executable, "-m", "gridnode", "why", *apis(*nodes), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, check=False)
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if answer["healthy"] else 1)
    return answer


def config(node: NodeProcess) -> list[str]:
    """The option that names a node's files."""
    return ["--config", str(node.plan.config)]


def stop(node: NodeProcess) -> None:
    """End it as an operator does."""
    node.signal(signal.SIGTERM)
    assert node.wait(60) == 0


def data_of(node: NodeProcess) -> Path:
    """Its data folder."""
    return node.plan.config.parent / "data"


def test_why_of_a_chain_that_goes_on(net: Testnet) -> None:
    found = why(*net.validators)
    assert found["healthy"], found
    assert found["cause"] in ("working", "waiting")
    assert {row["node"] for row in found["nodes"]} == {node.name for node in net.validators}
    state = net["EGAT"].get("consensus/state")
    assert [row["validator"] for row in state["consensus"]["votes"]] == [row["name"] for row in net["EGAT"].get("validators")]
    until(
        lambda: all(
            row["skew_ms"] is not None and abs(row["skew_ms"]) <= row["skew_error_ms"] + 1
            for row in net["EGAT"].get("consensus/state")["peers"]
            if row["name"] in ("MEA", "PEA", "ERC")
        ),
        "clocks of one machine are alike",
    )


def test_two_running_nodes_are_alike(net: Testnet) -> None:
    found = told("diff", net["EGAT"].plan.url, net["PEA"].plan.url)
    assert found["differences"] == []
    assert found["state"].startswith("rows and trees are alike")


def test_tools_that_need_a_stopped_node_say_so(net: Testnet, tmp_path: Path) -> None:
    out = str(tmp_path / "x")
    for command in (
        ["verify", *config(net["EGAT"])],
        ["export", *config(net["EGAT"]), "--out", out],
        ["rollback", *config(net["EGAT"])],
        ["reset", *config(net["EGAT"]), "--yes"],
    ):
        done = gridnode(*command, code=2)
        assert "in use by process" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert net["EGAT"].runs


def secrets(node: NodeProcess) -> list[bytes]:
    """Everything that a node has and nobody else may know: password, node key, network key, what the keystore seals."""
    found, folder = load_config(node.plan.config), node.plan.config.parent
    assert found.validator is not None
    named = [found.validator.password_file, found.network.node_key, found.network.network_key]
    values = [(folder / name).read_bytes().strip().split(b"\n")[0] for name in named]
    sealed = max(re.findall(rb"[0-9a-fA-F]{32,}", (folder / found.validator.keystore).read_bytes()), key=len)
    return [*values, sealed]


def unpacked(archive: Path) -> dict[str, bytes]:
    """Files of an archive by their names without the folder."""
    with tarfile.open(archive) as source:
        return {entry.name.split("/", 1)[1]: source.extractfile(entry).read() for entry in source}  # type: ignore[union-attr]


def test_a_bundle_of_a_running_node(net: Testnet, tmp_path: Path) -> None:
    """Stacks of threads and tasks, consensus, peers, log; not one secret in it; the node goes on."""
    node, out = net["EGAT"], tmp_path / "egat.tar.gz"
    gridnode("debug", "bundle", *config(node), "--out", str(out), "--log", str(node.log))
    parts = unpacked(out)
    assert {"config.json", "chain.json", "machine.json", "guard.json", "wal.jsonl", "stacks.txt", "log.txt"} <= set(parts)
    assert {"api/status.json", "api/consensus-state.json", "api/peers.json"} <= set(parts)
    assert json.loads(parts["bundle.json"])["missing"] == {}
    assert b"ConsensusLoop.run" in parts["stacks.txt"]
    assert b"Current thread" in parts["stacks.txt"]
    assert json.loads(parts["guard.json"])["last_signed"]["height"] > 1
    assert json.loads(parts["machine.json"])["process"]["id"] == node._process.pid  # type: ignore[union-attr]
    for secret in secrets(node):
        assert len(secret) > 4
        assert not [name for name, content in parts.items() if secret in content]
    assert out.stat().st_mode & 0o077 == 0
    assert "exists; expected a name that is free" in gridnode("debug", "bundle", *config(node), "--out", str(out), code=2).stderr
    net.goes_on(1)


def test_why_of_a_chain_that_stands(net: Testnet) -> None:
    """One is dead, one hangs: both are named, by each of the others and by both together."""
    net["MEA"].kill()
    net["ERC"].signal(signal.SIGSTOP)
    try:
        for asked in ((net["EGAT"],), (net["PEA"],), (net["EGAT"], net["PEA"], net["MEA"])):
            found = until(lambda who=asked: (answer := why(*who)) and not answer["healthy"] and answer, "it is seen to stand")
            assert found["cause"] in ("unreachable", "votes missing"), found
            assert sorted(found["names"]) == ["ERC", "MEA"], found
            assert "20" in found["said"] or "power" in found["said"]
            assert found["action"]
        assert f"{net['MEA'].plan.url} does not answer" in found["notes"]
        assert why(net["MEA"])["cause"] == "not answering"
        entries = [json.loads(line) for line in wal_lines(data_of(net["EGAT"]) / "wal")]
        assert "VoteReceived" in {entry["event"] for entry in entries}
    finally:
        net["ERC"].signal(signal.SIGCONT)
        net.start([net["MEA"]])
    net.goes_on()
    assert why(*net.validators)["healthy"]


def test_a_stopped_node_is_verified_and_exported_and_imported(net: Testnet, tmp_path: Path) -> None:
    node, out = net["PEA"], tmp_path / "blocks.grid"
    stop(node)
    verified = told("verify", *config(node))
    assert (verified["verified"], verified["state_compared"], verified["difference"]) == (True, True, None)
    assert verified["to"] >= 2
    assert "are as execution gives them" in gridnode("verify", *config(node), "--from", "2", "--to", "2").stdout
    exported = told("export", *config(node), "--out", str(out))
    assert exported["to"] == verified["to"]
    genesis = str(node.plan.config.parent / load_config(node.plan.config).genesis)
    other = tmp_path / "data"
    imported = told("import", str(out), "--data", str(other), "--genesis", genesis)
    assert (imported["stored"], imported["height"]) == (exported["blocks"], exported["to"])
    compared = told("diff", str(node.plan.config), str(other), "--genesis", genesis)
    assert compared["state"].startswith("rows and trees are alike")
    dead = tmp_path / "dead.tar.gz"
    gridnode("debug", "bundle", *config(node), "--out", str(dead))
    missing = json.loads(unpacked(dead)["bundle.json"])["missing"]
    assert set(missing) == {"stacks.txt", "log.txt", "api/status.json"}
    net.start([node])
    net.goes_on()


def test_a_node_that_was_taken_back_comes_again(net: Testnet) -> None:
    """Two blocks back; it gets the same ones again, listens where it has signed, and then votes."""
    node = net["PEA"]
    stop(node)
    first = told("rollback", *config(node))
    second = told("rollback", *config(node))
    assert second["taken_back"] == first["taken_back"] - 1 == second["height"] + 1
    assert told("verify", *config(node))["to"] == second["height"]
    before = net["EGAT"].height
    net.start([node])
    signs_again(node, net["EGAT"], before)
    same_everywhere(net.validators, second["height"])
    assert net["EGAT"].get(f"blocks/{first['taken_back']}")["hash"] == first["hash"]
    nobody_lied(net.validators)


def test_a_node_that_was_reset_syncs_anew(net: Testnet) -> None:
    """Keys and guard stay, so it never signs against itself."""
    node = net["PEA"]
    stop(node)
    guard = (data_of(node) / "guard").read_bytes()
    keys = secrets(node)
    assert "expected --yes, or a terminal" in gridnode("reset", *config(node), code=2).stderr
    assert (data_of(node) / "chain").is_dir()
    answer = told("reset", *config(node), "--yes")
    assert answer["guard"] == "kept"
    assert not (data_of(node) / "chain").exists()
    assert (data_of(node) / "guard").read_bytes() == guard
    assert secrets(node) == keys
    before = net["EGAT"].height
    net.start([node])
    signs_again(node, net["EGAT"], before)
    same_everywhere(net.validators)
    nobody_lied(net.validators)
