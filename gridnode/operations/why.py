"""gridnode why: what consensus waits for, as one cause of a closed list and the one action that helps.

Causes in order of precedence; the first that holds is told. Those above the line may be told of a chain that goes on; those below only of
one that stands: no block for longer than the heartbeat and the time-outs of three rounds.

    NOT_ANSWERING       no node that was asked answers
    DISK_FULL           a node has no room for the next blocks
    SYNCING             the node fetches blocks that others have
    LISTENING           the chain goes on; a node with a key does not vote at this height, and says why
    WAITING             the chain goes on; the next block waits for work, the least interval or the heartbeat
    WORKING             the chain goes on; a round is under way
    -------
    PEERS_LOST          the node is linked to nobody
    UNREACHABLE         validators with more than 1/3 of the power are linked to no node that was asked
    CLOCK_OFF           a clock is further off than a block's time may be ahead
    PROPOSALS_REJECTED  the round's proposal is not valid here, or came from another clock
    EXECUTING           nodes have a block and are not done with executing it
    BLOCK_MISSING       a block that a quorum voted for cannot be had
    LISTENING           all votes that a quorum lacks are those of nodes that only listen
    VOTES_MISSING       a quorum lacks votes
    PROPOSER_SILENT     the round has no proposal
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from gridnode.operations.picture import Picture, picture_of
from gridnode.operations.view import View
from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS

LEAST_FREE_BYTES: Final = 64 * 1024 * 1024
"""Less room than this is none: LevelDB needs it to merge files."""


class Cause(Enum):
    """Why there is, or is not, a new block."""

    NOT_ANSWERING = "not answering"
    DISK_FULL = "disk full"
    SYNCING = "syncing"
    LISTENING = "listening"
    WAITING = "waiting"
    WORKING = "working"
    PEERS_LOST = "peers lost"
    UNREACHABLE = "unreachable"
    CLOCK_OFF = "clock off"
    PROPOSALS_REJECTED = "proposals rejected"
    EXECUTING = "executing"
    BLOCK_MISSING = "block missing"
    PROPOSER_SILENT = "proposer silent"
    VOTES_MISSING = "votes missing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer."""

    cause: Cause
    """The first that holds."""
    healthy: bool
    """Whether the chain goes on, or this node is on its way to it."""
    said: str
    """The cause in words, with names and figures."""
    action: str
    """The one thing to do; empty when there is nothing."""
    names: tuple[str, ...] = ()
    """Validators or nodes that it is about."""
    notes: list[str] = field(default_factory=list)
    """What else is not as it should be, and does not stop the chain."""


def why(views: Sequence[View], silent: Sequence[str] = ()) -> Verdict:
    """The verdict over the nodes that answered; `silent` are the URLs of those that did not."""
    if not views:
        said = f"no node answers at {', '.join(silent) or 'any URL'}"
        return Verdict(Cause.NOT_ANSWERING, False, said, "look at the end of the node's log, then start it", tuple(silent))
    picture = picture_of(views)
    found = next(verdict for rule in _RULES if (verdict := rule(picture)) is not None)
    found.notes.extend(_notes(picture, found, silent))
    return found


def _disk_full(picture: Picture) -> Verdict | None:
    full = [view for view in picture.views if view.free_bytes < LEAST_FREE_BYTES]
    if not full:
        return None
    names = tuple(view.node for view in full)
    room = ", ".join(f"{view.node} has {view.free_bytes // 1024} KiB" for view in full)
    action = f"free disk on {names[0]} (expected at least {LEAST_FREE_BYTES // 2**20} MiB), then start the node if it has stopped"
    return Verdict(Cause.DISK_FULL, False, f"disk full: {room} left", action, names)


def _syncing(picture: Picture) -> Verdict | None:
    view = picture.main
    if not view.syncing:
        return None
    said = f"{view.node} fetches blocks: it has {view.height} of {view.best_height}"
    if picture.stands:
        action = "the peers that are ahead give no blocks: look for `wrong block` and `no answer` in the node's log"
        return Verdict(Cause.SYNCING, False, said, action, (view.node,))
    return Verdict(Cause.SYNCING, True, said, "", (view.node,))


def _goes_on(picture: Picture) -> Verdict | None:
    if picture.stands:
        return None
    listening = picture.listening()
    if listening:
        said = f"the chain goes on; at block {picture.height} {_reasons(listening)}"
        return Verdict(Cause.LISTENING, True, said, "", tuple(listening))
    round_ = picture.main.round
    if round_ is None or round_.step in ("start", "decided"):
        waits = "work or the heartbeat" if not picture.main.pool else "the least time between two blocks"
        return Verdict(Cause.WAITING, True, f"the chain goes on: block {picture.main.height} is the newest, the next waits for {waits}", "")
    said = f"the chain goes on: block {round_.height} is being made (round {round_.round}, {round_.step}, proposed by {round_.proposer})"
    return Verdict(Cause.WORKING, True, said, "", (round_.proposer,))


def _peers_lost(picture: Picture) -> Verdict | None:
    view = picture.main
    if len(picture.views) > 1 or not view.peers or any(peer.linked for peer in view.peers):
        return None
    since = [peer.since_ms for peer in view.peers if peer.since_ms is not None]
    when = f"for {(view.now_ms - max(since)) // 1000} s" if since else "since it started"
    action = "check this node's network, firewall, network.listen and network key"
    return Verdict(Cause.PEERS_LOST, False, f"{view.node} is linked to none of its {len(view.peers)} peers {when}", action, (view.node,))


def _unreachable(picture: Picture) -> Verdict | None:
    round_ = picture.main.round
    if round_ is None:
        return None
    gone = [voter for voter in round_.voters if voter.name not in picture.reachable]
    left = sum(voter.power for voter in round_.voters) - sum(voter.power for voter in gone)
    if left >= round_.quorum_power:
        return None
    names = [voter.name for voter in gone]
    power = sum(voter.power for voter in gone)
    said = (
        f"no quorum: {_and(names)} with power {power} cannot be reached; "
        f"{left} of the {round_.quorum_power} needed is left{_lost_since(picture, names)}"
    )
    action = f"start {_and(names)}, or mend the network to {'it' if len(names) == 1 else 'them'}"
    return Verdict(Cause.UNREACHABLE, False, said, action, tuple(names))


def _clock_off(picture: Picture) -> Verdict | None:
    name, skew_ms = picture.worst_clock()
    if abs(skew_ms) <= MAX_CLOCK_DRIFT_MS:
        return None
    way = "ahead" if skew_ms > 0 else "behind"
    said = f"the clock of {name} is {abs(skew_ms) / 1000:.1f} s {way} of the others (at most {MAX_CLOCK_DRIFT_MS / 1000:.0f} s may be)"
    return Verdict(Cause.CLOCK_OFF, False, said, f"set the clock of {name} (NTP)", (name,))


def _rejected(picture: Picture) -> Verdict | None:
    for view in picture.views:
        round_ = view.round
        if round_ is None or round_.height != picture.height or round_.proposal is None:
            continue
        if round_.proposal_valid is False:
            known = view.rejected if view.rejected is not None and view.rejected["height"] == round_.height else None
            reason = "its log says why" if known is None else str(known["reason"])
            said = f"{view.node} rejects the block that {round_.proposer} proposes in round {round_.round}: {reason}"
            action = f"run `gridnode diff` between {view.node} and {round_.proposer}, and the same version on both"
            return Verdict(Cause.PROPOSALS_REJECTED, False, said, action, (round_.proposer,))
        if round_.proposal_timely is False:
            said = f"{view.node} finds the time of the block that {round_.proposer} proposes too far from its own clock"
            action = f"compare the clocks of {view.node} and {round_.proposer}"
            return Verdict(Cause.PROPOSALS_REJECTED, False, said, action, (round_.proposer,))
    return None


def _executing(picture: Picture) -> Verdict | None:
    slow = [
        view
        for view in picture.views
        if view.round is not None and view.round.height == picture.height and {*view.round.wanted} & {*view.round.executing}
    ]
    if not slow:
        return None
    names = tuple(view.node for view in slow)
    are = "is" if len(names) == 1 else "are"
    said = f"{_and(names)} {are} not done with executing a block of height {picture.height}; votes come after that"
    action = f"see what else takes the processor of {names[0]}; if nothing does, its machine is too slow for this chain's blocks"
    return Verdict(Cause.EXECUTING, False, said, action, names)


def _block_missing(picture: Picture) -> Verdict | None:
    round_ = picture.main.round
    if round_ is None or not round_.wanted:
        return None
    said = f"{picture.main.node} lacks block {round_.wanted[0][:16]} of height {round_.height} or its transactions, and nobody gives it"
    return Verdict(Cause.BLOCK_MISSING, False, said, f"check the link of {picture.main.node} to {round_.proposer}", (round_.proposer,))


def _votes_missing(picture: Picture) -> Verdict | None:
    round_ = picture.main.round
    if round_ is None or round_.step not in ("prevote", "precommit"):
        return None
    missing, power = picture.missing(round_.step)
    if power >= round_.quorum_power:
        return None
    names = [voter.name for voter in missing]
    lacking = sum(voter.power for voter in missing)
    said = (
        f"no quorum at block {round_.height}, round {round_.round}: {round_.step}s of {_and(names)} with power {lacking} are missing; "
        f"{power} of the {round_.quorum_power} needed is here"
    )
    listening = {name: reason for name, reason in picture.listening().items() if name in names}
    if len(listening) == len(names):
        action = f"run `gridnode doctor` on {names[0]}: it says what its guard and its log hold"
        return Verdict(Cause.LISTENING, False, f"{said}; {_reasons(listening)}", action, tuple(names))
    return Verdict(Cause.VOTES_MISSING, False, said, f"see whether {_and(names)} run: `gridnode why` on each", tuple(names))


def _proposer_silent(picture: Picture) -> Verdict | None:
    round_ = picture.main.round
    if round_ is None or round_.proposal is not None or round_.step == "start":
        return None
    said = f"no proposal of {round_.proposer} in round {round_.round} of block {round_.height}; the round is in step {round_.step}"
    return Verdict(Cause.PROPOSER_SILENT, False, said, f"see what {round_.proposer} does: `gridnode why` on it", (round_.proposer,))


def _otherwise(picture: Picture) -> Verdict:
    """No block for long, and everything that was asked looks right."""
    view = picture.main
    step = "before consensus" if view.round is None else f"round {view.round.round}, step {view.round.step}"
    said = f"no block for {view.idle_ms // 1000} s after block {view.height} ({step}), and no vote that could be here is missing"
    return Verdict(Cause.WAITING, False, said, f"run `gridnode debug bundle` on {view.node} and ask those who maintain it", (view.node,))


_RULES: Final[tuple[Callable[[Picture], Verdict | None], ...]] = (
    _disk_full,
    _syncing,
    _goes_on,
    _peers_lost,
    _unreachable,
    _clock_off,
    _rejected,
    _executing,
    _block_missing,
    _votes_missing,
    _proposer_silent,
    _otherwise,
)


def _notes(picture: Picture, found: Verdict, silent: Sequence[str]) -> list[str]:
    """What is not as it should be besides the cause."""
    notes = [f"{url} does not answer" for url in silent]
    name, skew_ms = picture.worst_clock()
    if abs(skew_ms) > MAX_CLOCK_DRIFT_MS and found.cause is not Cause.CLOCK_OFF:
        notes.append(f"the clock of {name} is off by {skew_ms / 1000:.1f} s: set it (NTP)")
    for view in picture.views:
        lost = [
            peer.name
            for peer in view.peers
            if not peer.linked and peer.name not in found.names and picture.is_missed(peer)
        ]
        if lost and found.cause is not Cause.PEERS_LOST:
            notes.append(f"{view.node} is not linked to {_and(lost)}{_lost_since(picture, lost)}")
    return notes


def _lost_since(picture: Picture, names: Sequence[str]) -> str:
    since = [(name, seconds) for name in names if (seconds := picture.lost_for_s(name)) is not None]
    return "".join(f"; {name} was lost {seconds} s ago" for name, seconds in since)


def _reasons(listening: Mapping[str, str]) -> str:
    return "; ".join(f"{name} only listens: {reason}" for name, reason in listening.items())


def _and(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
