"""After a replay: which of the effects that the log's events once had are still to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus import resend
from gridnode.consensus.driver import HeightDriver
from gridnode.consensus.effects import (
    Decide,
    Effect,
    Evidence,
    GetValue,
    ObtainBlock,
    Rebroadcast,
    RestoreBlock,
    ScheduleTimeout,
    SignProposal,
    SignVote,
)
from gridnode.consensus.inputs import BlockBuilt, BlockKnown, Event, TimeoutElapsed, TimeoutKind
from gridnode.consensus.machine import RULES, Step
from gridnode.primitives.ids import Hash


def after_replay(driver: HeightDriver, events: Sequence[Event], effects: Sequence[Effect]) -> list[Effect]:
    """What is left to do: blocks first, then what was said is said again, then what was cut short, timers last."""
    round_ = driver.state.round  # of which a block may be built and not yet proposed
    wished = [effect.block_hash for effect in effects if isinstance(effect, SignProposal) and effect.round == round_]
    restored = _blocks(events, driver.needed().union(wished))
    left: list[Effect] = [*restored.values(), *_lost(driver, restored)]
    proposals, votes = resend.own_messages(driver.known, driver.state, driver.me)
    if (proposals or votes) and driver.state.step is not Step.DECIDED:
        left.append(Rebroadcast((*proposals, *votes)))
    elapsed = {(event.kind, event.round): None for event in events if isinstance(event, TimeoutElapsed)}
    left += [effect for effect in effects if not isinstance(effect, ScheduleTimeout) and _is_due(driver, effect)]
    left += [
        effect
        for effect in effects
        if isinstance(effect, ScheduleTimeout) and (effect.kind, effect.round) not in elapsed and _runs(driver, effect)
    ]
    return left


def leads_to(last: Vote | Proposal, driver: HeightDriver, effects: Sequence[Effect]) -> bool:
    """Whether the replay explains what this node signed last: it contains it, or ends in the wish for it.

    The log is synced before each signature, so it does, unless the log has lost something since.
    """
    if driver.me is None or last.height != driver.height:
        return last.height <= driver.height
    known = driver.known
    if isinstance(last, Vote):
        said = known.votes.vote_of(driver.me, last.kind, last.round)
        wish_vote = SignVote(last.kind, last.height, last.round, last.block_hash)
        return (said is not None and said.block_hash == last.block_hash) or wish_vote in effects
    told = known.proposals.get(last.round)
    wish_proposal = SignProposal(last.height, last.round, last.valid_round, last.block_hash)
    return (told is not None and told.block_hash == last.block_hash) or wish_proposal in effects


def _blocks(events: Sequence[Event], needed: frozenset[Hash]) -> dict[Hash, RestoreBlock]:
    """Blocks that the node had and may still need."""
    return {
        event.block_hash: RestoreBlock(event.height, event.block_hash, event.block)
        for event in events
        if isinstance(event, BlockBuilt | BlockKnown) and event.block and event.block_hash in needed
    }


def _lost(driver: HeightDriver, restored: Mapping[Hash, RestoreBlock]) -> list[ObtainBlock]:
    """The block to be proposed again, when its bytes are not in the log, for its time was refused here; who has prevoted it has it."""
    state = driver.state
    if not state.valid_hash or state.valid_hash in restored or state.step is Step.DECIDED:
        return []
    polka = driver.known.votes.votes(VoteKind.PREVOTE, state.valid_round, state.valid_hash)
    holders = tuple(vote.validator for vote in polka if vote.validator != driver.me)
    return [ObtainBlock(driver.height, state.valid_round, state.valid_hash, holders)]


def _is_due(driver: HeightDriver, effect: Effect) -> bool:
    """Whether an effect of the replay has not been answered and still matters."""
    known, state = driver.known, driver.state
    match effect:
        case SignVote(kind, _, round_, _):
            return driver.me is not None and known.votes.vote_of(driver.me, kind, round_) is None
        case SignProposal(_, round_, _, _) | GetValue(_, round_) if driver.me is None or round_ != state.round:
            return False  # a replay that did not lead to what was signed last makes a listener, which proposes nothing
        case SignProposal(_, round_, _, _):
            return state.step is Step.PROPOSE and round_ not in known.proposals
        case GetValue():
            return state.step is Step.PROPOSE and not state.built
        case ObtainBlock(_, _, block_hash, _):
            return state.step is not Step.DECIDED and block_hash in driver.wanted()
        case Decide() | Evidence():
            return True
        case _:
            return False


def _runs(driver: HeightDriver, timeout: ScheduleTimeout) -> bool:
    """Whether a timeout can still change anything."""
    match timeout.kind:
        case TimeoutKind.INTERVAL | TimeoutKind.HEARTBEAT:
            return driver.state.step is Step.START
        case TimeoutKind.RESEND:
            return driver.state.step is not Step.DECIDED and timeout.round == driver.times_resent
        case _:
            awaited = driver.state.step in RULES[timeout.kind].steps
            return awaited and timeout.round == driver.state.round
