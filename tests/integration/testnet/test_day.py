"""A small real day on four real validators, from registration to settlement, with every promise kept; also when one of them dies at noon.

Afterwards the spare observer is started: it fetches the finished chain from its first block and comes to the same state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio

from gridnode.client.remote import Remote
from gridnode.client.wallet import Wallet, id_of
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import Amount
from gridnode.replay.cast import derived_key
from gridnode.replay.driver import Progress
from gridnode.replay.network import LocalNetwork, LocalNode
from gridnode.replay.provision import NetworkPlan
from gridnode.replay.report import Figures, broken_promises, make_report
from gridnode.replay.rules import CAPACITY_WH
from gridnode.replay.testnet import local_node, play_day
from tests.integration.testnet.chains import nobody_lied, same_everywhere, signs_again
from tests.integration.testnet.processes import SEED, Testnet, until, write
from tests.integration.testnet.small_day import FIRST, STOP, small_day

TIMEOUT_S = 600
"""A bound against hanging: on a slow machine the day is played one or two days later."""
NOON = (FIRST + STOP) // 2
VICTIM = 1
"""Not the validator that the figures are read from."""


@dataclass
class Outcome:
    """What a played day left: the report, and the network's files."""

    plan: NetworkPlan
    report: dict[str, Any]
    figures: Figures
    broken: list[str]
    killed_at: int | None
    """Height of the chain when a validator was killed."""


async def played(folder: Path, crash: bool) -> Outcome:
    """Play the small day on a new network; with `crash` one validator dies in the middle of it and comes back two quarter hours later."""
    started = time.monotonic()
    day = small_day(folder)
    plan = write(folder / "n", 4, FIRST)
    nodes = [local_node(node) for node in plan.nodes]
    with trio.fail_after(TIMEOUT_S):
        async with LocalNetwork(nodes), AsyncExitStack() as stack, trio.open_nursery() as nursery:
            remotes = {node.name: await stack.enter_async_context(Remote(node.url)) for node in nodes}
            events = {NOON: trio.Event(), NOON + 2: trio.Event()}
            killed: list[int] = []
            if crash:
                nursery.start_soon(_crash, nodes[VICTIM], remotes, events, killed)
            progress = Progress(_at(events))
            day_played = await play_day(plan, day, SEED, remotes, progress)
            report, figures = await make_report(
                remotes, day, day_played.first_mtu, CAPACITY_WH, day_played.supply, progress, time.monotonic() - started
            )
    broken = broken_promises(report, figures, day, CAPACITY_WH)
    return Outcome(plan, report, figures, broken, killed[0] if killed else None)


def _at(events: dict[int, trio.Event]) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        if progress.quarter in events:
            events[progress.quarter].set()

    return tell


async def _crash(victim: LocalNode, remotes: dict[str, Remote], events: dict[int, trio.Event], killed: list[int]) -> None:
    await events[NOON].wait()
    killed.append(int((await remotes[victim.name].status())["height"]))
    await victim.kill()
    await events[NOON + 2].wait()
    await victim.start()
    await victim.ready()


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A day on which nothing happens."""
    return trio.run(played, tmp_path_factory.mktemp("calm"), False)


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A day on which a validator dies at noon."""
    return trio.run(played, tmp_path_factory.mktemp("stormy"), True)


@pytest.fixture(scope="module")
def again(stormy: Outcome) -> Iterator[Testnet]:
    """The stormy network, started once more."""
    net = Testnet(stormy.plan)
    try:
        net.start()
        yield net
    finally:
        net.close()


def check(outcome: Outcome) -> None:
    """Every promise is kept, and there was something to promise."""
    assert outcome.broken == []
    report = outcome.report
    assert report["trades"] > 0
    assert 0 < report["settled_wh"] <= report["traded_wh"]
    assert report["orders"] > report["meters"]
    assert list(report["validators"]) == ["EGAT", "MEA", "PEA", "ERC"]


def test_a_calm_day(calm: Outcome) -> None:
    """Registration, sheets, readings, settlement: nothing rejected, nothing created, nothing lost."""
    check(calm)


def test_a_day_with_a_crash_at_noon(stormy: Outcome, calm: Outcome) -> None:
    """The chain goes on and every promise is kept; what is measured is the same as on the calm day."""
    check(stormy)
    for name in ("meters", "readings", "generated_wh", "consumed_wh", "minted_grid", "orders"):
        assert stormy.report[name] == calm.report[name], name


def test_who_died_votes_again(again: Testnet, stormy: Outcome) -> None:
    """All hold the same chain, nobody voted twice, and after one more start all four sign."""
    same_everywhere(again.validators)
    nobody_lied(again.validators)
    witness, victim = again.validators[0], again.validators[VICTIM]
    assert stormy.killed_at is not None
    signs_again(victim, witness, stormy.killed_at)
    assert any(row["event"] == "peer lost" and row["name"] == victim.name for row in witness.events())


def test_an_observer_syncs_the_finished_chain(again: Testnet) -> None:
    """It starts with nothing, ends with the same headers and state roots, follows, and signs nothing."""
    observer = again.observer
    observer.start()
    observer.ready()
    height = again.validators[0].height
    until(lambda: observer.height >= height, "the observer has the chain")
    same_everywhere([again.validators[0], observer])
    status = observer.status()
    assert status is not None
    assert (status["type"], status["signs"]) == ("observer", False)
    assert not (observer.plan.folder / "data" / "guard").exists()
    followed = observer.height + 2
    until(lambda: observer.height >= followed, "the observer follows")


def test_what_an_observer_took_while_it_was_alone_reaches_the_chain(again: Testnet) -> None:
    """All validators are down when a client pays; the observer keeps it and tells them when they are back."""
    observer, witness = again.observer.alive(), again.validators[0]
    for node in again.validators:
        node.kill()
    until(lambda: all(row["direction"] == "none" for row in observer.get("peers")), "the observer is alone")
    wallet = Wallet(derived_key(SEED, "institution/EGAT"), again.plan.chain_id)
    raw = wallet.sign([Transfer(wallet.address, Denomination.THB, Amount(1))], time.time_ns() // 1_000_000)
    assert observer.post(raw).status_code == 202
    again.start()
    until(lambda: (row := witness.find(id_of(raw).hex())) and row["status"] == "committed", "it is in a block")
