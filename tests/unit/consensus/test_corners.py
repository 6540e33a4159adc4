"""What seldom happens in consensus: bounds that are reached, events out of time, a listener, a log with a contradiction."""

from __future__ import annotations

from gridnode.chain.commit import Commit
from gridnode.chain.vote import VoteKind
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.exchange import Exchange
from gridnode.consensus.inputs import (
    CommitReceived,
    Event,
    ProposalReceived,
    TimeoutElapsed,
    TimeoutKind,
    VoteReceived,
)
from gridnode.consensus.journal import entry_of
from gridnode.consensus.knowledge import Knowledge, Verdict
from gridnode.consensus.machine import State
from gridnode.consensus.votes import VoteKeeper
from gridnode.primitives.ids import NO_HASH, Signature
from gridnode.primitives.limits import MAX_FUTURE_ROUNDS, MAX_KEPT_ROUNDS, MAX_SUMMARY_BLOCKS
from gridnode.primitives.units import Height, Round
from tests.unit.consensus.setting import PARAMS, address, block, order_of, proposal, start, validators, vote
from tests.unit.consensus.test_engine import (
    FOUR,
    PRECOMMIT,
    PREVOTE,
    PROPOSER,
    A,
    B,
    decided,
    engine,
    feed,
    known,
    of,
    votes,
)


def knowledge() -> Knowledge:
    """What is known of height 1 at its start."""
    return Knowledge(Height(1), FOUR, order_of(FOUR, 1))


def test_a_listener_comes_along_and_signs_nothing() -> None:
    """A node without a seat follows the rounds of the others and decides with them."""
    one = engine(address(9))
    effects = feed(one, ProposalReceived(proposal(PROPOSER, 0, A)), known(A), *votes(PREVOTE, A, 1, 2, 3), *votes(PRECOMMIT, A, 1, 2, 3))
    assert of(effects, fx.Decide)
    assert not of(effects, fx.SignVote)
    assert not of(effects, fx.Persist)


def test_a_resend_that_comes_after_the_decision_says_nothing() -> None:
    """The timeout was in the queue when it was cancelled."""
    one, _ = decided()
    assert feed(one, TimeoutElapsed(TimeoutKind.RESEND, Height(1), Round(0))) == []


def test_only_messages_wait_for_a_height_to_come() -> None:
    """A commit of a height above is no use before its validators are known; block sync brings it."""
    above = Commit(Height(2), Round(0), A, (Signature(b""),) * 4)
    assert feed(engine(), CommitReceived(above), known(A, height=2)) == []


def test_a_summary_tells_a_few_blocks_apart_and_the_others_together() -> None:
    """More blocks in one step than an honest network can have: who voted for the last of them stands in one set."""
    many = validators([1] * (MAX_SUMMARY_BLOCKS + 2))
    told = Knowledge(Height(1), many, order_of(many, 1))
    for number in range(len(many.members)):
        told.hear_vote(vote(PREVOTE, number, 0, block(f"block {number}")), Round(0))
    heard = Exchange(told).summary(State(round=Round(0)), answers=False)
    prevotes = heard.rounds[-1].prevotes
    assert len(prevotes.blocks) == MAX_SUMMARY_BLOCKS
    assert sum(byte.bit_count() for byte in prevotes.others) == 2


def test_a_proposal_of_a_round_too_far_ahead_is_not_kept() -> None:
    """Of rounds ahead of ours a proposer's latest few are kept, and a lower one is not worth one of them."""
    told, order = knowledge(), order_of(FOUR, 1)
    rounds = [Round(4 * number) for number in range(2, MAX_FUTURE_ROUNDS + 2)]
    for round_ in rounds:
        assert told.hear_proposal(proposal(order[0], round_, A), Round(0)) == (True, None)
    assert told.hear_proposal(proposal(order[0], Round(4), A), Round(0)) == (False, None)
    assert sorted(told.proposals) == rounds


def test_a_proposer_that_contradicts_itself_is_told_once() -> None:
    """The first proposal counts; the second is evidence, a third says nothing new."""
    one = engine()
    first, second, third = (proposal(PROPOSER, 0, block(name)) for name in ("A", "B", "C"))
    effects = feed(one, *(ProposalReceived(told) for told in (first, first, second, third)))
    assert of(effects, fx.Evidence) == [fx.Evidence(first, second)]


def test_the_first_verdict_on_a_block_counts() -> None:
    told = knowledge()
    assert told.learn(A, Verdict(valid=True, timely=True))
    assert not told.learn(A, Verdict(valid=False, timely=False))
    assert told.is_valid(A)


def test_proposals_are_forgotten_with_their_rounds() -> None:
    """After hours without a decision the oldest rounds are dropped, what was proposed in them too."""
    told, order = knowledge(), order_of(FOUR, 1)
    last = MAX_KEPT_ROUNDS + 10
    for number in range(last + 1):
        assert told.hear_proposal(proposal(order[number % 4], Round(number), A), Round(number))[0]
    told.prune(Round(last))
    assert len(told.proposals) <= MAX_KEPT_ROUNDS
    assert last in told.proposals
    assert 0 not in told.proposals


def test_no_more_past_rounds_than_the_bound() -> None:
    """A vote of one more round of the past is not counted; for one that is kept it is."""
    keeper, now = VoteKeeper(FOUR), Round(MAX_KEPT_ROUNDS + 5)
    for number in range(MAX_KEPT_ROUNDS):
        assert keeper.add(vote(PREVOTE, 0, number, A), now).counted
    assert not keeper.add(vote(PREVOTE, 0, MAX_KEPT_ROUNDS, A), now).counted
    assert keeper.add(vote(PREVOTE, 1, 0, A), now).counted


def test_a_round_ahead_stays_while_somebody_else_is_in_it() -> None:
    """Whoever is pushed on by its own later messages leaves the round to the others."""
    keeper = VoteKeeper(FOUR)
    for sender in (0, 1):
        assert keeper.add(vote(PREVOTE, sender, 5, A), Round(0)).counted
    for round_ in range(6, 6 + MAX_FUTURE_ROUNDS):
        assert keeper.add(vote(PREVOTE, 0, round_, A), Round(0)).counted
    assert keeper.vote_of(address(0), VoteKind.PREVOTE, Round(5)) is None
    assert keeper.vote_of(address(1), VoteKind.PREVOTE, Round(5)) is not None


def test_a_log_with_a_contradiction_and_a_decision_tells_both_again() -> None:
    """Evidence and the decision may have been cut short by the crash; summaries and cancelled timeouts need no repeating."""
    heard: list[Event] = [
        ProposalReceived(proposal(PROPOSER, 0, A)),
        known(A),
        VoteReceived(vote(PREVOTE, 1, 0, A)),
        VoteReceived(vote(PREVOTE, 1, 0, B)),
        *votes(PRECOMMIT, A, 1, 2, 3),
    ]
    left = Engine(PARAMS, address(0)).restore(start(1, FOUR), [entry_of(event) for event in heard])
    assert len(of(left, fx.Evidence)) == 1
    assert len(of(left, fx.Decide)) == 1
    assert not of(left, fx.CancelTimeouts)


def test_votes_for_nil_leave_a_listener_in_its_round() -> None:
    """The timer of the round goes on; nothing is signed for it."""
    one = engine(address(9))
    effects = feed(one, ProposalReceived(proposal(PROPOSER, 0, A)), *votes(PREVOTE, NO_HASH, 1, 2, 3))
    assert not of(effects, fx.SignVote)
