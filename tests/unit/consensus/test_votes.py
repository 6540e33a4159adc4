"""Counting votes: thresholds against the obvious count, equivocation, and bounds on what is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.chain.vote import VoteKind
from gridnode.consensus.tally import Added, Tally
from gridnode.consensus.votes import Heard, VoteKeeper
from gridnode.primitives.ids import NO_HASH, Hash
from gridnode.primitives.limits import MAX_FUTURE_ROUNDS, MAX_KEPT_ROUNDS
from gridnode.primitives.units import Height, Round
from tests.unit.consensus.setting import address, block, validators, vote

A, B, C, D = (block(name) for name in "ABCD")
PREVOTE, PRECOMMIT = VoteKind.PREVOTE, VoteKind.PRECOMMIT
NOW = Round(0)


def keeper(powers: list[int]) -> VoteKeeper:
    """A keeper for validators of these powers."""
    return VoteKeeper(validators(powers))


def hear(votes: VoteKeeper, sender: int, block_hash: Hash, round_: int = 0, now: int = 0, kind: VoteKind = PREVOTE) -> Heard:
    """Count a vote."""
    return votes.add(vote(kind, sender, round_, block_hash), Round(now))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_thresholds_are_those_of_the_validator_set(powers: list[int]) -> None:
    votes, members = keeper(powers), validators(powers)
    for power in range(sum(powers) + 2):
        assert (power >= votes.quorum_power) is members.is_quorum(power)
        assert (power >= votes.skip_power) is members.is_skip(power)


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=7),
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from([A, B, NO_HASH]))),
)
def test_counts_are_those_of_the_obvious_count(powers: list[int], heard: list[tuple[int, Hash]]) -> None:
    """As long as nobody votes for more than two blocks, every message counts, as in the paper."""
    votes, members = keeper(powers), validators(powers)
    said: dict[int, list[Hash]] = {}
    first_quorum = None
    for sender, block_hash in heard:
        fits = sender < len(powers)
        mine = said.setdefault(sender, []) if fits else []
        if block_hash not in mine and len(mine) == 2:
            continue
        news = fits and block_hash not in mine
        assert hear(votes, sender, block_hash).counted is news
        if news:
            mine.append(block_hash)
        voters = sum(powers[one] for one, blocks in said.items() if block_hash in blocks)
        if members.is_quorum(voters) and first_quorum is None:
            first_quorum = block_hash
        assert votes.quorum(PREVOTE, NOW) == first_quorum
        everybody = sum(powers[one] for one, blocks in said.items() if blocks)
        assert votes.any_quorum(PREVOTE, NOW) is members.is_quorum(everybody)


def test_power_counts_once_however_often_a_vote_comes() -> None:
    votes = keeper([1, 1, 1, 1])
    assert hear(votes, 0, A) == Heard(True)
    for _ in range(5):
        assert hear(votes, 0, A) == Heard(False)
    assert not votes.any_quorum(PREVOTE, NOW)
    assert votes.skip_round(Round(-1)) is None


def test_prevotes_and_precommits_are_counted_apart() -> None:
    votes = keeper([1, 1, 1, 1])
    for sender in (0, 1):
        hear(votes, sender, A)
    hear(votes, 2, A, kind=PRECOMMIT)
    assert not votes.any_quorum(PREVOTE, NOW)
    assert not votes.any_quorum(PRECOMMIT, NOW)


def test_strangers_are_not_counted() -> None:
    votes = keeper([1])
    assert hear(votes, 5, A) == Heard(False)
    assert votes.votes(PREVOTE, NOW) == []


def test_equivocation_is_told_once_and_counts_for_both() -> None:
    votes = keeper([1, 1, 1, 1])
    hear(votes, 3, A)
    assert hear(votes, 3, B) == Heard(True, vote(PREVOTE, 3, 0, A))
    assert hear(votes, 3, C) == Heard(False)
    assert hear(votes, 3, B) == Heard(False)
    for sender in (0, 1):
        hear(votes, sender, B)
    assert votes.quorum(PREVOTE, NOW) == B
    assert hear(votes, 3, A, kind=PRECOMMIT) == Heard(True), "another step is no contradiction"


def test_lies_cannot_keep_out_the_vote_that_matters() -> None:
    """v3 shows two blocks that nobody else votes for; its vote for the others' block comes when it is sent again."""
    votes = keeper([1, 1, 1, 1])
    for lie in (C, D):
        hear(votes, 3, lie)
    assert hear(votes, 3, B) == Heard(False)
    for sender in (0, 1):
        hear(votes, sender, B)
    assert hear(votes, 3, B) == Heard(True)
    assert votes.quorum(PREVOTE, NOW) == B


def test_a_tally_names_what_became_of_a_vote() -> None:
    tally = Tally(3)
    said = [tally.add(vote(PREVOTE, 0, 0, block_hash), 1) for block_hash in (A, A, B, C)]
    assert said == [Added.NEW, Added.KNOWN, Added.CONFLICT, Added.IGNORED]
    tally.add(vote(PREVOTE, 1, 0, C), 1)
    assert tally.add(vote(PREVOTE, 0, 0, C), 1) is Added.REPLACED
    assert tally.power_of == {A: 1, B: 0, C: 2}
    tally.remove(address(0), 1)
    assert (tally.power, tally.power_of) == (1, {A: 0, B: 0, C: 1})


def test_skip_needs_more_than_a_third_of_one_round() -> None:
    votes = keeper([1, 1, 1, 1])
    hear(votes, 0, NO_HASH, round_=3)
    hear(votes, 1, NO_HASH, round_=4)
    assert votes.skip_round(NOW) is None
    hear(votes, 1, A, round_=3, kind=PRECOMMIT)
    assert votes.skip_round(NOW) == 3
    assert votes.skip_round(Round(3)) is None


def test_proposals_count_as_messages_of_their_round() -> None:
    votes = keeper([1, 1, 1, 1])
    hear(votes, 0, NO_HASH, round_=3)
    assert votes.hear_proposal(address(1), Round(3), NOW)
    assert votes.skip_round(NOW) == 3
    assert not votes.hear_proposal(address(9), Round(3), NOW)


def test_of_rounds_ahead_a_validator_has_its_latest_few() -> None:
    votes = keeper([1, 1, 1, 1])
    for round_ in range(1, 100):
        assert hear(votes, 0, A, round_=round_).counted
    kept = [round_ for round_ in range(1, 100) if votes.votes(PREVOTE, Round(round_))]
    assert kept == list(range(100 - MAX_FUTURE_ROUNDS, 100))
    assert not hear(votes, 0, A, round_=50).counted
    hear(votes, 1, A, round_=99)
    assert votes.skip_round(NOW) == 99


def test_rounds_behind_are_bounded_and_those_with_a_polka_go_last() -> None:
    votes = keeper([1, 1, 1, 1])
    for round_ in range(3 * MAX_KEPT_ROUNDS):
        for sender in range(3):
            hear(votes, sender, A if round_ == 5 else NO_HASH, round_, now=round_)
        votes.prune(Round(round_))
    kept = [round_ for round_ in range(3 * MAX_KEPT_ROUNDS) if votes.keeps(Round(round_))]
    assert len(kept) <= MAX_KEPT_ROUNDS
    assert kept[0] == 5
    assert votes.quorum(PREVOTE, Round(5)) == A


def test_a_decided_round_is_never_forgotten() -> None:
    votes = keeper([1, 1, 1, 1])
    for sender in range(3):
        hear(votes, sender, A, kind=PRECOMMIT)
    for round_ in range(1, 3 * MAX_KEPT_ROUNDS):
        hear(votes, 0, NO_HASH, round_, now=round_)
        votes.prune(Round(round_))
    assert votes.committed == (0, A)
    assert len(votes.votes(PRECOMMIT, NOW, A)) == 3


def test_nil_is_never_committed() -> None:
    votes = keeper([1, 1, 1, 1])
    for sender in range(4):
        hear(votes, sender, NO_HASH, kind=PRECOMMIT)
    assert votes.quorum(PRECOMMIT, NOW) == NO_HASH
    assert votes.committed is None


@pytest.mark.parametrize("missing", range(4))
def test_a_commit_has_an_entry_for_each_validator(missing: int) -> None:
    votes = keeper([1, 1, 1, 1])
    for sender in range(4):
        if sender != missing:
            hear(votes, sender, A, round_=2, kind=PRECOMMIT, now=2)
    commit = votes.commit(Height(1), Round(2), A)
    assert [bool(signature) for signature in commit.signatures] == [sender != missing for sender in range(4)]
    assert commit.signatures[(missing + 1) % 4] == vote(PRECOMMIT, (missing + 1) % 4, 2, A).signature
