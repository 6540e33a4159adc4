"""What a seed means: everything that is promised to go wrong does, and names that are none are refused."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from gridnode.primitives.errors import OperatorError
from gridnode.simulation.disk import Disk
from gridnode.simulation.kernel import Clock
from gridnode.simulation.links import Links
from gridnode.simulation.plan import ALL, Fault, Lie, Plan, Wish, parse_faults, plan_of

PLANS = [plan_of(Wish(seed)) for seed in range(400)]


def share(count: int) -> int:
    """Percent of the plans."""
    return 100 * count // len(PLANS)


@pytest.mark.parametrize("fault", ALL)
def test_each_fault_is_drawn_in_a_good_part_of_the_seeds(fault: Fault) -> None:
    assert share(sum(fault in plan.percent for plan in PLANS)) >= 30


@pytest.mark.parametrize("lie", Lie)
def test_each_lie_is_drawn(lie: Lie) -> None:
    assert share(sum(lie in lies for plan in PLANS for lies in plan.liars.values())) >= 3


def test_somebody_lies_is_dead_has_a_wrong_clock_or_is_jailed_in_a_good_part_of_the_seeds() -> None:
    assert share(sum(bool(plan.liars) for plan in PLANS)) >= 30
    assert share(sum(bool(plan.dead) for plan in PLANS)) >= 5
    assert share(sum(bool(plan.wrong_clocks) for plan in PLANS)) >= 5
    assert share(sum(bool(plan.misses_to_jail) for plan in PLANS)) >= 5


@pytest.mark.parametrize("plan", PLANS)
def test_who_is_impaired_is_less_than_a_third(plan: Plan) -> None:
    """Liars, the dead and wrong clocks together; and whoever is named exists once."""
    impaired = (*plan.liars, *plan.dead, *plan.wrong_clocks)
    assert len({*impaired}) == len(impaired)
    assert plan.is_few(impaired)


def test_none_is_a_good_world_and_one_fault_is_that_alone() -> None:
    for seed in range(50):
        good = plan_of(Wish(seed, faults=()))
        assert not (good.percent)
        assert not (good.liars)
        assert not (good.dead)
        assert not (good.heal_ms)
        assert not (good.misses_to_jail)
        assert {*plan_of(Wish(seed, faults=(Fault.LOSS,))).percent} <= {Fault.LOSS}


def test_names_of_faults() -> None:
    """In the order of the list, whatever order they are asked for in, each once."""
    assert parse_faults("all") == ALL
    assert parse_faults("none") == ()
    assert parse_faults("power, loss,loss") == (Fault.LOSS, Fault.POWER)


@pytest.mark.parametrize("text", ["", "los", "all,loss", "none,loss", "loss,,crash", "LOSS"])
def test_a_name_that_is_none_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(OperatorError, match=r"--faults: expected all, none, or some of delay,loss,.*, got"):
        parse_faults(text)


def test_links_are_cut_one_way_and_the_network_is_split() -> None:
    """Asymmetric: some link is down while its way back is not."""

    class Place:
        life, side = None, 0

        def __init__(self, number: int) -> None:
            self.number, self.peer_key = number, bytes([number + 1])

    clock = Clock()
    links = Links(clock, Random(1), Plan(Wish(1), (1,) * 4, {}, heal_ms=20_000, percent={Fault.PARTITION: 20}))
    for number in range(4):
        links.join(Place(number))  # type: ignore[arg-type]
    one_way = both_ways = 0
    for now_ms in range(0, 20_000, 400):
        clock.run(now_ms, lambda: False)
        down = dict(links._down)
        one_way += sum((to, sender) not in down for sender, to in down)
        both_ways += sum((to, sender) in down for sender, to in down)
    assert one_way > 20
    assert both_ways > 20


def test_a_disk_loses_and_tears_what_was_not_synced() -> None:
    """Over many power cuts: all of it is gone, a part of it is there, and bytes that never came are zeros."""
    kept: dict[str, int] = {"nothing": 0, "a part": 0, "torn": 0, "all": 0}
    for seed in range(200):
        disk = Disk(Random(seed), lambda: None)
        file = disk.append(Path("folder/file"))
        file.write(b"synced.")
        file.sync()
        disk.sync_names(Path("folder"))
        file.write(b"not synced")
        disk.lose_power()
        data = disk.read(Path("folder/file"))
        assert data.startswith(b"synced.")
        rest = data.removeprefix(b"synced.")
        what = "nothing" if not rest else "all" if rest == b"not synced" else "torn" if b"\0" in rest else "a part"
        kept[what] += 1
    assert min(kept.values()) > 0, kept
