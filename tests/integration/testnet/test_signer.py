"""A validator whose key is in a signer's process: killed, stopped and hung while blocks go on; nothing is signed twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from gridnode.storage.sign_guard import last_signed
from tests.integration.testnet.chains import nobody_lied, same_everywhere, signature_of, signs_again
from tests.integration.testnet.processes import NodeProcess, Testnet, until, write
from tests.integration.testnet.signers import SignerProcess, signed_by

AWAY = "the signer is away; this node does not vote until it is back"


class Setting(NamedTuple):
    """Four validators; the key of one is in a signer."""

    net: Testnet
    signer: SignerProcess

    @property
    def node(self) -> NodeProcess:
        """The validator without a key of its own."""
        return self.net["PEA"]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    net = Testnet(write(tmp_path_factory.mktemp("net") / "n", jails=False))
    signer = signed_by(net["PEA"], net.plan.chain_id)
    try:
        signer.start()
        net.start()
        net.goes_on()
        yield Setting(net, signer)
    finally:
        net.close()
        signer.kill()


def test_it_signs(setting: Setting) -> None:
    """Its precommits are in the commits of the others; the guard is where the signer has it, and the node has none."""
    signs_again(setting.node, setting.net["EGAT"], 0)
    assert last_signed(setting.signer.folder / "signer" / "guard") is not None
    assert not (setting.node.plan.folder / "data" / "guard").exists()


def test_the_signer_is_killed_and_started_again(setting: Setting) -> None:
    """Blocks go on without this vote; the node says so, and votes when the signer is back."""
    lines = len(setting.node.events())
    setting.signer.kill()
    setting.node.until_event(AWAY, lines)
    before = setting.net["EGAT"].height
    setting.net.goes_on(3)
    silent = range(before + 2, setting.net["EGAT"].height + 1)
    assert not any(signature_of(setting.node, setting.net["EGAT"], height) for height in silent)
    setting.signer.start()
    signs_again(setting.node, setting.net["EGAT"], setting.net["EGAT"].height)
    nobody_lied(setting.net.validators)


def test_a_height_that_needs_the_vote_waits_for_the_signer(setting: Setting) -> None:
    """Another validator is dead, so nothing is final without this vote: the wish of the height is asked again, and the chain goes on."""
    setting.net["MEA"].kill()
    setting.signer.kill()
    lines = len(setting.node.events())
    setting.node.until_event(AWAY, max(0, lines - 20))
    witness = setting.net["EGAT"]
    until(lambda: witness.find("00" * 32, 3_000) is None and witness.step == "prevote", "the chain stands")
    stood = witness.height
    setting.signer.start()
    until(lambda: witness.height > stood + 1, "the chain goes on")
    setting.net.start([setting.net["MEA"]])
    setting.net.goes_on()
    nobody_lied(setting.net.validators)


def test_a_signer_that_hangs_is_given_up(setting: Setting) -> None:
    """SIGSTOP: no answer in time, so the connection is given up and the node follows; continued it serves again."""
    lines = len(setting.node.events())
    setting.signer.signal(signal.SIGSTOP)
    try:
        setting.node.until_event(AWAY, lines)
        setting.net.goes_on(3)
    finally:
        setting.signer.signal(signal.SIGCONT)
    signs_again(setting.node, setting.net["EGAT"], setting.net["EGAT"].height)
    nobody_lied(setting.net.validators)


def test_the_node_is_killed_and_started_again(setting: Setting) -> None:
    """The signer frees the seat, and the next life of the node goes on from what the signer remembers."""
    before = setting.node.height
    setting.node.kill()
    setting.net.start([setting.node])
    signs_again(setting.node, setting.net["EGAT"], before)
    same_everywhere(setting.net.validators)
    nobody_lied(setting.net.validators)


def test_it_ends_when_it_is_told(setting: Setting) -> None:
    """SIGTERM: exit code 0, and no socket is left."""
    setting.signer.signal(signal.SIGTERM)
    assert setting.signer.wait() == 0
    assert not setting.signer.socket.exists()
