"""What one node says of consensus (`GET /consensus/state`), taken apart for `why`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gridnode.client.remote import RemoteProblem


@dataclass(frozen=True, slots=True)
class Voter:
    """A validator in the round at hand, as a node sees it."""

    name: str
    """Its name."""
    power: int
    """Its voting power."""
    prevote: str | None
    """Block in hex, `nil`, or None when nothing was heard."""
    precommit: str | None
    """Likewise."""
    linked: bool
    """Whether its node is the one that was asked, or linked to it."""


@dataclass(frozen=True, slots=True)
class PeerView:
    """A node that may be a peer, as a node sees it."""

    name: str
    """Its name."""
    linked: bool
    """Whether messages can be sent to it."""
    since_ms: int | None
    """Since when; None when it was never linked since the node started."""
    skew_ms: int | None
    """How far its clock is ahead; None when it is not known."""


@dataclass(frozen=True, slots=True)
class Round:
    """Consensus of the height at hand, as a node sees it."""

    height: int
    """Height."""
    round: int
    """Round; -1 before round 0."""
    step: str
    """start, propose, prevote, precommit, decided."""
    step_since_ms: int
    """Since when, on the node's clock."""
    signs: bool
    """Whether the node votes on this height."""
    listens_because: str | None
    """Why a node that has a key does not vote; None where there is nothing to say."""
    proposer: str
    """Of the round."""
    proposal: str | None
    """Block proposed, None when none was heard."""
    proposal_valid: bool | None
    """Whether it is valid; None while that is not known."""
    proposal_timely: bool | None
    """Whether its time was near enough to the node's clock when it came."""
    wanted: tuple[str, ...]
    """Blocks without a verdict that the node needs to go on."""
    executing: tuple[str, ...]
    """Blocks that it has whole and executes, the one under way first."""
    quorum_power: int
    """Least power above 2/3."""
    voters: tuple[Voter, ...]
    """Every validator."""


@dataclass(frozen=True, slots=True)
class View:
    """One node."""

    url: str
    """Where it was asked."""
    node: str
    """Its name."""
    now_ms: int
    """Its clock."""
    idle_ms: int
    """How long it has stored no block: since its last one, or since it started."""
    syncing: bool
    """Whether it fetches blocks."""
    height: int
    """Its newest block."""
    best_height: int
    """The highest that a peer claims."""
    signers: tuple[str, ...]
    """Who signed its newest block."""
    round: Round | None
    """Consensus; None before it has begun."""
    rejected: Mapping[str, Any] | None
    """The last block that it found invalid: height, reason."""
    peers: tuple[PeerView, ...]
    """Nodes that may be its peers."""
    clock_skew_ms: int | None
    """How far the others' clocks are ahead of its own; None when nobody has told."""
    free_bytes: int
    """Room on its disk."""
    pool: int
    """Transactions that wait."""
    params: Mapping[str, int]
    """Times of the chain."""


def view_of(url: str, told: Mapping[str, Any]) -> View:
    """The view in an answer. Raises RemoteProblem when it is not of the form that was expected."""
    try:
        last = told["last_block"]
        since = max(told["started_ms"], last["stored_ms"] or 0)
        return View(
            url,
            told["node"],
            told["now_ms"],
            max(0, told["now_ms"] - since),
            told["syncing"],
            last["height"],
            told["best_height"],
            tuple(last["signers"]),
            None if told["consensus"] is None else _round(told["consensus"]),
            told["rejected"],
            tuple(PeerView(row["name"], row["linked"], row["since_ms"], row["skew_ms"]) for row in told["peers"]),
            told["clock_skew_ms"],
            told["disk"]["free_bytes"],
            told["pool"]["transactions"],
            told["params"],
        )
    except (KeyError, TypeError) as wrong:
        raise RemoteProblem(200, "MALFORMED", f"{url}: expected the state of consensus, got one without {wrong}") from None


def _round(told: Mapping[str, Any]) -> Round:
    return Round(
        told["height"],
        told["round"],
        told["step"],
        told["step_since_ms"],
        told["signs"],
        told["listens_because"],
        told["proposer"],
        told["proposal"],
        told["proposal_valid"],
        told["proposal_timely"],
        tuple(told["wanted"]),
        tuple(told["executing"]),
        told["quorum_power"],
        tuple(Voter(row["validator"], row["power"], row["prevote"], row["precommit"], row["linked"]) for row in told["votes"]),
    )
