"""Evidence: what holds is punished once; what is replayed, too old, forged, of a stranger or of who left has its own answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gridnode.chain.evidence import Evidence, check_contradiction, evidence_of, evidence_root
from gridnode.execution.validation import BlockInvalid
from gridnode.modules.token.rules import balance
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators.codes import ValidatorsCode as Code
from gridnode.modules.validators.events import Convicted
from gridnode.modules.validators.messages import Bond, Revoke, Unbond, Unjail, sign_rotation
from gridnode.modules.validators.offences import Clock, check_evidence
from gridnode.modules.validators.queries import convictions, total_stake
from gridnode.modules.validators.tables import MARKS, Status
from gridnode.primitives.errors import Malformed, Rejected
from gridnode.primitives.ids import Signature
from tests.chain_in_memory import CHAIN, GRID, account, keys_of
from tests.validators_world import (
    A,
    B,
    ValidatorsWorld,
    address,
    double_proposal,
    double_vote,
    licence,
    proposal,
    vote,
)


@pytest.fixture
def world() -> ValidatorsWorld:
    """Alice has bonded; a few blocks have gone by."""
    made = ValidatorsWorld()
    made.know("alice", "bob")
    made.ok(("erc", licence("alice", "alice")))
    made.ok(("alice", Bond("alice", 400 * GRID)))
    made.next()
    made.next()
    return made


def answer(world: ValidatorsWorld, evidence: Evidence) -> int:
    """Code with which the next block refuses evidence, 0 when it takes it."""
    now = Clock(world.height + 1, world.ledger.tip.time_ms + 1)
    try:
        check_evidence(world.reader, CHAIN, evidence, now)
    except Rejected as rejected:
        return int(rejected.code)
    return 0


@pytest.mark.parametrize("make", [double_vote, double_proposal])
def test_a_staked_validator_loses_seat_and_share(world: ValidatorsWorld, make: Callable[..., Evidence]) -> None:
    world.ok(("alice", Unbond("alice", 100 * GRID)))
    at = world.height
    before = balance(world.reader, account("erc"), Denomination.GRID)
    world.next(evidence=[make("alice", at)])
    [event] = world.seen(Convicted)
    assert (event.name, event.height, event.slashed, event.keeps_seat) == ("alice", at, 20 * GRID, False)
    assert balance(world.reader, account("erc"), Denomination.GRID) == before + 20 * GRID
    assert world.row("alice").licence.status is Status.CONVICTED
    standing = world.row("alice").standing
    assert (standing.rejected, standing.reputation_ppm) == (2 * (make is double_proposal), 500_000)
    assert "alice" not in world.powers()
    assert total_stake(world.reader) == 380 * GRID
    world.next(after_ms=90_000)
    assert total_stake(world.reader) == 0
    assert balance(world.reader, account("alice"), Denomination.GRID) == 1_000_000 * GRID - 20 * GRID


def test_what_left_the_bond_before_the_offence_is_not_touched(world: ValidatorsWorld) -> None:
    world.ok(("alice", Unbond("alice", 100 * GRID)))
    world.next()
    world.next(evidence=[double_vote("alice", world.height)])
    assert world.seen(Convicted)[0].slashed == 15 * GRID


def test_an_authority_loses_its_seat_until_it_is_licensed_again(world: ValidatorsWorld) -> None:
    world.next(evidence=[double_vote("mea", world.height)])
    assert "mea" not in world.powers()
    assert world.codes(
        ("mea", Unjail("mea")),
        ("mea", sign_rotation(CHAIN, "mea", keys_of("mea2-node"))),
        ("erc", licence("mea", "mea", 10)),
        ("erc", licence("other", "mea", 10, key="mea")),
    ) == [Code.NOT_LICENSED, Code.NOT_LICENSED, Code.KEY_TAKEN, Code.KEY_TAKEN]
    world.know("mea2")
    world.ok(("erc", licence("mea", "mea", 10, key="mea2")))
    assert "mea" in world.powers()


def test_the_last_authority_is_convicted_and_keeps_its_seat() -> None:
    world = ValidatorsWorld()
    world.ok(("erc", Revoke("egat")), ("erc", Revoke("pea")))
    world.next()
    world.next(evidence=[double_vote("mea", world.height)])
    assert world.seen(Convicted)[0].keeps_seat
    assert list(world.powers()) == ["mea"]
    assert [row.name for _, row in convictions(world.reader)] == ["mea"]
    assert answer(world, double_vote("mea", world.height)) == Code.ALREADY_CONVICTED


def test_two_authorities_in_one_block_never_leave_none() -> None:
    world = ValidatorsWorld()
    world.next()
    world.next()
    at = world.height
    world.next(evidence=[double_vote(name, at) for name in ("egat", "mea", "pea")])
    assert [event.keeps_seat for event in world.seen(Convicted)] == [False, False, True]
    assert list(world.powers()) == ["pea"]


def test_replayed_evidence_is_known(world: ValidatorsWorld) -> None:
    at = world.height
    world.next(evidence=[double_vote("alice", at)])
    for again in (double_vote("alice", at), double_vote("alice", at, 3), double_proposal("alice", at)):
        assert answer(world, again) == Code.ALREADY_CONVICTED
    stake = total_stake(world.reader)
    world.next(evidence=[double_vote("alice", at)])
    assert (world.seen(Convicted), total_stake(world.reader)) == ([], stake)


def test_a_block_may_not_carry_one_offence_twice(world: ValidatorsWorld) -> None:
    """A builder leaves the second out; a block that has it is invalid."""
    at = world.height
    pieces = (double_vote("alice", at), double_proposal("alice", at))
    tip = world.ledger.tip
    made = world.ledger.build(tip.time_ms + 1, tip.proposers[0], world.last_commit(), [], pieces)
    assert made.block.evidence == pieces[:1]
    world.ledger.discard()
    header = replace(made.block.header, evidence_root=evidence_root(pieces))
    with pytest.raises(BlockInvalid, match=r"evidence\[1\].*ALREADY_CONVICTED"):
        world.ledger.execute(replace(made.block, header=header, evidence=pieces), ())
    with pytest.raises(BlockInvalid, match="evidence_root"):
        world.ledger.execute(replace(made.block, evidence=()), ())


def test_evidence_comes_before_what_would_escape_it(world: ValidatorsWorld) -> None:
    at = world.height
    executed = world.next(
        ("alice", Unbond("alice", 400 * GRID)),
        ("alice", sign_rotation(CHAIN, "alice", keys_of("alice2-node"))),
        evidence=[double_vote("alice", at)],
    )
    assert [receipt.code for receipt in executed.receipts[:-1]] == [Code.NOT_LICENSED, Code.NOT_LICENSED]
    assert world.seen(Convicted)[0].slashed == 20 * GRID


def test_a_key_that_was_rotated_away_still_convicts(world: ValidatorsWorld) -> None:
    at = world.height
    world.know("alice2")
    world.ok(("alice", sign_rotation(CHAIN, "alice", keys_of("alice2-node"))))
    world.next()
    world.next(evidence=[double_vote("alice", at)])
    assert world.row("alice").licence.status is Status.CONVICTED
    assert "alice" not in world.powers()


def test_who_left_since_still_pays(world: ValidatorsWorld) -> None:
    at = world.height
    world.ok(("erc", Revoke("alice")))
    world.next()
    world.next(evidence=[double_vote("alice", at)])
    assert world.seen(Convicted)[0].slashed == 20 * GRID
    assert world.row("alice").licence.status is Status.REVOKED


def test_votes_of_a_height_without_a_seat_prove_nothing(world: ValidatorsWorld) -> None:
    """Before it entered, after it left, and while it waits to enter."""
    assert answer(world, double_vote("alice", 2)) == Code.NO_SEAT
    world.ok(("erc", Revoke("alice")))
    last = world.height
    world.next()
    assert answer(world, double_vote("alice", last)) == 0
    assert answer(world, double_vote("alice", last + 1)) == Code.NO_SEAT


def test_strangers_the_future_and_forgery(world: ValidatorsWorld) -> None:
    at = world.height
    assert answer(world, double_vote("bob", at)) == Code.UNKNOWN_KEY
    assert answer(world, double_vote("mea", at + 1)) == 0
    assert answer(world, double_vote("mea", at + 2)) == Code.FROM_FUTURE
    true = double_vote("mea", at)
    forged = replace(true, votes=(true.votes[0], replace(true.votes[1], signature=Signature(bytes(64)))))
    forged = forged if forged.votes == tuple(sorted(forged.votes, key=_bytes)) else replace(forged, votes=forged.votes[::-1])
    assert answer(world, forged) == Code.FORGED
    other = double_vote("pea", at)
    mixed = replace(
        true, votes=tuple(replace(item, validator=address("mea")) for item in other.votes)
    )
    assert answer(world, mixed) == Code.FORGED


def _bytes(item: Any) -> bytes:
    from gridnode.codec.records import encode

    return encode(item)


def test_evidence_grows_too_old_by_height(world: ValidatorsWorld) -> None:
    at = world.height
    piece = double_vote("mea", at)
    while world.height + 1 - at < 100:
        world.next(after_ms=1)
    assert answer(world, piece) == 0
    world.next(after_ms=1)
    assert answer(world, piece) == Code.TOO_OLD


def test_evidence_grows_too_old_by_time_and_before_a_bond_is_home(world: ValidatorsWorld) -> None:
    """Between `evidence_ms` and 17/16 of it, whatever the pace of blocks."""
    at = world.height
    began = world.ledger.tip.time_ms
    piece = double_vote("alice", at)
    while answer(world, piece) == 0:
        world.next(after_ms=700)
    age = world.ledger.tip.time_ms - began
    assert 64_000 <= age <= 64_000 * 17 // 16 + 1_400
    assert answer(world, piece) == Code.TOO_OLD
    assert len(list(MARKS.scan(world.reader))) <= 40


def test_contradictions_that_are_none() -> None:
    one = vote("mea", 3, A)
    for other in (
        one,
        vote("pea", 3, B),
        vote("mea", 4, B),
        vote("mea", 3, B, round_=1),
        vote("mea", 3, B, kind=2),  # type: ignore[arg-type]
        proposal("mea", 3, B),
    ):
        with pytest.raises(Malformed):
            evidence_of(one, other)
    with pytest.raises(Malformed):
        evidence_of(proposal("mea", 3, A), proposal("mea", 3, A))
    evidence_of(proposal("mea", 3, A, 2), proposal("mea", 3, A, 2, valid_round=1))
    made = double_vote("mea", 3)
    with pytest.raises(Malformed, match="smaller"):
        check_contradiction(replace(made, votes=made.votes[::-1]))


