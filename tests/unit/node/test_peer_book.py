"""Whose node is whose, and who is admitted, follow the chain: licences that name a node's key, keys that rotate, licences that end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.modules.validators.lease import LEASES, TakeLease
from gridnode.modules.validators.messages import Revoke, SetNodeKey, sign_rotation
from gridnode.modules.validators.tables import LICENCES, SEATS, STANDINGS
from gridnode.node.peer_book import PeerBook
from gridnode.primitives.ids import PublicKey
from gridnode.state.kv import Reader
from tests.chain_in_memory import CHAIN, keys_of
from tests.validators_world import ValidatorsWorld, address, licence

CONFIGURED = {b"\x01" * 32: "egat", b"\x02" * 32: "mea", b"\x09" * 32: "observer"}
KEY, OTHER = PublicKey(b"\x07" * 32), PublicKey(b"\x08" * 32)


class Store:
    """What the book asks of a store."""

    def __init__(self, world: ValidatorsWorld) -> None:
        self._world = world

    @property
    def newest(self) -> Reader:
        """The newest state."""
        return self._world.reader


def opened(world: ValidatorsWorld) -> tuple[PeerBook, list[dict[bytes, str]]]:
    """A book, and what it has had admitted."""
    admitted: list[Any] = []
    return PeerBook(Store(world), CONFIGURED, admitted.append, lambda _: None), admitted  # type: ignore[arg-type]


def test_names_of_the_configuration_stand_for_validators() -> None:
    book, admitted = opened(ValidatorsWorld())
    assert dict(book) == {address("egat"): b"\x01" * 32, address("mea"): b"\x02" * 32}
    assert admitted == [], "who is configured is admitted from the start"


def test_a_licence_admits_its_node_and_its_end_does_not() -> None:
    world = ValidatorsWorld()
    world.know("new")
    book, admitted = opened(world)
    world.ok(("erc", replace(licence("new", "alice", 10), node_key=KEY)))
    book.refresh()
    assert book[address("new")] == KEY
    assert admitted == [CONFIGURED | {KEY: "new"}]
    book.refresh()
    assert len(admitted) == 1, "nothing has changed"
    world.ok(("erc", Revoke("new")))
    book.refresh()
    assert address("new") not in book
    assert admitted[1:] == [CONFIGURED]


def test_a_node_that_moves_and_a_key_that_rotates_are_followed() -> None:
    world = ValidatorsWorld()
    world.know("egat2")
    world.ok(("egat", SetNodeKey("egat", KEY)))
    book, admitted = opened(world)
    assert book[address("egat")] == KEY, "the licence goes before the configuration"
    world.ok(("egat", SetNodeKey("egat", OTHER)), ("egat", sign_rotation(CHAIN, "egat", keys_of("egat2-node"))))
    book.refresh()
    assert (book.get(address("egat")), book[address("egat2")]) == (None, OTHER)
    assert admitted == [CONFIGURED | {KEY: "egat"}, CONFIGURED | {OTHER: "egat"}]


def test_the_machine_that_has_the_lease_is_the_validators_node() -> None:
    """It is admitted as long as it has it, unless others know it by configuration; the licensed node stays admitted beside it."""
    world = ValidatorsWorld()
    world.ok(("egat", SetNodeKey("egat", KEY)))
    book, admitted = opened(world)
    world.ok(("egat-node", TakeLease(address("egat"), OTHER, 1)))
    book.refresh()
    assert book[address("egat")] == OTHER
    assert admitted[-1] == CONFIGURED | {KEY: "egat", OTHER: "egat"}
    world.ok(("egat-node", TakeLease(address("egat"), KEY, 2)))
    book.refresh()
    assert book[address("egat")] == KEY
    assert admitted[-1] == CONFIGURED | {KEY: "egat"}


def test_a_lease_takes_no_name_from_a_node_of_another() -> None:
    """A validator may name any key; whose that is stands elsewhere."""
    world = ValidatorsWorld()
    world.ok(("mea", SetNodeKey("mea", KEY)))
    world.ok(("egat-node", TakeLease(address("egat"), KEY, 1)), ("pea-node", TakeLease(address("pea"), PublicKey(b"\x09" * 32), 1)))
    book, admitted = opened(world)
    assert book[address("mea")] == KEY
    assert admitted == [CONFIGURED | {KEY: "mea"}]


def test_a_block_is_looked_at_when_it_changes_licences_seats_or_leases() -> None:
    world = ValidatorsWorld()
    world.know("new")
    book, admitted = opened(world)
    world.ok(("erc", replace(licence("new", "alice", 10), node_key=KEY)))
    book.stored([STANDINGS.key("egat"), BALANCES.key(address("egat"), Denomination.THB)])
    assert admitted == []
    book.stored([STANDINGS.key("egat"), LICENCES.key("new")])
    assert admitted == [CONFIGURED | {KEY: "new"}]
    world.ok(("erc", Revoke("new")))
    book.stored([SEATS.key(address("new"))])
    assert admitted[1:] == [CONFIGURED]
    world.ok(("egat-node", TakeLease(address("egat"), OTHER, 1)))
    book.stored([LEASES.key(address("egat"))])
    assert book[address("egat")] == OTHER
