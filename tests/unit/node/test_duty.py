"""Whether a machine signs: lease, guard, the floor of a guard that was lost, the alarm; and when a standby takes over."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
import trio

from gridnode.chain.vote import Proposal, Vote, VoteKind, vote_hash
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import key_pair
from gridnode.modules.validators.lease import Lease
from gridnode.node.duty import Duty
from gridnode.node.takeover import Takeover
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import NO_HASH, Hash
from gridnode.signer.signs import Away, OwnKey
from gridnode.storage.first_guard import begin_marked, guard_above, is_marked_new, mark_new
from gridnode.storage.sign_guard import Refused, SignGuard, last_signed

CHAIN = "duty"
KEYS = key_pair(sha256(b"validator").digest())
ME = address_of(KEYS.public_key)
ONE, TWO = b"1" * 32, b"2" * 32
BLOCK, RIVAL = Hash(b"b" * 32), Hash(b"r" * 32)


@pytest.fixture
def guard(tmp_path: Path) -> SignGuard:
    """A new one."""
    return SignGuard(tmp_path / "guard", CHAIN, KEYS)


@pytest.fixture
def new(guard: SignGuard, tmp_path: Path) -> SignGuard:
    """That of a key that somebody says is new."""
    mark_new(tmp_path)
    begin_marked(guard, tmp_path)
    return guard


def begins(
    duty: Duty,
    height: int,
    lease: Lease | None = None,
    resumed: bool = False,
    signed: int = 0,
    heard: bool = True,
) -> bool:
    """Whether the machine may sign at a height.

    `signed` is the newest commit that has its precommit, `heard` whether enough others have told that they stand where it does.
    """

    async def script() -> bool:
        return await duty.begin(height, lease, resumed, signed, heard)

    return trio.run(script)


def vote(height: int, round_: int, kind: VoteKind, block_hash: Hash) -> Vote:
    """A vote of the validator's key, signed past every guard."""
    signature = KEYS.sign(vote_hash(CHAIN, kind, height, round_, block_hash))
    return Vote(kind, height, round_, block_hash, ME, signature)


@pytest.mark.parametrize(
    ("pair", "lease", "signs"),
    [
        ("", None, True),
        ("primary", None, True),
        ("standby", None, False),
        ("", Lease(1, TWO, 5), False),
        ("primary", Lease(1, TWO, 5), False),
        ("standby", Lease(1, ONE, 5), True),
        ("", Lease(2, ONE, 5), True),
    ],
)
def test_the_lease_decides_and_before_it_the_configuration(
    new: SignGuard, pair: str, lease: Lease | None, signs: bool
) -> None:
    """Each row of the rule; in no row do two machines with different keys sign, unless both are configured as the primary."""
    assert begins(Duty(OwnKey(new), ONE, pair), 6, lease) is signs


def test_at_each_height_one_of_two_signs(tmp_path: Path) -> None:
    """The lease changes at heights 4 and 6; each machine sees the same rows, however late."""
    duties = [
        Duty(OwnKey(guard_above(tmp_path / name, CHAIN, KEYS, 0)), key, pair)
        for name, key, pair in (("one", ONE, "primary"), ("two", TWO, "standby"))
    ]
    leases = {1: None, 2: None, 3: None, 4: Lease(1, TWO, 4), 5: Lease(1, TWO, 4), 6: Lease(2, ONE, 6)}
    told = {height: [begins(duty, height, lease) for duty in duties] for height, lease in leases.items()}
    assert told == {1: [True, False], 2: [True, False], 3: [True, False], 4: [False, True], 5: [False, True], 6: [True, False]}


def test_what_a_guard_of_an_earlier_life_has_signed_is_over_first(guard: SignGuard) -> None:
    """The chain was put back: nothing up to the guard's height, but for the height that the log resumes."""
    guard.sign_vote(VoteKind.PRECOMMIT, 9, 0, BLOCK)
    duty = Duty(OwnKey(guard), ONE)
    assert begins(duty, 9, resumed=True)
    assert not begins(duty, 7, resumed=True)
    assert "height 9" in duty.listens_because
    assert not begins(duty, 9)
    assert begins(duty, 10)
    assert duty.listens_because == ""


def test_a_lost_guard_is_raised_above_what_it_may_have_signed(guard: SignGuard) -> None:
    """Caught up at tip 9: heights 10 and 11 are given up, once."""
    duty = Duty(OwnKey(guard), ONE)
    assert not begins(duty, 10, resumed=True)
    assert guard.last is not None
    assert (guard.last.is_floor, guard.last.height) == (True, 11)
    assert [begins(duty, height) for height in (11, 12)] == [False, True]
    guard.sign_vote(VoteKind.PREVOTE, 12, 0, BLOCK)
    assert begins(duty, 60, signed=12)  # the chain shows nothing that the guard does not know


def test_a_lost_guard_signs_nothing_before_enough_others_were_heard(guard: SignGuard) -> None:
    """Not at the first height either, and however many heights are decided here by commits that somebody sends: they may be old."""
    duty = Duty(OwnKey(guard), ONE)
    assert not begins(duty, 1, resumed=True, heard=False)
    assert "told how far they are" in duty.listens_because
    assert not any(begins(duty, height, heard=False) for height in range(2, 40))
    assert guard.last is None, "no floor is known yet"
    assert [begins(duty, height) for height in (40, 41, 42)] == [False, False, True]


def test_a_floor_of_an_earlier_life_is_not_believed(guard: SignGuard) -> None:
    """It was set at an old tip, by this node or by `doctor --rebuild-guard`: it is settled again, with what is heard now."""
    guard.raise_to(5)
    duty = Duty(OwnKey(guard), ONE)
    assert not begins(duty, 9, resumed=True, heard=False)
    assert not begins(duty, 10, heard=False)
    assert [begins(duty, height) for height in (11, 12, 13)] == [False, False, True]


def test_a_commit_that_shows_more_than_the_guard_knows_makes_it_a_lost_one(guard: SignGuard) -> None:
    """It came from a backup. The commit may come by sync or from a peer that helps; what it showed is not forgotten at the next height."""
    guard.sign_vote(VoteKind.PREVOTE, 1, 0, BLOCK)
    duty = Duty(OwnKey(guard), ONE)
    assert begins(duty, 2, heard=False)
    assert not begins(duty, 50, signed=48, heard=False)
    assert not begins(duty, 51, heard=False)
    assert not begins(duty, 52)
    assert guard.last is not None
    assert (guard.last.is_floor, guard.last.height) == (True, 53)
    assert [begins(duty, height) for height in (53, 54)] == [False, True]


def test_a_commit_above_the_floor_settles_it_anew(guard: SignGuard) -> None:
    """Whoever was heard had told too little."""
    duty = Duty(OwnKey(guard), ONE)
    assert not begins(duty, 10, resumed=True)
    assert not begins(duty, 20, signed=18)
    assert [begins(duty, height) for height in (21, 22)] == [False, True]


def test_precommits_of_the_other_machine_are_none_of_its_own(new: SignGuard) -> None:
    """The lease went away and came back: what was signed while another machine had it is not held against this one's guard."""
    new.sign_vote(VoteKind.PRECOMMIT, 4, 0, BLOCK)
    duty = Duty(OwnKey(new), ONE, "primary")
    assert not begins(duty, 9, Lease(1, TWO, 5), signed=8)
    assert begins(duty, 10, Lease(2, ONE, 10), heard=False)


def test_a_key_that_is_said_to_be_new_signs_at_once(new: SignGuard, tmp_path: Path) -> None:
    """At height 1 without having heard anybody, so that a new chain starts; and at the first height of a validator that joins late."""
    assert begins(Duty(OwnKey(new), ONE), 1, resumed=True, heard=False)
    assert begins(Duty(OwnKey(new), ONE), 500, heard=False)
    assert not is_marked_new(tmp_path)


def test_the_word_is_good_once(new: SignGuard, tmp_path: Path) -> None:
    """The guard's file goes: nobody believes that the key is new."""
    (tmp_path / "guard").unlink()
    again = SignGuard(tmp_path / "guard", CHAIN, KEYS)
    begin_marked(again, tmp_path)
    assert again.last is None
    assert not begins(Duty(OwnKey(again), ONE), 1, resumed=True, heard=False)


def test_a_mark_beside_a_guard_makes_it_forget_nothing(guard: SignGuard, tmp_path: Path) -> None:
    """The process died between the two steps, or somebody made the file by hand."""
    guard.sign_vote(VoteKind.PRECOMMIT, 9, 0, BLOCK)
    mark_new(tmp_path)
    begin_marked(guard, tmp_path)
    assert guard.last is not None
    assert guard.last.height == 9
    assert not is_marked_new(tmp_path)


def test_an_operators_word_replaces_a_floor_and_nothing_else(guard: SignGuard, tmp_path: Path) -> None:
    """Guards of more than a third were lost at tip 10: the floors they set keep the chain from going on, until someone knows better."""
    path = tmp_path / "guard"
    guard.raise_to(12)
    told = guard_above(path, CHAIN, KEYS, 10)
    assert begins(Duty(OwnKey(told), ONE), 11, resumed=True, heard=False)
    assert last_signed(path.with_suffix(".floor")) == guard.last
    told.sign_vote(VoteKind.PREVOTE, 11, 0, BLOCK)
    with pytest.raises(OperatorError, match="remembers by itself"):
        guard_above(path, CHAIN, KEYS, 10)
    path.unlink()
    SignGuard(path, "another", KEYS).raise_to(3)
    with pytest.raises(OperatorError, match="another key's or chain's"):
        guard_above(path, CHAIN, KEYS, 10)


def test_a_standby_settles_while_it_looks_on(guard: SignGuard, tmp_path: Path) -> None:
    """What it may have signed in an earlier life is over when it gets the lease; one that has heard nobody goes on listening."""
    duty = Duty(OwnKey(guard), TWO, "standby")
    assert not begins(duty, 30, None, resumed=True)
    assert [begins(duty, height, Lease(1, TWO, 31), heard=False) for height in (31, 32)] == [False, True]
    deaf = Duty(OwnKey(SignGuard(tmp_path / "other", CHAIN, KEYS)), TWO, "standby")
    assert not begins(deaf, 30, None, resumed=True, heard=False)
    assert not begins(deaf, 31, Lease(1, TWO, 31), heard=False)


def test_a_floor_that_cannot_be_set_is_not_forgotten(guard: SignGuard) -> None:
    """The signer was away when the guard was to be raised; it signs nothing before that is done."""

    class Fails(OwnKey):
        away = True

        async def raise_to(self, height: int) -> Refused | Away | None:
            return Away("gone") if self.away else await super().raise_to(height)

    key = Fails(guard)
    duty = Duty(key, ONE)
    assert not begins(duty, 10, resumed=True)
    assert not begins(duty, 11)
    assert "cannot be raised" in duty.listens_because
    key.away = False
    assert begins(duty, 12)
    assert guard.last is not None
    assert guard.last.height == 11


def test_it_stops_when_its_key_says_what_its_guard_has_not_signed(new: SignGuard) -> None:
    """A later step, or another one of the same step; not its own words, not those of an earlier step, not another height's."""
    guard, duty = new, Duty(OwnKey(new), ONE)
    assert begins(duty, 5)
    own = guard.sign_vote(VoteKind.PREVOTE, 5, 1, BLOCK)
    assert isinstance(own, Vote)
    for harmless in (own, vote(5, 0, VoteKind.PRECOMMIT, BLOCK), vote(6, 0, VoteKind.PREVOTE, BLOCK), vote(4, 9, VoteKind.PREVOTE, RIVAL)):
        duty.hears(harmless)
        assert not duty.alarm
    duty.hears(vote(5, 1, VoteKind.PRECOMMIT, NO_HASH))
    assert "precommit at height 5 round 1 for nil" in duty.alarm
    assert not begins(duty, 6)
    assert duty.listens_because == duty.alarm


@pytest.mark.parametrize("second", [vote(5, 1, VoteKind.PREVOTE, RIVAL), Proposal(5, 2, -1, RIVAL, ME, b"s" * 64)])
def test_each_kind_of_second_voice(new: SignGuard, second: Vote | Proposal) -> None:
    """Another vote of the same step, a proposal of a later round."""
    guard, duty = new, Duty(OwnKey(new), ONE)
    begins(duty, 5)
    guard.sign_vote(VoteKind.PREVOTE, 5, 1, BLOCK)
    duty.hears(second)
    assert duty.alarm


def test_a_proof_of_two_signatures_stops_it(guard: SignGuard) -> None:
    """Whichever step it is of."""
    duty = Duty(OwnKey(guard), ONE)
    begins(duty, 5)
    duty.contradicted(vote(5, 0, VoteKind.PREVOTE, BLOCK), vote(5, 0, VoteKind.PREVOTE, RIVAL))
    assert "another of the same step" in duty.alarm


def test_who_expects_the_other_machine_counts_its_words(guard: SignGuard) -> None:
    """The standby hears the primary; a machine that knows too little to judge says nothing either."""
    standby = Duty(OwnKey(guard), TWO, "standby")
    begins(standby, 5)
    standby.hears(vote(5, 0, VoteKind.PREVOTE, BLOCK))
    assert (standby.heard_other, standby.alarm) == (1, "")
    lost = Duty(OwnKey(guard), ONE)
    assert not begins(lost, 5, resumed=True)
    lost.hears(vote(5, 0, VoteKind.PREVOTE, BLOCK))
    assert lost.alarm == ""


def test_when_a_standby_takes_over() -> None:
    """Three commits without the validator, and so long without a word; again only after as long."""
    seen = Takeover(2_000, 0)
    for _ in range(2):
        seen.stored(False, 0)
    assert not seen.is_due(10_000)
    seen.stored(False, 5_000)
    seen.heard(1, 5_000)
    assert [seen.is_due(at) for at in (5_000, 6_999, 7_000)] == [False, False, True]
    seen.tried(7_000)
    assert [seen.is_due(at) for at in (7_000, 8_999, 9_000)] == [False, False, True]
    seen.stored(True, 9_000)
    assert (seen.missed, seen.is_due(20_000)) == (0, False)
    never = Takeover(0, 0)
    for _ in range(9):
        never.stored(False, 0)
    assert not never.is_due(10**9)
