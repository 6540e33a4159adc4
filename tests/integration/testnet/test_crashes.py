"""Validators die by SIGKILL while transactions come in: with a quorum the chain goes on, without one it stops; nothing is lost or doubled.

One network for all tests here; each finds four healthy validators and leaves four.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from gridnode.storage.keystore import generate
from gridnode.storage.sign_guard import SignGuard
from tests.integration.testnet.chains import counted, nobody_lied, same_everywhere, signature_of, signs_again
from tests.integration.testnet.load import Load
from tests.integration.testnet.processes import NodeProcess, Testnet, running, until

STANDSTILL_MS = 4_000
"""Four heartbeats: a chain that can go on has made blocks by then."""

VOTED = ("prevote", "precommit")


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testnet]:
    """Four validators. Nobody is jailed for what he misses while he is dead."""
    with running(tmp_path_factory.mktemp("net") / "n", jails=False) as testnet:
        yield testnet


def accounted(net: Testnet, load: Load) -> None:
    """Everything that was sent is in the one chain, once; no vote contradicts another."""
    load.settle()
    load.check(counted(same_everywhere(net.validators, load.first)))
    nobody_lied(net.validators)


def stands_still(witness: NodeProcess) -> bool:
    """Whether no block comes within STANDSTILL_MS; the node itself is asked to wait for a transaction that never comes."""
    height = witness.height
    assert witness.find("00" * 32, STANDSTILL_MS) is None
    return witness.height == height


def test_one_dies_and_the_chain_goes_on(net: Testnet) -> None:
    """Three of four are a quorum; the fourth catches up and votes again."""
    with Load(net, "one") as load:
        net["PEA"].kill()
        net.goes_on(4)
        before = net["EGAT"].height
        net.start([net["PEA"]])
        signs_again(net["PEA"], net["EGAT"], before)
        net.goes_on()
    accounted(net, load)


def test_two_die_and_the_chain_stops_until_they_are_back(net: Testnet) -> None:
    """Two of four are no quorum: not one block. With all four it goes on where it stood."""
    with Load(net, "two") as load:
        net["MEA"].kill()
        net["ERC"].kill()
        until(lambda: stands_still(net["EGAT"]), "the chain stops")
        stopped = net["EGAT"].height
        assert stands_still(net["PEA"])
        net.start([net["MEA"], net["ERC"]])
        net.goes_on(3)
        signs_again(net["MEA"], net["EGAT"], stopped)
        signs_again(net["ERC"], net["EGAT"], stopped)
    accounted(net, load)


def test_all_die_at_once(net: Testnet) -> None:
    """Nobody is left to tell: what was committed is on every disk."""
    with Load(net, "all") as load:
        net.goes_on(2)
        before = max(node.height for node in net.validators)
        for node in net.validators:
            node.kill()
        net.start()
        net.goes_on(3)
    assert max(node.height for node in net.validators) > before
    accounted(net, load)


def test_all_die_after_they_have_voted(net: Testnet) -> None:
    """Two have voted on a block and wait for the others, who are dead. They die too. Their logs bring votes and block back.

    Without its log a validator that has signed only listens: two listeners of four, and the chain would stand for ever.
    """
    with Load(net, "voted") as load:
        net["MEA"].kill()
        net["ERC"].kill()
        left = [net["EGAT"], net["PEA"]]
        until(lambda: stands_still(left[0]), "the chain stops")
        until(lambda: all(node.step in VOTED for node in left), "both have voted")
        for node in left:
            node.kill()
        net.start()
        net.goes_on(3)
    accounted(net, load)


def test_a_validator_without_its_data_syncs_and_keeps_its_word(net: Testnet) -> None:
    """Its guard's file is all that is left: it fetches the chain, votes again above what it has signed, and never against it."""
    victim = net["MEA"]
    with Load(net, "wiped") as load:
        victim.kill()
        data = victim.plan.folder / "data"
        guard = (data / "guard").read_bytes()
        shutil.rmtree(data)
        data.mkdir()
        (data / "guard").write_bytes(guard)
        before = net["EGAT"].height
        net.start([victim])
        signs_again(victim, net["EGAT"], before)
    accounted(net, load)


def test_a_validator_without_its_log_only_listens_at_that_height(net: Testnet) -> None:
    """Its locks are lost with the log: it signs nothing more at the height that it has signed at, and votes from the next one on.

    Two others are dead when it is killed, so the height under way stays the same, and it has voted there.
    """
    victim, witness = net["ERC"], net["EGAT"]
    data = victim.plan.folder / "data"
    with Load(net, "log") as load:
        for node in net.validators:
            if node not in (victim, witness):
                node.kill()
        until(lambda: stands_still(witness), "the chain stops")
        height = witness.height + 1
        until(lambda: victim.step in VOTED, f"{victim.name} votes at height {height}")
        victim.kill()
        last = SignGuard(data / "guard", net.plan.chain_id, generate()).last
        assert last is not None
        assert last.height == height
        for path in (data / "wal").glob("*.log"):
            path.unlink()
        lines = len(victim.events())
        net.start()
        signs_again(victim, witness, height)
    lost = [row["height"] for row in victim.events()[lines:] if row["event"].startswith("the consensus log of this height")]
    assert lost == [height]
    assert signature_of(victim, witness, height) in ("", last.signature.hex())  # a precommit from before, or none
    accounted(net, load)
