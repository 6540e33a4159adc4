"""Licences: from the regulator alone, never the last authority's, keys for ever, and each change at the next height and at none before."""

from dataclasses import replace

import pytest

from gridnode.modules.registry.messages import AddRegulator
from gridnode.modules.validators.codes import ValidatorsCode as Code
from gridnode.modules.validators.events import KeyRotated, Licensed, Revoked, SetChanged
from gridnode.modules.validators.messages import (
    License,
    Revoke,
    RotateKey,
    SetNodeKey,
    SetWeight,
    sign_rotation,
)
from gridnode.modules.validators.seats import had_seat
from gridnode.modules.validators.tables import BONDS, Kind, Status
from gridnode.primitives.ids import PublicKey, Signature
from tests.chain_in_memory import CHAIN, keys_of
from tests.validators_world import ValidatorsWorld, address, licence, node_key


@pytest.fixture
def world() -> ValidatorsWorld:
    return ValidatorsWorld()


def test_an_authority_enters_at_the_next_height(world: ValidatorsWorld) -> None:
    world.know("erc")
    voted = world.ledger.tip.validators
    world.ok(("erc", licence("ERC", "erc", 5, key="erc")))
    assert world.ledger.tip.voted == voted
    assert world.powers() == {"egat": 10, "mea": 10, "pea": 10, "ERC": 5}
    assert world.seen(Licensed)[0].name == "ERC"
    assert world.seen(SetChanged)[0].power == 35
    entered = world.height + 1
    world.next()
    assert (had_seat(world.reader, address("erc"), entered - 1), had_seat(world.reader, address("erc"), entered)) == (
        False,
        True,
    )
    assert world.ledger.tip.voted == world.ledger.tip.validators


def test_one_authority_is_replaced_by_another_in_one_block(world: ValidatorsWorld) -> None:
    world.know("new")
    world.ok(("erc", licence("new", "erc", 10)), ("erc", Revoke("egat")))
    assert world.powers() == {"mea": 10, "pea": 10, "new": 10}
    last = world.height
    world.next()
    world.next()
    assert had_seat(world.reader, address("egat"), last)
    assert not had_seat(world.reader, address("egat"), last + 1)
    assert world.row("egat").licence.status is Status.REVOKED


def test_the_last_authority_stays(world: ValidatorsWorld) -> None:
    calls = [("erc", Revoke(name)) for name in ("egat", "mea", "pea")]
    assert world.codes(*calls) == [0, 0, Code.LAST_AUTHORITY]
    assert list(world.powers()) == ["pea"]
    assert world.codes(("erc", Revoke("pea"))) == [Code.LAST_AUTHORITY]


def test_a_weight_changes_the_power(world: ValidatorsWorld) -> None:
    world.ok(("erc", SetWeight("mea", 25)))
    assert world.powers() == {"egat": 10, "mea": 25, "pea": 10}
    world.know("alice")
    world.ok(("erc", licence("alice", "alice")))
    codes = world.codes(
        ("alice", SetWeight("mea", 1)),
        ("erc", SetWeight("nobody", 1)),
        ("erc", SetWeight("alice", 1)),
    )
    assert codes == [Code.NOT_REGULATOR, Code.UNKNOWN_VALIDATOR, Code.WRONG_KIND]


def test_licences_refused(world: ValidatorsWorld) -> None:
    fresh = licence("new", "alice", 3)
    cases = [
        ("alice", fresh, Code.NOT_REGULATOR),
        ("erc", replace(fresh, operator=BONDS), Code.RESERVED_ACCOUNT),
        ("erc", replace(fresh, name="egat"), Code.NAME_TAKEN),
        ("erc", replace(fresh, weight=0), Code.WRONG_WEIGHT),
        ("erc", replace(fresh, kind=Kind.STAKED), Code.WRONG_WEIGHT),
        ("erc", replace(fresh, key=node_key("egat")), Code.KEY_TAKEN),
    ]
    assert world.codes(*[(sender, message) for sender, message, _ in cases]) == [code for _, _, code in cases]
    assert "new" not in world.powers()


def test_a_node_key_is_one_validators(world: ValidatorsWorld) -> None:
    key = PublicKey(b"\x07" * 32)
    world.ok(("egat", SetNodeKey("egat", key)))
    assert world.codes(
        ("mea", SetNodeKey("mea", key)),
        ("egat", SetNodeKey("mea", key)),
        ("egat", SetNodeKey("egat", key)),
        ("egat", SetNodeKey("egat", PublicKey(b""))),
        ("mea", SetNodeKey("mea", key)),
        ("erc", replace(licence("new", "alice", 1), node_key=key)),
    ) == [Code.NODE_KEY_TAKEN, Code.NOT_OPERATOR, 0, 0, 0, Code.NODE_KEY_TAKEN]


def test_as_many_as_a_set_holds() -> None:
    world = ValidatorsWorld()
    for start in range(0, 125, 25):
        world.ok(*[("erc", licence(f"s{number}", "alice")) for number in range(start, start + 25)])
    assert world.codes(("erc", licence("more", "alice"))) == [Code.TOO_MANY]
    world.ok(("erc", Revoke("s7")), ("erc", licence("more", "alice")))


def test_a_key_is_rotated_at_the_next_height(world: ValidatorsWorld) -> None:
    world.know("mea2")
    world.ok(("mea", sign_rotation(CHAIN, "mea", keys_of("mea2-node"))))
    assert world.seen(KeyRotated)[0].key == node_key("mea2")
    assert world.powers()["mea"] == 10
    tip = world.ledger.tip
    assert tip.voted.get(address("mea")) is not None
    assert tip.validators.get(address("mea")) is None
    assert tip.validators.get(address("mea2")) is not None
    world.next()
    world.next()
    assert not had_seat(world.reader, address("mea"), world.height)


def test_rotations_refused(world: ValidatorsWorld) -> None:
    fresh = sign_rotation(CHAIN, "mea", keys_of("mea2-node"))
    assert world.codes(
        ("egat", fresh),
        ("mea", sign_rotation(CHAIN, "nobody", keys_of("mea2-node"))),
        ("mea", sign_rotation(CHAIN, "mea", keys_of("pea-node"))),
        ("mea", sign_rotation(CHAIN, "mea", keys_of("mea-node"))),
    ) == [Code.NOT_OPERATOR, Code.UNKNOWN_VALIDATOR, Code.KEY_TAKEN, Code.KEY_TAKEN]
    world.ok(("erc", Revoke("mea")))
    assert world.codes(("mea", fresh)) == [Code.NOT_LICENSED]


def test_the_proof_of_a_rotation_is_a_signature_to_check() -> None:
    """The new key's, over chain, name and key; whoever takes transactions in checks it with the sender's."""
    from gridnode.crypto.keys import verify
    from gridnode.modules.validators.messages import CHECKS

    [check] = CHECKS[RotateKey](sign_rotation(CHAIN, "mea", keys_of("mea2-node")), CHAIN)
    assert verify(*check)
    for wrong in (
        RotateKey("mea", node_key("mea2"), Signature(bytes(64))),
        replace(sign_rotation(CHAIN, "mea", keys_of("mea2-node")), name="pea"),
        sign_rotation("other-chain", "mea", keys_of("mea2-node")),
    ):
        [check] = CHECKS[RotateKey](wrong, CHAIN)
        assert not verify(*check)


def test_a_revoked_licence_comes_back_with_its_old_key_or_a_new_one(world: ValidatorsWorld) -> None:
    world.ok(("erc", Revoke("mea")))
    assert world.seen(Revoked)
    assert world.codes(("erc", Revoke("mea"))) == [Code.NOT_LICENSED]
    world.ok(("erc", licence("mea", "mea", 4)))
    assert world.powers()["mea"] == 4
    world.next()
    world.ok(("erc", Revoke("mea")))
    world.know("mea3")
    world.ok(("erc", licence("mea", "mea", 4, key="mea3")))
    world.next()
    assert world.ledger.tip.validators.get(address("mea3")) is not None


def test_a_new_regulator_may_license_too(world: ValidatorsWorld) -> None:
    world.ok(("erc", AddRegulator(licence("x", "alice").operator, "Alice")), ("alice", licence("new", "bob")))
    assert isinstance(licence("new", "bob"), License)
    assert world.row("new").seat is None
