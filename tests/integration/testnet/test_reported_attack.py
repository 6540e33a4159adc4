"""A light client's report of an attack gets into a block of a real network: keys that signed both chains are convicted, blocks go on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gridnode.primitives.ids import Hash
from tests.integration.testnet.lying_node import lying
from tests.integration.testnet.processes import running, until
from tests.integration.testnet.test_light import genesis_of, light, signed_by, urls

pytestmark = pytest.mark.slow
TIMEOUT_S = 120


def report(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and standard error of `gridnode report`."""
    command = [sys.executable, "-m", "gridnode", "report", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    return done.returncode, done.stdout, done.stderr


def test_an_attack_is_told_and_punished(tmp_path: Path) -> None:
    """Found and told by the client itself; told again from the file, it is known, and later convicted; two rounds name nobody."""
    with running(tmp_path / "net") as net:
        net.goes_on(8)
        first, second, third, fourth = urls(net)
        wrong = Hash(b"x" * 32)
        with lying(second, lambda b: signed_by(net.plan, b, 4, state_root=wrong) if b.header.height == 7 else b) as url:
            code, _, error = light(
                *genesis_of(net), "--api", first, "--witness", third, "--witness", url, "--height", "7", "--store", str(tmp_path / "s")
            )
        assert code == 1
        [path] = (tmp_path / "s").glob("attack-7-*.json")
        named = sorted(one["name"] for one in json.loads(path.read_text())["both_signed"])
        assert len(named) >= 3, "a quorum signed the real one, and all of them the other"
        for name in named:
            assert f"{name} pending" in error
        assert f"reported to {url}: " in error, "the liar is told as well, and does not take it"

        def convicted(node: int) -> list[str]:
            return sorted(row["name"] for row in net.validators[node].get("consensus")["convictions"])

        for node in range(4):
            until(lambda node=node: convicted(node) == named, f"node {node} knows who is convicted")  # type: ignore[misc]
        height = max(node.height for node in net.validators)
        until(lambda: all(node.height > height + 2 for node in net.validators), "blocks go on with who is left")

        code, _, error = report(str(path), "--api", fourth)
        assert code == 1
        assert "409 ALREADY_CONVICTED" in error or "ALREADY_CONVICTED" in error
        code, _, error = report(str(tmp_path / "s"), "--api", fourth)
        assert (code, "cannot read the evidence" in error) == (2, True)
