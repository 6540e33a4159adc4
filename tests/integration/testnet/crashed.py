"""The files of a validator that was killed in the middle of a height: it has voted there, and its log and guard say so."""

from __future__ import annotations

import shutil
from pathlib import Path

from gridnode.storage.sign_guard import LastSigned, last_signed
from tests.integration.testnet.processes import Testnet, until

VOTED = ("prevote", "precommit")


class Crashed:
    """A network of two of which one was killed and then the other; copies of what the second left."""

    def __init__(self, net: Testnet) -> None:
        """Kill both, the second when it has voted at a height that nobody else will vote at."""
        self.net = net
        self.node, other = net.validators
        self.folder = net.plan.folder
        self.old_guard = (self.node.plan.folder / "data" / "guard").read_bytes()
        until(lambda: self.node.height >= 4, "some blocks")
        shutil.copytree(self.node.plan.folder / "data" / "wal", self.folder / "old-wal")
        other.kill()
        seen = -1

        def stands() -> bool:
            nonlocal seen
            before, seen = seen, self.node.height
            assert self.node.find("00" * 32, 3_000) is None
            return before == seen and self.node.step in VOTED

        until(stands, "it has voted and waits")
        self.tip = self.node.height
        self.node.kill()
        last = last_signed(self.node.plan.folder / "data" / "guard")
        assert last is not None
        assert last.height == self.tip + 1
        self.last: LastSigned = last

    def copy(self, to: Path) -> Path:
        """A copy of the whole network's folder; returns the configuration of the node in it."""
        shutil.copytree(self.folder, to, dirs_exist_ok=True)
        return to / self.node.name / "config.toml"
