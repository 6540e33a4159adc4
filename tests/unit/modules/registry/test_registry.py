"""Participants, points, meters: every result code, what each message does, pages, and invariants that notice what is torn."""

from typing import Any

import pytest

from gridnode.modules.market.tables import ESCROW_ACCOUNT
from gridnode.modules.registry import queries
from gridnode.modules.registry.codes import RegistryCode
from gridnode.modules.registry.invariants import check_block, check_whole
from gridnode.modules.registry.messages import (
    AddGateway,
    AddRegulator,
    BindMeter,
    RebindMeter,
    RegisterParticipant,
    RegisterPoint,
    ReinstateParticipant,
    RemoveGateway,
    RemoveRegulator,
    SuspendParticipant,
    UnbindMeter,
    Withdraw,
)
from gridnode.modules.registry.standing import has_role, meter_by_device, require_active
from gridnode.modules.registry.tables import (
    DEVICES,
    METERS,
    METERS_BY_POINT,
    POINTS,
    POINTS_BY_OWNER,
    ROLES,
    Direction,
    Kind,
    Meter,
    Participant,
    Point,
    Role,
    Source,
    Status,
)
from gridnode.primitives.errors import InvariantBroken, Rejected
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from tests.chain_in_memory import MemoryChain, account, keys_of

ALICE, BOB, CAROL, ERC = map(account, ("alice", "bob", "carol", "erc"))
DEVICE = keys_of("device-1").public_key
OTHER = keys_of("device-2").public_key


def enrol(name: str, zone: str = "CITY") -> RegisterParticipant:
    return RegisterParticipant(account(name), Kind.PROSUMER, zone, name)


def bind(meter: str, key: bytes = DEVICE, point: str = "P1", **changes: Any) -> BindMeter:
    fields = {"direction": Direction.GENERATION, "source": Source.SOLAR, "max_energy_wh": 50_000} | changes
    return BindMeter(meter, point, key, **fields)


@pytest.fixture
def chain() -> MemoryChain:
    """Alice is active with point P1 and meter M1 in CITY, bob is suspended, carol has withdrawn."""
    made = MemoryChain()
    assert made.run("erc", enrol("alice"), enrol("bob"), enrol("carol"), SuspendParticipant(BOB, "")) == 0
    assert made.run("carol", Withdraw("moved")) == 0
    assert made.run("mea", RegisterPoint("P1", ALICE, "CITY"), bind("M1")) == 0
    return made


NEW = account("nobody")


@pytest.mark.parametrize(
    ("sender", "message", "code"),
    [
        ("alice", enrol("nobody"), RegistryCode.NOT_REGULATOR),
        ("erc", enrol("nobody", "MOON"), RegistryCode.UNKNOWN_ZONE),
        ("erc", enrol("alice"), RegistryCode.ALREADY_REGISTERED),
        (
            "erc",
            RegisterParticipant(ESCROW_ACCOUNT, Kind.CONSUMER, "CITY", ""),
            RegistryCode.RESERVED_ACCOUNT,
        ),
        ("erc", AddRegulator(ESCROW_ACCOUNT, ""), RegistryCode.RESERVED_ACCOUNT),
        ("mea", SuspendParticipant(ALICE, ""), RegistryCode.NOT_REGULATOR),
        ("erc", SuspendParticipant(NEW, ""), RegistryCode.UNKNOWN_PARTICIPANT),
        ("erc", SuspendParticipant(BOB, ""), RegistryCode.WRONG_STATUS),
        ("erc", SuspendParticipant(CAROL, ""), RegistryCode.WRONG_STATUS),
        ("alice", ReinstateParticipant(BOB), RegistryCode.NOT_REGULATOR),
        ("erc", ReinstateParticipant(ALICE), RegistryCode.WRONG_STATUS),
        ("erc", ReinstateParticipant(NEW), RegistryCode.UNKNOWN_PARTICIPANT),
        ("egat", Withdraw(""), RegistryCode.UNKNOWN_PARTICIPANT),
        ("bob", Withdraw(""), RegistryCode.NOT_ACTIVE),
        ("carol", Withdraw(""), RegistryCode.NOT_ACTIVE),
        ("alice", AddRegulator(ALICE, "me"), RegistryCode.NOT_REGULATOR),
        ("erc", AddRegulator(ERC, "again"), RegistryCode.ALREADY_REGULATOR),
        ("alice", RemoveRegulator(ERC), RegistryCode.NOT_REGULATOR),
        ("erc", RemoveRegulator(ALICE), RegistryCode.UNKNOWN_REGULATOR),
        ("erc", RemoveRegulator(ERC), RegistryCode.LAST_REGULATOR),
        ("alice", AddGateway(ALICE, "me"), RegistryCode.NOT_REGULATOR),
        ("erc", AddGateway(ESCROW_ACCOUNT, ""), RegistryCode.RESERVED_ACCOUNT),
        ("alice", RemoveGateway(ALICE), RegistryCode.NOT_REGULATOR),
        ("erc", RemoveGateway(ERC), RegistryCode.UNKNOWN_GATEWAY),
        ("mea", RegisterPoint("P2", ALICE, "MOON"), RegistryCode.UNKNOWN_ZONE),
        ("pea", RegisterPoint("P2", ALICE, "CITY"), RegistryCode.NOT_DSO),
        ("mea", RegisterPoint("P2", NEW, "CITY"), RegistryCode.UNKNOWN_PARTICIPANT),
        ("mea", RegisterPoint("P2", BOB, "CITY"), RegistryCode.NOT_ACTIVE),
        ("mea", RegisterPoint("P1", ALICE, "CITY"), RegistryCode.POINT_EXISTS),
        ("mea", bind("M2", OTHER, "P2"), RegistryCode.UNKNOWN_POINT),
        ("pea", bind("M2", OTHER), RegistryCode.NOT_DSO),
        ("mea", bind("M1", OTHER), RegistryCode.METER_EXISTS),
        ("mea", bind("M2", OTHER, source=Source.GRID), RegistryCode.WRONG_SOURCE),
        ("mea", bind("M2", OTHER, direction=Direction.CONSUMPTION), RegistryCode.WRONG_SOURCE),
        ("mea", bind("M2", DEVICE), RegistryCode.DEVICE_TAKEN),
        ("mea", RebindMeter("M2", OTHER), RegistryCode.UNKNOWN_METER),
        ("alice", RebindMeter("M1", OTHER), RegistryCode.NOT_DSO),
        ("mea", RebindMeter("M1", DEVICE), RegistryCode.DEVICE_TAKEN),
        ("mea", UnbindMeter("M2"), RegistryCode.UNKNOWN_METER),
        ("pea", UnbindMeter("M1"), RegistryCode.NOT_DSO),
    ],
)
def test_refusals(chain: MemoryChain, sender: str, message: Any, code: RegistryCode) -> None:
    assert chain.run(sender, message) == code


def test_codes_are_frozen() -> None:
    assert [(code.name, int(code)) for code in RegistryCode] == [
        ("NOT_REGULATOR", 201),
        ("UNKNOWN_METER", 202),
        ("UNKNOWN_POINT", 203),
        ("UNKNOWN_ZONE", 204),
        ("NOT_DSO", 205),
        ("RESERVED_ACCOUNT", 206),
        ("UNKNOWN_PARTICIPANT", 207),
        ("NOT_ACTIVE", 208),
        ("ALREADY_REGISTERED", 209),
        ("WRONG_STATUS", 210),
        ("ALREADY_REGULATOR", 211),
        ("UNKNOWN_REGULATOR", 212),
        ("LAST_REGULATOR", 213),
        ("POINT_EXISTS", 214),
        ("METER_EXISTS", 215),
        ("WRONG_SOURCE", 216),
        ("NOT_BOUND", 217),
        ("DEVICE_TAKEN", 218),
        ("ALREADY_GATEWAY", 219),
        ("UNKNOWN_GATEWAY", 220),
    ]


def test_numbers_of_enums_are_frozen() -> None:
    assert [int(source) for source in Source] == [0, 1, 2, 3, 4, 5]
    assert [source.name for source in Source] == ["GRID", "SOLAR", "WIND", "HYDRO", "BIOMASS", "GEOTHERMAL"]
    assert [int(status) for status in Status] == [1, 2, 3]
    assert [int(role) for role in Role] == [1, 2, 3, 4, 5]
    assert [int(direction) for direction in Direction] == [1, 2]
    assert [int(kind) for kind in Kind] == [1, 2]


def test_what_was_registered_is_found(chain: MemoryChain) -> None:
    meter = Meter("P1", DEVICE, Direction.GENERATION, Source.SOLAR, 50_000)
    assert queries.participant(chain.reader, ALICE) == Participant(Kind.PROSUMER, "CITY", Status.ACTIVE, "alice")
    assert queries.points_of(chain.reader, ALICE, 10) == [("P1", "CITY")]
    assert queries.point(chain.reader, "P1") == Point(ALICE, "CITY")
    assert queries.meters_of_point(chain.reader, "P1", 10) == [("M1", meter)]
    assert meter_by_device(chain.reader, DEVICE) == ("M1", meter)
    assert meter_by_device(chain.reader, OTHER) is None
    assert queries.services(chain.reader) == [("CITY", account("mea")), ("NORTH", account("pea"))]
    check_whole(chain.reader)


def test_suspension_ends_with_reinstatement(chain: MemoryChain) -> None:
    with pytest.raises(Rejected):
        require_active(chain.reader, BOB)
    assert chain.run("erc", ReinstateParticipant(BOB), ReinstateParticipant(CAROL)) == 0
    assert require_active(chain.reader, BOB).status is Status.ACTIVE
    assert require_active(chain.reader, CAROL).status is Status.ACTIVE


def test_no_new_meter_for_who_is_suspended(chain: MemoryChain) -> None:
    assert chain.run("erc", SuspendParticipant(ALICE, "")) == 0
    assert chain.run("mea", bind("M2", OTHER)) == RegistryCode.NOT_ACTIVE
    assert chain.run("mea", RebindMeter("M1", OTHER)) == 0


def test_device_is_exchanged(chain: MemoryChain) -> None:
    assert chain.run("mea", RebindMeter("M1", OTHER)) == 0
    assert meter_by_device(chain.reader, DEVICE) is None
    found = meter_by_device(chain.reader, OTHER)
    assert found is not None
    assert found[0] == "M1"
    assert chain.run("mea", bind("M2", DEVICE)) == 0
    check_whole(chain.reader)


def test_unbound_meter_keeps_its_name_and_can_be_bound_again(chain: MemoryChain) -> None:
    assert chain.run("mea", UnbindMeter("M1")) == 0
    assert meter_by_device(chain.reader, DEVICE) is None
    assert chain.run("mea", UnbindMeter("M1")) == RegistryCode.NOT_BOUND
    assert chain.run("mea", bind("M1", OTHER)) == RegistryCode.METER_EXISTS
    check_whole(chain.reader)
    assert chain.run("mea", RebindMeter("M1", DEVICE)) == 0


def test_regulators_come_and_go_but_the_last(chain: MemoryChain) -> None:
    assert chain.run("erc", AddRegulator(ALICE, "second")) == 0
    assert chain.run("alice", RemoveRegulator(ERC)) == 0
    assert chain.run("alice", RemoveRegulator(ALICE)) == RegistryCode.LAST_REGULATOR
    assert [row[0] for row in queries.institutions(chain.reader)].count(Role.REGULATOR) == 1


def test_gateways_come_and_go(chain: MemoryChain) -> None:
    assert chain.run("erc", AddGateway(ALICE, "edge box")) == 0
    assert chain.run("erc", AddGateway(ALICE, "again")) == RegistryCode.ALREADY_GATEWAY
    assert (Role.GATEWAY, ALICE, "edge box") in queries.institutions(chain.reader)
    assert chain.run("erc", RemoveGateway(ALICE)) == 0
    assert not has_role(chain.reader, ALICE, Role.GATEWAY)


def test_bulk_of_256_is_all_or_nothing() -> None:
    chain = MemoryChain()
    enrolments = [RegisterParticipant(account(f"p{n}"), Kind.CONSUMER, "NORTH", "") for n in range(256)]
    assert chain.run("erc", *enrolments[:255], enrolments[0]) == RegistryCode.ALREADY_REGISTERED
    assert queries.participants(chain.reader, 300) == []
    assert chain.run("erc", *enrolments) == 0
    everybody = queries.participants(chain.reader, 300)
    assert len(everybody) == 256
    first = queries.participants(chain.reader, 100)
    assert first + queries.participants(chain.reader, 300, first[-1][0]) == everybody


def test_pages_of_points_and_meters(chain: MemoryChain) -> None:
    points = [RegisterPoint(f"Q{n}", ALICE, "CITY") for n in range(5)]
    meters = [bind(f"N{n}", keys_of(f"n{n}").public_key) for n in range(5)]
    assert chain.run("mea", *points, *meters) == 0
    assert [name for name, _ in queries.points_of(chain.reader, ALICE, 2, "Q1")] == ["Q2", "Q3"]
    assert [name for name, _ in queries.points(chain.reader, 2, "P1")] == ["Q0", "Q1"]
    assert [name for name, _ in queries.meters_of_point(chain.reader, "P1", 9, "N1")] == ["N2", "N3", "N4"]
    assert [name for name, _ in queries.meters(chain.reader, 3)] == ["M1", "N0", "N1"]


@pytest.mark.parametrize(
    "change",
    [
        lambda state: POINTS.delete(state, "P1"),
        lambda state: POINTS.put(state, "P1", Point(BOB, "CITY")),
        lambda state: POINTS.put(state, "P9", Point(NEW, "CITY")),
        lambda state: METERS.delete(state, "M1"),
        lambda state: METERS.put(state, "M1", Meter("P1", OTHER, Direction.GENERATION, Source.SOLAR, 1)),
        lambda state: METERS.put(state, "M9", Meter("P1", b"", Direction.GENERATION, Source.SOLAR, 1)),
        lambda state: DEVICES.put(state, OTHER, "M1"),
        lambda state: ROLES.delete(state, Role.REGULATOR, ERC),
    ],
)
def test_block_invariants_notice_what_is_torn(chain: MemoryChain, change: Any) -> None:
    state = State(chain.reader)
    change(state)
    with pytest.raises(InvariantBroken):
        check_block(chain.reader, state.writes())


@pytest.mark.parametrize(
    "change",
    [
        lambda state: POINTS_BY_OWNER.put(state, ALICE, "P9", "CITY"),
        lambda state: METERS_BY_POINT.put(state, "P1", "M9", Direction.GENERATION),
        lambda state: DEVICES.put(state, OTHER, "M1"),
        lambda state: ROLES.delete(state, Role.REGULATOR, ERC),
    ],
)
def test_whole_invariants_notice_what_is_torn(chain: MemoryChain, change: Any) -> None:
    state = State(chain.reader)
    change(state)
    torn = MemoryReader(dict(chain.reader.scan(b"\x00", b"\xff")))
    torn.apply(state.writes())
    with pytest.raises(InvariantBroken):
        check_whole(torn)
