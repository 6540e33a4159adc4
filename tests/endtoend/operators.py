"""The operators of a run's validators: who was jailed for turns that it missed is asked back, by command, as a person would."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import trio

from tests.endtoend.follow import Follower
from tests.endtoend.nodes import RunNode

LOOK_S = 1.0


class Operators:
    """All of them, in one task."""

    def __init__(
        self, keys: Path, nodes: Mapping[str, RunNode], follower: Follower, is_perturbed: Callable[[str], bool]
    ) -> None:
        """`keys` holds the keystores of accounts by name; whoever `is_perturbed` is left alone: its operator knows what is going on."""
        self._keys = keys
        self._nodes = nodes
        self._follower = follower
        self._is_perturbed = is_perturbed
        self.asked: Counter[str] = Counter()
        """How often each validator came back."""
        self.refusals: list[str] = []
        """What was answered to those who asked in vain, the newest last; they ask again."""

    async def run(self) -> None:
        """Look after them until cancelled."""
        while True:
            await trio.sleep(LOOK_S)
            for row in self._follower.validators:
                name = row["name"]
                if row["is_jailed"] and row["jailed_until_ms"] <= self._follower.time_ms and self._is_well(name):
                    await self._ask_back(name)

    def _is_well(self, name: str) -> bool:
        """Whether its node has the chain: who comes back without one is jailed again."""
        return not self._is_perturbed(name) and self._follower.heights.get(name, -1) >= self._follower.height - 1

    async def _ask_back(self, name: str) -> None:
        command = [
            sys.executable, "-m", "gridnode", "tx", "unjail", name, "--api", self._nodes[name].plan.url,
            "--keystore", str(self._keys / f"{name}.json"), "--password-file", str(self._keys / f"{name}.password"),
        ]  # fmt: skip
        ended = await trio.run_process(command, check=False, capture_stdout=True, stderr=subprocess.STDOUT)
        if ended.returncode == 0:
            self.asked[name] += 1
            await self._follower.grows(1)  # with the block that it waited for
        else:
            self.refusals.append(f"{name}: {ended.stdout.decode(errors='replace').strip()[-200:]}")
