"""Four validators as processes, attacked by a licensed node gone bad and by strangers: blocks go on, memory stays, they pay."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
MORE_MEMORY_BYTES = 64 * 1024 * 1024
"""What a node under attack may hold beyond what it held before: one peer's windows, queues and answers."""
MESSAGES_PER_S, BURST_S = 2_000, 2
MESSAGES_TO_BAN = 100
"""Of rubbish: ten wrong ones are a ban, and as many may be on their way that nobody reads any more."""


def attacked(seconds: int) -> dict[str, Any]:
    """The figures of `bench.network_abuse`, which stay true on a machine that does other things too."""
    command = [sys.executable, "-m", "bench.network_abuse", "--seconds", str(seconds), "--quiet-seconds", "2" if seconds < 60 else "10"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def holds(figures: dict[str, Any]) -> None:
    """What must be true however long it took."""
    assert figures["in_sync"]
    assert figures["blocks_per_second"]["during"] * figures["seconds"] >= 2
    assert figures["finality_ms"]["during"]["p50"] > 0, "a client's transfers were committed"
    for row in figures["resident_bytes"]:
        assert 0 < row["peak"] < row["before"] + MORE_MEMORY_BYTES
    for row in figures["validators"]:
        assert row == {"linked": 3, "lowest_score": 100}
    pings, useless, unread, garbage = figures["taken"]
    # Its first ban is for a minute: in a longer attack it comes in again, and is banned for twice as long.
    assert garbage["bans"] >= 1
    assert garbage["messages_in"] < MESSAGES_TO_BAN * garbage["bans"]
    for row in (pings, useless, unread):
        assert row["messages_in"] < MESSAGES_PER_S * (2 * figures["seconds"] + 60 + BURST_S)
    assert useless["excess"] > 0
    for row in figures["door"]:
        assert row["refused"] + row["evicted"] > 0
    said = figures["attackers"]
    assert said["strangers: connections"] > 100
    assert garbage["bans"] <= said["garbage: links"] <= garbage["bans"] + 1, "each link brought a ban: the banned do not come in"


def test_a_network_goes_on_while_it_is_attacked() -> None:
    """Seconds of it."""
    holds(attacked(5))


@pytest.mark.slow
def test_a_network_goes_on_while_it_is_attacked_for_a_minute() -> None:
    """Long enough that whoever sends valid but useless messages as fast as it may is banned as well."""
    figures = attacked(60)
    holds(figures)
    pings, useless, _, _ = figures["taken"]
    assert min(pings["bans"], useless["bans"]) >= 1
    assert figures["blocks_per_second"]["during"] > figures["blocks_per_second"]["before"] / 3
