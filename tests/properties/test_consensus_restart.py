"""A node that dies between any two effects, on the real log and the real guard: it never contradicts itself, and ends where it would have.

The process dies (what was appended stays) or the machine does (what was not synced is gone); then the node starts from its files
and hears everything again, as peers send again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import (
    BlockBuilt,
    BlockKnown,
    Event,
    Input,
    ProposalReceived,
    TimeoutElapsed,
    TimeoutKind,
    VoteReceived,
)
from gridnode.consensus.machine import State
from gridnode.crypto.keys import key_pair
from gridnode.primitives.ids import NO_HASH
from gridnode.primitives.units import Height, Round
from gridnode.storage.sign_guard import Refused, SignGuard
from gridnode.storage.wal import Wal
from tests.unit.consensus.setting import CHAIN, PARAMS, address, block, proposal, start, validators, vote

A, B = block("A"), block("B")
PREVOTE, PRECOMMIT = VoteKind.PREVOTE, VoteKind.PRECOMMIT
ME = 1  # proposes in round 1
KEYS = key_pair(b"\x05" * 32)
START = start(1, validators([1, 1, 1, 1]))


def votes(kind: VoteKind, round_: int, block_hash: bytes, *senders: int) -> list[Event]:
    """Votes as inputs."""
    return [VoteReceived(vote(kind, sender, round_, block_hash)) for sender in senders]  # type: ignore[arg-type]


def elapsed(kind: TimeoutKind, round_: int) -> TimeoutElapsed:
    """A timeout that elapses."""
    return TimeoutElapsed(kind, Height(1), Round(round_))


LOCKED_AND_PROPOSED_AGAIN: list[Event] = [
    ProposalReceived(proposal(address(3), 0, A)),
    BlockKnown(Height(1), A, True, True, b"block A"),
    *votes(PREVOTE, 0, A, 0, 3),
    *votes(PRECOMMIT, 0, NO_HASH, 0, 2),
    elapsed(TimeoutKind.PRECOMMIT, 0),
    *votes(PREVOTE, 1, A, 0, 3),
    *votes(PRECOMMIT, 1, A, 0),
    *votes(PRECOMMIT, 1, NO_HASH, 2),
    elapsed(TimeoutKind.PRECOMMIT, 1),
    ProposalReceived(proposal(address(2), 2, B)),
    BlockKnown(Height(1), B, True, True, b"block B"),
]
"""We lock A in round 0, propose it again in round 1, lock it again, and prevote nil against B in round 2."""

PROPOSER_OF_A_NEW_BLOCK: list[Event] = [
    elapsed(TimeoutKind.HEARTBEAT, 0),
    elapsed(TimeoutKind.PROPOSE, 0),
    *votes(PREVOTE, 0, NO_HASH, 0, 2),
    *votes(PRECOMMIT, 0, NO_HASH, 0, 2),
    elapsed(TimeoutKind.PRECOMMIT, 0),
    BlockBuilt(Height(1), Round(1), B, b"block B"),
    *votes(PREVOTE, 1, B, 0, 2),
]
"""Round 0 is nil; in round 1 we propose a new block and lock it."""


class Died(Exception):
    """The process was killed."""


class Life:
    """The node from one start to its death."""

    def __init__(self, folder: Path, sent: list[Vote | Proposal], effects_to_live: int) -> None:
        self.wal = Wal(folder / "wal")
        entries = self.wal.entries()
        self.wal.prune(1)
        self.guard = SignGuard(folder / "guard", CHAIN, KEYS)
        self.guard.address = address(ME)
        self.engine = Engine(PARAMS, address(ME))
        self.sent = sent
        self.left = effects_to_live
        self.first = self.engine.restore(START, entries, self.guard.last_message())

    @property
    def state(self) -> State:
        """The machine's state."""
        assert self.engine._driver is not None
        return self.engine._driver.state

    def live(self, events: list[Event]) -> None:
        """Perform what is left over, then handle the events. Raises Died when the time has come."""
        self.perform(self.first)
        for event in events:
            self.perform(self.engine.handle(event))

    def perform(self, effects: list[fx.Effect]) -> None:
        """Perform effects in order."""
        back: list[Input] = []
        for effect in effects:
            if self.left == 0:
                raise Died
            self.left -= 1
            made: Vote | Proposal | Refused | None = None
            match effect:
                case fx.Persist(entry, sync):
                    self.wal.append(entry, sync)
                case fx.SignVote(kind, height, round_, block_hash):
                    made = self.guard.sign_vote(kind, height, round_, block_hash)
                case fx.SignProposal(height, round_, valid_round, block_hash):
                    made = self.guard.sign_proposal(height, round_, valid_round, block_hash)
                case _:
                    pass
            if isinstance(made, Vote | Proposal):
                self.sent.append(made)
                back.append(VoteReceived(made) if isinstance(made, Vote) else ProposalReceived(made))
        for event in back:
            self.perform(self.engine.handle(event))

    def machine_dies(self) -> None:
        """What was appended and not synced is lost."""
        path, durable = self.wal._path, self.wal._durable
        with path.open("r+b") as file:
            file.truncate(durable)


def contradictions(sent: list[Vote | Proposal]) -> list[tuple[object, ...]]:
    """Steps for which two different things were sent."""
    said: dict[tuple[object, ...], set[bytes]] = {}
    for message in sent:
        kind = message.kind if isinstance(message, Vote) else "proposal"
        said.setdefault((kind, message.height, message.round), set()).add(message.signature)
    return [step for step, signatures in said.items() if len(signatures) > 1]


@pytest.mark.parametrize("script", [LOCKED_AND_PROPOSED_AGAIN, PROPOSER_OF_A_NEW_BLOCK], ids=["locked", "proposer"])
@pytest.mark.parametrize("machine", [False, True], ids=["process dies", "machine dies"])
def test_death_between_any_two_effects(tmp_path: Path, script: list[Event], machine: bool) -> None:
    sent: list[Vote | Proposal] = []
    whole = Life(tmp_path / "whole", sent, 10**9)
    whole.live(script)
    effects = 10**9 - whole.left
    assert whole.state.locked_round >= 0
    for moment in range(effects):
        folder = tmp_path / str(moment)
        folder.mkdir()
        messages: list[Vote | Proposal] = []
        victim = Life(folder, messages, moment)
        with pytest.raises(Died):
            victim.live(script)
        if machine:
            victim.machine_dies()
        again = Life(folder, messages, 10**9)
        assert again.engine.signs, "the log leads to what was signed"
        again.live(script)
        assert contradictions(messages) == [], f"died before effect {moment}"
        assert again.state == whole.state, f"died before effect {moment}"
        assert {m.signature for m in messages} == {m.signature for m in sent}, "nothing is left unsaid"


def test_a_life_that_forgets_would_be_seen() -> None:
    one, other = vote(PREVOTE, ME, 0, A), vote(PREVOTE, ME, 0, B)
    assert contradictions([one, one]) == []
    assert contradictions([one, other]) == [(PREVOTE, 1, 0)]
