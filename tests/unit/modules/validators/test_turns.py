"""Turns: the order, zones, misses read from commits, jail and the way back, reputation."""

from collections import Counter
from itertools import pairwise

import pytest

from gridnode.modules.validators.codes import ValidatorsCode as Code
from gridnode.modules.validators.events import Jailed, Missed, Summary, Unjailed
from gridnode.modules.validators.messages import Revoke, Unjail
from gridnode.modules.validators.standing import lowered, raised
from gridnode.modules.validators.tables import FULL, LEAST, Status
from gridnode.modules.validators.turns import Turn, next_seed, order_of
from gridnode.primitives.ids import Address, Hash
from tests.validators_world import ValidatorsWorld, address, licence


def turns(*entries: tuple[str, int]) -> list[Turn]:
    """Members by zone and tickets."""
    return [Turn(Address(bytes([number]) * 20), zone, tickets) for number, (zone, tickets) in enumerate(entries)]


def seed(number: int) -> Hash:
    """One of many seeds."""
    return next_seed(Hash(number.to_bytes(32, "big")), bytes(32))


def test_everyone_has_one_turn_in_as_many_rounds() -> None:
    members = turns(("", 1), ("N", 5), ("N", 50), ("S", 500), ("", 5000))
    for number in range(200):
        assert sorted(order_of(seed(number), members, "")) == [turn.address for turn in members]


def test_first_turns_are_drawn_by_tickets() -> None:
    members, heights = turns(("", 10), ("", 20), ("", 30), ("", 40)), 4_000
    firsts = Counter(order_of(seed(number), members, "")[0][0] for number in range(heights))
    for index, turn in enumerate(members):
        expected = heights * turn.tickets // 100
        assert (firsts[index] - expected) ** 2 < 9 * expected * (100 - turn.tickets) // 100


def test_no_zone_twice_in_a_row_while_another_can() -> None:
    members = turns(("N", 1_000), ("N", 1_000), ("S", 1), ("S", 1))
    for number in range(100):
        zones = [members[item[0]].zone for item in order_of(seed(number), members, "N")]
        assert zones == ["S", "N", "S", "N"]


def test_a_zone_that_is_alone_goes_on() -> None:
    members = turns(("N", 1), ("N", 1), ("S", 1))
    for number in range(50):
        zones = [members[item[0]].zone for item in order_of(seed(number), members, "S")]
        assert zones in (["N", "S", "N"],)
    assert order_of(seed(1), turns(("N", 1)), "N") == (members[0].address,)


def test_without_a_zone_one_may_follow_oneself() -> None:
    members = turns(("", 1_000_000), ("", 1))
    assert {order_of(seed(number), members, "")[0] for number in range(50)} == {members[0].address}


@pytest.fixture
def world() -> ValidatorsWorld:
    return ValidatorsWorld()


def test_zones_are_those_of_licences(world: ValidatorsWorld) -> None:
    """The zone of who made a block is not the next one's."""
    names = ("n1", "n2", "s1")
    world.know(*names)
    world.ok(*[("erc", licence(name, "alice", 10, zone=name[0])) for name in names])
    world.ok(*[("erc", Revoke(name)) for name in ("egat", "mea", "pea")])
    zones = []
    for _ in range(30):
        maker = world.next().block.header.proposer
        zones.append(world.keys[maker][0])
    assert all(left != right for left, right in pairwise(zones[1:]))


def test_a_later_round_is_a_miss_of_those_before(world: ValidatorsWorld) -> None:
    world.next()
    order = world.ledger.tip.proposers
    world.next(maker=order[2])
    world.next(round_=2)
    missed = [world.keys[who] for who in order[:2]]
    assert [(event.name, event.height, event.missed_in_row) for event in world.seen(Missed)] == [
        (name, 2, 1) for name in missed
    ]
    assert [world.row(name).standing.missed for name in missed] == [1, 1]
    assert world.row(world.keys[order[2]]).standing.made >= 1


def test_who_made_the_block_has_not_missed_its_turn(world: ValidatorsWorld) -> None:
    """Its block was found valid in round 0 and committed when another proposed it again in round 1."""
    world.next()
    order = world.ledger.tip.proposers
    made = {name: world.row(name).standing.made for name in ("egat", "mea", "pea")}
    world.next()
    made = {name: world.row(name).standing.made for name in made}
    world.next(round_=1)
    assert not world.seen(Missed)
    for who in order[:2]:
        assert world.row(world.keys[who]).standing.made == made[world.keys[who]] + 1


def test_however_many_rounds_a_height_is_one_miss(world: ValidatorsWorld) -> None:
    world.next()
    order = world.ledger.tip.proposers
    world.next(maker=order[0])
    world.next(round_=99_999)
    assert len(world.seen(Missed)) <= 2
    assert all(world.row(name).standing.missed <= 1 for name in ("egat", "mea", "pea"))


def without(world: ValidatorsWorld, name: str) -> None:
    """A block made by the first in turn that is not `name`."""
    world.next(maker=next(who for who in world.ledger.tip.proposers if who != address(name)))


def absent(world: ValidatorsWorld, name: str, times: int) -> None:
    """`name` misses so many first turns, and the last of them is counted; everybody else makes theirs."""
    while times:
        first = world.ledger.tip.proposers[0] == address(name)
        times -= first
        without(world, name) if first else world.next()
    world.next()


def test_three_misses_in_a_row_are_jail_and_a_message_is_the_way_back(world: ValidatorsWorld) -> None:
    absent(world, "mea", 3)
    assert [event.missed_in_row for event in world.history if isinstance(event, Missed)] == [1, 2, 3]
    [jailed] = world.seen(Jailed)
    assert (jailed.name, jailed.until_ms) == ("mea", world.ledger.tip.time_ms + 20_000)
    assert world.powers() == {"egat": 10, "pea": 10}
    assert world.codes(("mea", Unjail("mea")), ("egat", Unjail("mea")), ("egat", Unjail("egat"))) == [
        Code.STILL_JAILED,
        Code.NOT_OPERATOR,
        Code.NOT_JAILED,
    ]
    world.next(after_ms=20_000)
    world.ok(("mea", Unjail("mea")))
    assert world.seen(Unjailed)
    assert world.powers() == {"egat": 10, "mea": 10, "pea": 10}
    assert world.row("mea").standing.missed_in_row == 0


def test_a_turn_made_ends_the_row(world: ValidatorsWorld) -> None:
    absent(world, "mea", 2)
    while world.next().block.header.proposer != address("mea"):
        pass
    world.next()
    assert world.row("mea").standing.missed_in_row == 0
    absent(world, "mea", 2)
    assert world.row("mea").licence.status is Status.ACTIVE


def test_absence_never_jails_more_than_a_third_of_the_authorities(world: ValidatorsWorld) -> None:
    """One of three equals is a third; the second would be two thirds, however long it stays away."""
    absent(world, "mea", 3)
    absent(world, "egat", 5)
    assert (world.row("mea").licence.status, world.row("egat").licence.status) == (Status.JAILED, Status.ACTIVE)
    assert world.row("egat").standing.missed_in_row == 5


def test_a_heavy_authority_is_not_jailed_for_absence() -> None:
    world = ValidatorsWorld(weights={"mea": 11})
    absent(world, "mea", 4)
    assert world.row("mea").licence.status is Status.ACTIVE


def test_reputation_falls_and_comes_back(world: ValidatorsWorld) -> None:
    absent(world, "mea", 2)
    low = world.row("mea").standing.reputation_ppm
    assert low == FULL - FULL // 8 - (FULL - FULL // 8) // 8
    while world.height % 100 < 99:
        without(world, "mea")
    jailed = world.row("mea").standing
    without(world, "mea")
    assert jailed.reputation_ppm < low
    assert world.row("mea").standing.reputation_ppm == raised(jailed.reputation_ppm)
    [summary] = world.seen(Summary)
    assert (summary.validators, summary.power, summary.misses) == (2, 20, world.row("mea").standing.missed)


def test_reputation_is_bounded() -> None:
    value = FULL
    for _ in range(100):
        value = lowered(value, 8)
        assert LEAST <= value < FULL
    assert value == LEAST == lowered(LEAST, 2)
    for _ in range(400):
        value = raised(value)
        assert value <= FULL
    assert value == FULL == raised(FULL)


def test_a_bad_reputation_means_fewer_turns() -> None:
    """Half the reputation, half the tickets: the draw takes power x reputation."""
    world = ValidatorsWorld(weights={"mea": 100, "egat": 100, "pea": 100})
    absent(world, "mea", 2)
    from gridnode.modules.validators import queries
    from gridnode.modules.validators.turns import turns_of

    tickets = {turn.address: turn.tickets for turn in turns_of(world.reader, queries.seats(world.reader))}
    assert tickets[address("mea")] == 100 * world.row("mea").standing.reputation_ppm // FULL < 100
    assert tickets[address("egat")] == 100


def test_the_order_is_fixed_by_the_block_before_the_last(world: ValidatorsWorld) -> None:
    """Two contents of block h give one order for h + 1, and two for h + 2."""
    other = ValidatorsWorld()
    for one in (world, other):
        one.next()
    world.next()
    other.next(after_ms=1_001)
    assert world.ledger.tip.proposers == other.ledger.tip.proposers
    differ = 0
    for _ in range(12):
        world.next()
        other.next()
        differ += world.ledger.tip.proposers != other.ledger.tip.proposers
    assert differ


