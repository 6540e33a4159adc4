"""Consensus in a bad network: agreement, validity, no double signing, locks that hold, and progress once the network heals.

Each seed draws a network of 4 to 7 nodes, up to f of them faulty, and a kind of bad weather; `consensus_network` checks safety at every
step. A seed that fails is replayed by the test's own name: `pytest "tests/properties/test_consensus.py::test_...[seed]"`.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.properties.consensus_network import Network
from tests.properties.consensus_nodes import Faults

PATIENCE_MS = 30_000
"""After the network has healed, two more heights are committed by every honest node within this virtual time."""


def weather(random: Random) -> Faults:
    """Some kind of bad network for some seconds."""
    return Faults(
        heal_ms=random.choice([2_000, 5_000]),
        loss_percent=random.choice([0, 0, 10, 30, 60]),
        secluded_percent=random.choice([0, 0, 20, 30]),
        link_loss_percent=random.choice([0, 20, 40]),
        twice_percent=random.choice([0, 30]),
        bad_delay_ms=random.choice([20, 100, 600]),
        crash_percent=random.choice([0, 2, 8]),
    )


def powers(random: Random) -> tuple[list[int], set[int]]:
    """Powers of 4 to 7 validators, alike or not, and who is faulty: less than 1/3 of the power."""
    number = random.randint(4, 7)
    power = [1] * number if random.randrange(3) else [random.randint(1, 5) for _ in range(number)]
    faulty: set[int] = set()
    for index in random.sample(range(number), number) if random.randrange(3) else []:
        if 3 * (sum(power[i] for i in faulty) + power[index]) < sum(power):
            faulty.add(index)
    return power, faulty


def live_through(seed: int) -> Network:
    """Run a network through bad weather and out of it. Raises AssertionError when a promise is broken."""
    random = Random(seed)
    faults = weather(random)
    power, faulty = powers(random)
    network = Network(seed, power, faulty, faults)
    network.run(faults.heal_ms)
    goal = max(len(node.chain) for node in network.honest) + 2
    network.run(faults.heal_ms + PATIENCE_MS, goal)
    heights = [len(node.chain) for node in network.honest]
    assert min(heights) >= goal, f"progress after healing: expected {goal}, got {heights} in {faults}"
    return network


@pytest.mark.parametrize("seed", range(60))
def test_safe_in_bad_weather_and_live_after(seed: int) -> None:
    live_through(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_safe_and_live_for_long(block: int) -> None:
    for seed in range(1_000 + 100 * block, 1_100 + 100 * block):
        live_through(seed)


@pytest.mark.parametrize("seed", range(3))
def test_good_network_decides_in_round_0(seed: int) -> None:
    network = Network(seed, [1, 1, 1, 1], set(), Faults())
    network.run(60_000, 30)
    builder_never_failed = network.most_rounds == 0
    assert len(network.honest[0].chain) >= 30
    assert builder_never_failed or network.most_rounds <= 2


def test_bad_weather_is_bad_enough() -> None:
    """The properties above would say little if rounds were never skipped, nodes never crashed and nobody lied."""
    networks = [live_through(seed) for seed in range(12)]
    assert max(network.most_rounds for network in networks) >= 3
    assert any(network.evidence for network in networks)
    assert any(node.life > 1 for network in networks for node in network.honest)


def test_a_node_whose_log_is_damaged_listens() -> None:
    listened = 0
    for seed in range(15):
        faults = Faults(heal_ms=4_000, loss_percent=20, secluded_percent=20, crash_percent=8, forgetful=0)
        network = Network(seed, [1, 1, 1, 1], set(), faults)
        network.run(34_000, 4)
        assert min(len(node.chain) for node in network.nodes) >= 4
        listened += network.listening
    assert listened > 0


def test_same_seed_same_history() -> None:
    first, second = live_through(7), live_through(7)
    assert [node.chain for node in first.nodes] == [node.chain for node in second.nodes]
    assert first.now_ms == second.now_ms


def test_nothing_is_decided_without_a_quorum() -> None:
    network = Network(1, [1, 1, 1, 1], set(), Faults())
    for node in network.nodes[:2]:
        network.crash(node)
    network.run(20_000)
    assert [len(node.chain) for node in network.nodes] == [0, 0, 0, 0]
    for node in network.nodes[:2]:
        network.start(node)
    network.run(40_000, 3)
    assert min(len(node.chain) for node in network.nodes) >= 3
