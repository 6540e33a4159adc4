"""The engine between heights, its log and its bounds; what happens within a height is in the transcripts and the machine's table."""

from __future__ import annotations

import pytest

from gridnode.chain.commit import Commit
from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import (
    BlockBuilt,
    BlockKnown,
    CommitReceived,
    Event,
    ProposalReceived,
    TimeoutElapsed,
    TimeoutKind,
    VoteReceived,
    WorkAvailable,
    height_of,
)
from gridnode.consensus.journal import KINDS, entry_of, event_of
from gridnode.consensus.machine import Step
from gridnode.consensus.timeouts import timeout_ms
from gridnode.primitives.errors import InvariantBroken, Malformed
from gridnode.primitives.ids import NO_HASH, Address, Hash, Signature
from gridnode.primitives.limits import MAX_AHEAD_MESSAGES
from gridnode.primitives.units import Height, Round
from tests.unit.consensus.setting import PARAMS, address, block, proposal, start, validators, vote

A, B = block("A"), block("B")
FOUR = validators([1, 1, 1, 1])
PREVOTE, PRECOMMIT = VoteKind.PREVOTE, VoteKind.PRECOMMIT
PROPOSER = address(3)  # of round 0 at height 1, see the transcripts


def engine(me: Address | None = None, height: int = 1) -> Engine:
    """An engine that has started a height; v0 unless told."""
    made = Engine(PARAMS, me or address(0))
    made.handle(start(height, FOUR))
    return made


def votes(kind: VoteKind, block_hash: Hash, *senders: int, height: int = 1, round_: int = 0) -> list[VoteReceived]:
    """Votes as inputs."""
    return [VoteReceived(vote(kind, sender, round_, block_hash, height)) for sender in senders]


def feed(one: Engine, *events: Event) -> list[fx.Effect]:
    """Feed events; all effects."""
    return [effect for event in events for effect in one.handle(event)]


def of(effects: list[fx.Effect], kind: type) -> list[fx.Effect]:
    """The effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def known(block_hash: Hash, valid: bool = True, height: int = 1) -> BlockKnown:
    """A block's verdict."""
    return BlockKnown(Height(height), block_hash, valid, True, b"block" if valid else b"")


def decided() -> tuple[Engine, list[fx.Effect]]:
    """An engine that has decided A at height 1, and the effects of that."""
    one = engine()
    effects = feed(one, ProposalReceived(proposal(PROPOSER, 0, A)), known(A), *votes(PRECOMMIT, A, 1, 2, 3))
    return one, effects


def test_before_the_first_height_nothing_happens() -> None:
    one = Engine(PARAMS, address(0))
    assert feed(one, *votes(PREVOTE, A, 1, 2, 3), WorkAvailable(Height(1))) == []
    assert (one.height, one.round, one.step, one.signs) == (0, -1, Step.START, False)
    assert one.commit_of(1) is None


def test_lines_52_to_54_a_new_height_forgets_the_old_one() -> None:
    one, effects = decided()
    assert [type(effect) for effect in effects[-2:]] == [fx.CancelTimeouts, fx.Decide]
    one.handle(start(2, FOUR))
    state = one._driver.state if one._driver else None
    assert state is not None
    assert (one.height, state.round, state.locked_round, state.valid_round) == (2, -1, -1, -1)
    assert one._driver is not None
    assert one._driver.known.proposals == {}


def test_heights_ascend() -> None:
    one = engine(height=5)
    for height in (5, 4):
        with pytest.raises(InvariantBroken, match="heights_ascend"):
            one.handle(start(height, FOUR))


def test_a_height_that_sync_has_passed_is_cancelled() -> None:
    one = engine()
    effects = one.handle(start(9, FOUR))
    assert effects[0] == fx.CancelTimeouts(Height(1))
    assert one.height == 9


def test_old_messages_do_nothing_and_are_answered_with_the_commit() -> None:
    one, _ = decided()
    before = one.commit_of(1)
    assert before is not None
    one.handle(start(2, FOUR))
    assert feed(one, *votes(PREVOTE, A, 1, 2, 3), ProposalReceived(proposal(PROPOSER, 0, B)), known(B)) == []
    assert one.commit_of(1) == before
    assert one.commit_of(2) is None


def test_late_precommits_make_the_commit_fuller() -> None:
    one, effects = decided()
    decide = effects[-1]
    assert isinstance(decide, fx.Decide)
    late = vote(PRECOMMIT, 0, 0, A)
    assert one.handle(VoteReceived(late)) == []
    fuller = one.commit_of(1)
    assert fuller is not None
    assert sum(map(bool, decide.commit.signatures)) == 3
    assert sum(map(bool, fuller.signatures)) == 4
    one.handle(start(2, FOUR))
    assert one.commit_of(1) == fuller


def test_a_commit_joins_what_came_whole_and_what_was_counted() -> None:
    one = engine()
    signatures = tuple(Signature(b"s" * 64 if sender else b"") for sender in range(4))
    whole = Commit(Height(1), Round(0), A, signatures)
    effects = feed(one, *votes(PRECOMMIT, A, 0), CommitReceived(whole), known(A))
    decide = effects[-1]
    assert isinstance(decide, fx.Decide)
    assert [bool(signature) for signature in decide.commit.signatures] == [True] * 4


def test_a_final_block_that_is_invalid_here_stops_the_node() -> None:
    one = engine()
    feed(one, known(A, valid=False))
    with pytest.raises(InvariantBroken, match="decided_block_is_valid"):
        feed(one, *votes(PRECOMMIT, A, 1, 2, 3))


def test_a_proposal_is_of_the_proposer_and_well_formed() -> None:
    one = engine()
    wrong = [proposal(address(1), 0, A), proposal(PROPOSER, 0, A, valid_round=0), proposal(PROPOSER, 0, NO_HASH)]
    assert feed(one, *map(ProposalReceived, wrong)) == []
    assert of(one.handle(ProposalReceived(proposal(PROPOSER, 0, A))), fx.ObtainBlock)


def test_a_block_that_comes_after_nil_is_executed_only_when_a_polka_asks_for_it() -> None:
    """Its verdict has no meaning until then, and executing it would take the ledger from the round to come."""
    one = engine()
    feed(one, TimeoutElapsed(TimeoutKind.HEARTBEAT, Height(1), Round(0)), TimeoutElapsed(TimeoutKind.PROPOSE, Height(1), Round(0)))
    assert one.step is Step.PREVOTE
    late = feed(one, ProposalReceived(proposal(PROPOSER, 0, A)), *votes(PREVOTE, A, 1, 2))
    assert of(late, fx.ObtainBlock) == []
    assert one.proposed(Round(0)) == A
    polka = of(feed(one, *votes(PREVOTE, A, 3)), fx.ObtainBlock)
    assert [(effect.block_hash, effect.holders) for effect in polka] == [(A, (PROPOSER, address(1), address(2)))]


def test_each_reason_for_a_block_asks_at_once_who_has_it() -> None:
    """A proposer that is gone is not waited for when others have voted, or propose it again."""
    one = engine()
    asked = of(feed(one, ProposalReceived(proposal(PROPOSER, 0, A))), fx.ObtainBlock)
    assert [effect.holders for effect in asked] == [(PROPOSER,)]
    assert of(feed(one, *votes(PREVOTE, A, 1)), fx.ObtainBlock) == [], "one vote is no reason"
    asked = of(feed(one, *votes(PREVOTE, A, 2, 3)), fx.ObtainBlock)
    assert [effect.holders for effect in asked] == [(PROPOSER, address(1), address(2))]
    asked = of(feed(one, *votes(PRECOMMIT, A, 1, 2, 3)), fx.ObtainBlock)
    assert [effect.holders for effect in asked] == [(PROPOSER, address(1), address(2))]
    assert of(feed(one, known(A)), fx.Decide)


def test_a_verdict_is_wanted_as_long_as_it_changes_anything() -> None:
    one = engine()
    assert not one.wants(1, A)
    feed(one, ProposalReceived(proposal(PROPOSER, 0, A)))
    assert one.wants(1, A)
    assert not one.wants(2, A)
    assert not one.wants(1, B)
    feed(one, TimeoutElapsed(TimeoutKind.PROPOSE, Height(1), Round(0)))
    assert not one.wants(1, A), "it has prevoted nil"
    feed(one, *votes(PREVOTE, A, 1, 2, 3))
    assert one.wants(1, A), "the others have not"
    feed(one, known(A))
    assert not one.wants(1, A)


def test_needed_are_blocks_that_may_be_proposed_or_decided() -> None:
    """In round 3: the valid one of round 0, those of round 2 and 3, not that of round 1."""
    one, rounds = engine(), [block(f"round {number}") for number in range(4)]
    order = start(1, FOUR).proposers
    assert Engine(PARAMS, None).needed() == frozenset()
    feed(one, ProposalReceived(proposal(order[0], 0, rounds[0])), known(rounds[0]), *votes(PREVOTE, rounds[0], 0, 1, 2, 3))
    assert one.needed() == {rounds[0]}
    for round_ in (1, 2, 3):
        feed(one, *votes(PREVOTE, NO_HASH, 1, 2, round_=round_))
        feed(one, ProposalReceived(proposal(order[round_], round_, rounds[round_])))
    assert one.round == 3
    assert one.needed() == {rounds[0], rounds[2], rounds[3]}


def test_a_restart_asks_for_the_valid_block_that_its_log_does_not_hold() -> None:
    """Its time was refused here, and a quorum has prevoted it; this node may have to propose it again."""
    untimely = BlockKnown(Height(1), A, True, False, b"")
    events = [ProposalReceived(proposal(PROPOSER, 0, A)), untimely, *votes(PREVOTE, A, 1, 2, 3)]
    effects = Engine(PARAMS, address(0)).restore(start(1, FOUR), [entry_of(event) for event in events])
    assert of(effects, fx.RestoreBlock) == []
    wish = fx.ObtainBlock(Height(1), Round(0), A, (address(1), address(2), address(3)))
    assert of(effects, fx.ObtainBlock) == [wish]


def test_a_restart_brings_back_and_asks_for_what_may_still_be_needed() -> None:
    """Of a log of three rounds: the block of round 0 was judged, that of round 1 had not come, and both rounds are over."""
    rounds = [block(f"round {number}") for number in range(4)]
    order = start(1, FOUR).proposers
    events: list[Event] = [ProposalReceived(proposal(order[0], 0, rounds[0])), known(rounds[0])]
    for round_ in (1, 2):
        events += [*votes(PREVOTE, NO_HASH, 1, 2, round_=round_), ProposalReceived(proposal(order[round_], round_, rounds[round_]))]
    events += votes(PREVOTE, NO_HASH, 1, 2, round_=3)
    events += [ProposalReceived(proposal(order[3], 3, rounds[3])), known(rounds[3])]
    effects = Engine(PARAMS, None).restore(start(1, FOUR), [entry_of(event) for event in events])
    assert [effect.block_hash for effect in of(effects, fx.RestoreBlock)] == [rounds[3]]
    assert of(effects, fx.ObtainBlock) == []


def test_messages_of_the_next_height_wait_within_bounds() -> None:
    one = engine()
    for round_ in range(40):
        feed(one, *votes(PREVOTE, A, 1, height=2, round_=round_), *votes(PREVOTE, A, 1, height=3, round_=round_))
    assert feed(one, *votes(PREVOTE, A, 8, height=2)) == []
    effects = one.handle(start(2, FOUR))
    assert len(of(effects, fx.Persist)) == MAX_AHEAD_MESSAGES


def test_behind_is_told_once_per_height_by_more_than_a_third() -> None:
    one = engine()
    assert feed(one, *votes(PREVOTE, A, 1, height=7), *votes(PRECOMMIT, A, 1, height=8)) == []
    assert feed(one, *votes(PREVOTE, A, 2, height=5)) == [fx.Behind(Height(5))]
    assert feed(one, *votes(PRECOMMIT, A, 2, height=5)) == []
    assert feed(one, *votes(PREVOTE, A, 2, height=9)) == [fx.Behind(Height(8))]


def test_only_what_is_signed_is_synced_and_nothing_is_signed_unsynced() -> None:
    one = engine(PROPOSER)
    events: list[Event] = [
        TimeoutElapsed(TimeoutKind.HEARTBEAT, Height(1), Round(0)),
        BlockBuilt(Height(1), Round(0), A, b"block"),
        ProposalReceived(proposal(PROPOSER, 0, A)),
        *votes(PREVOTE, A, 0, 1, 2),
    ]
    synced = []
    for event in events:
        effects = one.handle(event)
        signs = any(isinstance(effect, fx.SignVote | fx.SignProposal) for effect in effects)
        assert isinstance(effects[0], fx.Persist), "the log comes first"
        assert effects[0].sync is signs
        assert effects[0].entry == entry_of(event)
        synced.append(signs)
    assert synced == [False, True, True, False, False, True]


def test_what_changes_nothing_is_not_logged() -> None:
    one = engine()
    event = votes(PREVOTE, A, 1)[0]
    assert of(one.handle(event), fx.Persist)
    assert one.handle(event) == []
    one.handle(WorkAvailable(Height(1)))
    assert one.handle(WorkAvailable(Height(1))) == []


def test_a_listener_signs_and_logs_nothing() -> None:
    for one in (Engine(PARAMS, None), Engine(PARAMS, address(7)), Engine(PARAMS, address(0))):
        one.handle(start(1, FOUR, may_sign=False))
        effects = feed(
            one, ProposalReceived(proposal(PROPOSER, 0, A)), known(A), *votes(PREVOTE, A, 1, 2, 3), *votes(PRECOMMIT, A, 1, 2, 3)
        )
        assert not one.signs
        assert not [e for e in effects if isinstance(e, fx.SignVote | fx.SignProposal | fx.Persist | fx.Rebroadcast)]
        assert isinstance(effects[-1], fx.Decide)


def played(one: Engine, *events: Event) -> list[bytes]:
    """Feed events; the log that they leave."""
    return [effect.entry for effect in feed(one, *events) if isinstance(effect, fx.Persist)]


LOCKED = (ProposalReceived(proposal(PROPOSER, 0, A)), known(A), *votes(PREVOTE, A, 0, 1, 2), *votes(PRECOMMIT, A, 0))


def test_replay_leads_to_the_same_state() -> None:
    one = engine()
    log = played(one, *LOCKED)
    for cut in range(len(log) + 1):
        live, replayed = engine(), Engine(PARAMS, address(0))
        feed(live, *map(event_of, log[:cut]))
        replayed.restore(start(1, FOUR), log[:cut])
        assert replayed._driver is not None
        assert live._driver is not None
        assert replayed._driver.state == live._driver.state


def test_replay_passes_over_other_heights_and_refuses_garbage() -> None:
    log = played(engine(), *LOCKED)
    one = Engine(PARAMS, address(0))
    effects = one.restore(start(2, FOUR), log)
    assert [type(effect) for effect in effects] == [fx.ScheduleTimeout, fx.ScheduleTimeout]
    for garbage in (b"", b"\x00", b"\xff123", log[0] + b"\0"):
        with pytest.raises(Malformed):
            Engine(PARAMS, address(0)).restore(start(1, FOUR), [garbage])


@pytest.mark.parametrize(
    ("last", "signs"),
    [
        (vote(PRECOMMIT, 0, 0, A), True),
        (vote(PREVOTE, 0, 0, A), True),
        (vote(PRECOMMIT, 0, 0, NO_HASH), False),
        (vote(PREVOTE, 0, 1, A), False),
        (vote(PRECOMMIT, 0, 0, B, height=0), True),
        (vote(PRECOMMIT, 0, 0, A, height=2), False),
        (proposal(address(0), 3, A), False),
        (None, True),
    ],
)
def test_a_log_that_does_not_lead_to_the_last_signature_makes_a_listener(last: Vote | Proposal | None, signs: bool) -> None:
    log = played(engine(), *LOCKED)
    one = Engine(PARAMS, address(0))
    one.restore(start(1, FOUR), log, last)
    assert one.signs is signs


def test_a_wish_cut_short_explains_the_last_signature() -> None:
    log = played(engine(), *LOCKED[:-1])
    one = Engine(PARAMS, address(0))
    effects = one.restore(start(1, FOUR), log, vote(PRECOMMIT, 0, 0, A))
    assert fx.SignVote(PRECOMMIT, Height(1), Round(0), A) in effects
    assert one.signs


@pytest.mark.parametrize(("kept", "wish"), [(1, fx.GetValue), (2, fx.SignProposal)])
def test_a_listener_proposes_nothing_that_its_log_has_kept(kept: int, wish: type) -> None:
    """The log ends before the block it was to build, or with it; the guard has gone on to a vote. No wish of the replay is left."""
    begun = (TimeoutElapsed(TimeoutKind.HEARTBEAT, Height(1), Round(0)), BlockBuilt(Height(1), Round(0), A, b"block"))
    log = [entry_of(event) for event in begun[:kept]]
    effects = Engine(PARAMS, PROPOSER).restore(start(1, FOUR), log)
    assert of(effects, wish)
    assert len(of(effects, fx.RestoreBlock)) == kept - 1, "what is to be proposed is here"
    one = Engine(PARAMS, PROPOSER)
    effects = one.restore(start(1, FOUR), log, vote(PREVOTE, 3, 0, A))
    assert not one.signs
    assert not [effect for effect in effects if isinstance(effect, fx.GetValue | fx.SignProposal | fx.SignVote)]


def test_every_event_has_its_entry() -> None:
    height, round_ = Height(3), Round(2)
    events: list[Event] = [
        WorkAvailable(height),
        BlockBuilt(height, round_, A, b"block"),
        BlockKnown(height, A, True, False, b"block"),
        ProposalReceived(proposal(PROPOSER, 2, A, 1, 3)),
        VoteReceived(vote(PREVOTE, 1, 2, NO_HASH, 3)),
        CommitReceived(Commit(height, round_, A, (Signature(b"s" * 64), Signature(b"")))),
        TimeoutElapsed(TimeoutKind.PREVOTE, height, round_),
    ]
    assert [type(event) for event in events] == list(KINDS.values())
    assert [entry_of(event)[0] for event in events] == list(KINDS)
    assert [event_of(entry_of(event)) for event in events] == events
    assert {height_of(event) for event in events} == {height}


@pytest.mark.parametrize(
    ("kind", "lengths"),
    [
        (TimeoutKind.INTERVAL, (20, 20, 20)),
        (TimeoutKind.HEARTBEAT, (400, 400, 400)),
        (TimeoutKind.PROPOSE, (300, 400, 3_000)),
        (TimeoutKind.PREVOTE, (150, 250, 3_000)),
        (TimeoutKind.PRECOMMIT, (150, 250, 3_000)),
        (TimeoutKind.RESEND, (150, 300, 300)),
    ],
)
def test_timeouts_grow_linearly_to_the_cap(kind: TimeoutKind, lengths: tuple[int, int, int]) -> None:
    assert tuple(timeout_ms(PARAMS, kind, round_) for round_ in (0, 1, 1_000)) == lengths
