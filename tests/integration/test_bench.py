"""Every measurement still runs: each command of bench/ in its smallest form, as a process, prints one JSON object."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "auction": ("--orders", "500"),
    "audit": ("--sheets", "6", "--mtus", "4"),
    "commitment": ("--rows", "1000", "--blocks", "2"),
    "execution": ("--accounts", "100", "--blocks", "2", "--transfers", "20"),
    "gossip": ("--seeds", "1", "--seconds", "20"),
    "large_block": (),
    "market_data": ("--orders", "100", "--mtus", "4", "--trades", "20", "--times", "2"),
    "matching": ("--orders", "2000", "--resting", "2000"),
    "snapshots": ("--rows", "500", "--blocks", "12", "--transactions", "5"),
    "simulation": ("--heights", "10", "--seeds", "2"),
}
NOT_HERE = {
    "matching_others": "needs the packages of the extra `bench`",
    "attackers": "measures nothing: network_abuse starts it",
    "network_abuse": "tests/integration/testnet/test_attack.py runs it and looks at its figures",
    "network": "takes a minute in its smallest form",
    "recovery": "starts networks",
    "testnet": "starts a network",
}
"""Measurements that are run by hand, and why."""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_measurement_prints_one_json_object(name: str) -> None:
    """Figures mean nothing at this size; that there are some, does."""
    command = [sys.executable, "-m", f"bench.{name}", *COMMANDS[name]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)


def test_every_measurement_is_run_or_excused() -> None:
    """A new file of bench/ comes into one of the two lists."""
    known = {path.stem for path in (ROOT / "bench").glob("*.py")}
    assert known == COMMANDS.keys() | NOT_HERE.keys()
