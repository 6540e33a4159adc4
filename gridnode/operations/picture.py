"""What several nodes see of one chain, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from gridnode.operations.view import PeerView, View, Voter

ROUNDS = 3
"""A chain stands when there is no block for longer than the heartbeat and the time-outs of so many rounds."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The nodes that answered, and what they know together."""

    views: tuple[View, ...]
    """At least one; each node once."""
    main: View
    """The one that is furthest in height and round: where the chain is."""

    @property
    def height(self) -> int:
        """Height under way."""
        return self.main.height + 1 if self.main.round is None else self.main.round.height

    @property
    def stands(self) -> bool:
        """Whether there has been no block for too long on the node that is furthest."""
        return self.main.idle_ms > patience_ms(self.main)

    @property
    def reachable(self) -> frozenset[str]:
        """Names of the nodes that were asked, of those that they are linked to, and of the validators whose nodes these are."""
        found = dict.fromkeys(view.node for view in self.views)
        for view in self.views:
            found |= dict.fromkeys(peer.name for peer in view.peers if peer.linked)
            if view.round is not None:
                found |= dict.fromkeys(voter.name for voter in view.round.voters if voter.linked)
        return frozenset(found)

    def listening(self) -> dict[str, str]:
        """Nodes with a key that were asked and do not vote on the height under way though they have begun it, and why."""
        return {
            view.node: view.round.listens_because
            for view in self.views
            if view.round is not None and view.round.height == self.height and view.round.listens_because is not None
        }

    def missing(self, step: str) -> tuple[list[Voter], int]:
        """Validators whose vote of the furthest round nobody has, and the power of those whose vote somebody has."""
        main = self.main.round
        assert main is not None, "callers have checked"
        heard: dict[str, None] = {}
        for view in self.views:
            if view.round is not None and (view.round.height, view.round.round) == (main.height, main.round):
                for voter in view.round.voters:
                    if (voter.prevote if step == "prevote" else voter.precommit) is not None:
                        heard[voter.name] = None
        missing = [voter for voter in main.voters if voter.name not in heard]
        return missing, sum(voter.power for voter in main.voters if voter.name in heard)

    def worst_clock(self) -> tuple[str, int]:
        """The clock that is furthest off, and by how much it is ahead of the others (ms)."""
        off: dict[str, list[int]] = {}
        for view in self.views:
            own = view.clock_skew_ms or 0
            off.setdefault(view.node, []).append(-own)
            for peer in view.peers:
                if peer.skew_ms is not None:
                    off.setdefault(peer.name, []).append(peer.skew_ms - own)
        clocks = [(name, round(median(values))) for name, values in off.items()]
        return max(clocks, key=lambda clock: abs(clock[1]))

    def is_missed(self, peer: PeerView) -> bool:
        """Whether a peer that is not linked should be: it was, or it is a validator. An observer that never came is nobody's loss."""
        round_ = self.main.round
        return peer.since_ms is not None or (round_ is not None and any(voter.name == peer.name for voter in round_.voters))

    def lost_for_s(self, name: str) -> int | None:
        """Seconds since a node that was asked lost its link to `name`; None when nobody had one."""
        times = [
            view.now_ms - peer.since_ms
            for view in self.views
            for peer in view.peers
            if peer.name == name and not peer.linked and peer.since_ms is not None
        ]
        return max(0, min(times) // 1000) if times else None


def picture_of(views: Sequence[View]) -> Picture:
    """The picture of at least one view; a node that was asked twice counts once."""
    by_name = {view.node: view for view in views}
    main = max(by_name.values(), key=_progress)
    return Picture(tuple(by_name.values()), main)


def patience_ms(view: View) -> int:
    """How long a block may take that needs every round of ROUNDS."""
    params = view.params
    rounds = sum(
        params["propose_timeout_ms"] + 2 * params["vote_timeout_ms"] + 3 * number * params["timeout_step_ms"]
        for number in range(ROUNDS)
    )
    return params["heartbeat_ms"] + rounds


def _progress(view: View) -> tuple[int, int]:
    round_ = view.round
    return (view.height + 1, -1) if round_ is None else (max(round_.height, view.height + 1), round_.round)
