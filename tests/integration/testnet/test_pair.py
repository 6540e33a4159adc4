"""Two machines of one validator: the standby follows, takes the lease when the other is gone, and the other listens when it is back.

One network for all tests here; the spare node is the second machine. Each test finds one machine that signs and leaves one.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.integration.testnet.chains import nobody_lied, same_everywhere, signs_again
from tests.integration.testnet.processes import NodeProcess, Testnet, until, write
from tests.integration.testnet.signers import changed_config

TAKEOVER_MS = 2_000
ALARM = "TWO MACHINES SIGN WITH ONE KEY"


class Setting(NamedTuple):
    """Four validators, PEA with two machines."""

    net: Testnet
    one: NodeProcess
    two: NodeProcess

    @property
    def witness(self) -> NodeProcess:
        """Another validator."""
        return self.net["EGAT"]


def second_machine(net: Testnet) -> NodeProcess:
    """Make the spare node the standby of PEA: the same consensus key, a node key and a guard of its own."""
    one, two = net["PEA"], net.observer
    for name in ("validator.json", "validator.password"):
        shutil.copy2(one.plan.folder / name, two.plan.folder / name)
    config = msgspec.toml.decode(two.plan.config.read_bytes())
    config |= {"name": "PEA", "type": "authority"}
    config["validator"] = {"keystore": "validator.json", "password_file": "validator.password"}
    two.plan.config.write_bytes(msgspec.toml.encode(config))
    changed_config(one, pair="primary", takeover_after_ms=TAKEOVER_MS)
    changed_config(two, pair="standby", takeover_after_ms=TAKEOVER_MS)
    return two


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    net = Testnet(write(tmp_path_factory.mktemp("net") / "n", jails=False))
    two = second_machine(net)
    try:
        net.start([*net.validators, two])
        net.goes_on()
        yield Setting(net, net["PEA"], two)
    finally:
        net.close()


def signing(node: NodeProcess) -> dict[str, Any]:
    """What a node says of who signs for its validator."""
    return dict(node.get("status")["signing"])


def lease(node: NodeProcess) -> dict[str, Any]:
    """The validator's lease as a node has it; empty before it was taken."""
    return dict(signing(node)["lease"] or {})


def well(setting: Setting, since: int = 0) -> None:
    """No vote contradicts another, no guard refused, nobody saw a second machine sign at a height of its own."""
    everybody = [*setting.net.validators, setting.two]
    nobody_lied(everybody)
    for node in (setting.one, setting.two):
        assert not [row for row in node.events() if row["event"] == ALARM], node.plan.folder
    same_everywhere([node for node in everybody if node.runs], max(1, since))


def test_the_standby_follows_and_does_not_sign(setting: Setting) -> None:
    """Before there is a lease the primary signs."""
    signs_again(setting.one, setting.witness, 0)
    until(lambda: setting.two.height >= 2, "the standby follows")
    assert (signing(setting.one)["is_turn"], signing(setting.two)["is_turn"]) == (True, False)
    assert signing(setting.two)["listens_because"] == "the primary signs"
    assert (lease(setting.two), signing(setting.two)["last_signed_height"]) == ({}, 0)
    assert not setting.two.get("status")["signs"]
    well(setting)


def test_the_active_machine_is_killed(setting: Setting) -> None:
    """The standby takes the lease by itself and signs; started again, the other finds the lease and listens."""
    setting.one.kill()
    until(lambda: lease(setting.two), "the lease is taken")
    taken = lease(setting.two)
    assert (taken["epoch"], taken["machine"]) == (1, setting.two.plan.node_keys.public_key.hex())
    signs_again(setting.one, setting.witness, taken["since"])  # by name: the precommit of PEA
    setting.net.start([setting.one])
    until(lambda: lease(setting.one) == taken, "the first machine knows")
    setting.net.goes_on(3)
    assert "another machine has the lease" in signing(setting.one)["listens_because"]
    assert not setting.one.get("status")["signs"]
    well(setting)


def test_the_active_machine_hangs_and_goes_on(setting: Setting) -> None:
    """Stopped in the middle and continued after the takeover: it may finish the height it was at, and then listens."""
    setting.two.signal(signal.SIGSTOP)
    try:
        until(lambda: lease(setting.one).get("epoch") == 2, "the lease is taken back")
        taken = lease(setting.one)
        signs_again(setting.one, setting.witness, taken["since"])
    finally:
        setting.two.signal(signal.SIGCONT)
    until(lambda: lease(setting.two) == taken, "the second machine knows")
    setting.net.goes_on(3)
    assert signing(setting.two)["last_signed_height"] < taken["since"]
    assert "another machine has the lease" in signing(setting.two)["listens_because"]
    well(setting)


def test_two_machines_that_both_believe_they_sign(setting: Setting) -> None:
    """Configured wrongly, without a lease, two would sign; here the lease decides whatever the configuration says."""
    setting.two.kill()
    changed_config(setting.two, pair="primary")
    setting.net.start([setting.two])
    setting.net.goes_on(3)
    assert not signing(setting.two)["is_turn"]
    signs_again(setting.one, setting.witness, setting.witness.height)
    well(setting)


def gridnode(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command from a shell."""
    return subprocess.run([sys.executable, "-m", "gridnode", *arguments], capture_output=True, text=True, check=False, timeout=120)


def test_the_lease_is_taken_by_command(setting: Setting) -> None:
    """Before maintenance of the machine that signs; whoever holds it already is refused with exit code 1."""
    epoch = lease(setting.one)["epoch"]
    taken = gridnode("lease", "take", "--config", str(setting.two.plan.config))
    assert taken.returncode == 0, taken.stderr
    until(lambda: lease(setting.two).get("epoch") == epoch + 1, "the second machine has it")
    setting.net.goes_on(3)
    signs_again(setting.one, setting.witness, lease(setting.two)["since"])
    told = json.loads(gridnode("lease", "status", "--api", setting.two.plan.url, "--json").stdout)
    assert (told["is_turn"], told["listens_because"], told["lease"]) == (True, None, lease(setting.two))
    again = gridnode("lease", "take", "--config", str(setting.two.plan.config))
    assert again.returncode == 1
    assert "LEASE_HELD" in again.stdout + again.stderr or "FEE_UNPAID" in again.stdout + again.stderr
    never = gridnode("lease", "take", "--config", str(setting.net.plan.folder / "nowhere.toml"))
    assert never.returncode == 2
    well(setting)
