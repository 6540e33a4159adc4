"""Plays a transcript: lines that begin with `>` are inputs to one engine, the indented lines below are what it answers.

    > start as v0                      engine of v0 at height 1; `start as listener`, `start as v0 height 2 silent`
    > work | interval | heartbeat      what a height waits for
    > timeout prevote r0               a timeout that elapses
    > built r0 A                       the answer to `get value`
    > known A [invalid] [early]        the answer to `obtain`
    > proposal r1 A [valid r0]         a proposal of that round's proposer; `height 2` for another height
    > prevote r0 A v1 v2               prevotes of v1 and v2 for block A; `precommit` likewise; A may be nil
    > commit r0 A v0 v1 v2             a commit that came whole
    > asked r0 with prevote r0 A v0 v1  a peer tells what it has, in round 0: nothing but those votes; `with proposal r0 A` likewise
    > crash                            the process dies and is started again with its log
    > crash and lose the tail          the machine dies: what was not synced is gone too

Blocks have letters. What the node signs comes back to its engine as it does in the node; those inputs are shown as `<`. The line that
begins with `=` shows the state whenever it has changed.
"""

from __future__ import annotations

from collections.abc import Callable

from gridnode.chain.commit import Commit
from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import (
    BlockBuilt,
    BlockKnown,
    CommitReceived,
    Input,
    ProposalReceived,
    SummaryReceived,
    TimeoutElapsed,
    TimeoutKind,
    VoteReceived,
    WorkAvailable,
)
from gridnode.consensus.machine import State, Step
from gridnode.consensus.summary import BlockMarks, RoundHeard, Summary, VotesHeard, bits_of, marks_of
from gridnode.primitives.ids import NO_HASH, Address, Signature
from gridnode.primitives.units import Height, Round
from tests.unit.consensus.setting import PARAMS, address, block, order_of, proposal, start, validators, vote

LETTERS = {block(name): name for name in ("nil", "A", "B", "C", "D")}


class Transcript:
    """One engine under the words of a transcript, with a log that survives `crash`."""

    def __init__(self, number: int = 4) -> None:
        self.validators = validators([1] * number)
        self.names = {address(index): f"v{index}" for index in range(number)}
        self.me: Address | None = None
        self.engine = Engine(PARAMS, None)
        self.log: list[bytes] = []
        self.synced = 0
        self.lines: list[str] = []
        self._height = start(1, self.validators)
        self._shown = ""

    def proposers(self, height: int = 1) -> list[Address]:
        """Who proposes in the rounds of a height, in order."""
        return list(order_of(self.validators, height))

    def play(self, command: str) -> list[str]:
        """Give one input; returns what is answered, a line each. Raises KeyError for an unknown word."""
        self.lines = []
        words = command.split()
        height = Height(int(self._after(words, "height", str(self.engine.height or 1))))
        if words[0] == "start":
            self._start(words, height)
        elif words[0] == "crash":
            self._restart("lose" in words)
        else:
            for event in WORDS[words[0]](self, words, height):
                self._feed(event)
        state = _state(self.engine._driver.state) if self.engine._driver else ""
        if state != self._shown:
            self.lines.append(f"= {state}")
        self._shown = state
        return self.lines

    def _after(self, words: list[str], name: str, otherwise: str) -> str:
        return words[words.index(name) + 1] if name in words else otherwise

    def _start(self, words: list[str], height: Height) -> None:
        if "as" in words:
            names = {name: sender for sender, name in self.names.items()}
            self.me = names.get(self._after(words, "as", ""))
            self.engine = Engine(PARAMS, self.me)
        self.log, self.synced = [], 0
        self._height = start(height, self.validators, "silent" not in words)
        self._feed(self._height)

    def _restart(self, lose: bool) -> None:
        self.log = self.log[: self.synced] if lose else self.log
        self.engine = Engine(PARAMS, self.me)
        self._perform(self.engine.restore(self._height, self.log))

    def _feed(self, event: Input) -> None:
        self._perform(self.engine.handle(event))

    def _perform(self, effects: list[fx.Effect]) -> None:
        back: list[Input] = []
        for effect in effects:
            self.lines.append(self._show(effect))
            if isinstance(effect, fx.Persist):
                self.log.append(effect.entry)
                self.synced = len(self.log) if effect.sync else self.synced
            elif isinstance(effect, fx.SignVote) and self.me:
                sender = next(i for i in range(len(self.names)) if address(i) == self.me)
                signed = vote(effect.kind, sender, effect.round, effect.block_hash, effect.height)
                back.append(VoteReceived(signed))
            elif isinstance(effect, fx.SignProposal) and self.me:
                back.append(
                    ProposalReceived(
                        proposal(self.me, effect.round, effect.block_hash, effect.valid_round, effect.height)
                    )
                )
        for event in back:
            self.lines.append("< " + self._message(event.vote if isinstance(event, VoteReceived) else event.proposal))  # type: ignore[union-attr]
            self._feed(event)

    def _message(self, message: Proposal | Vote | Commit) -> str:
        height = "" if message.height == self.engine.height else f" height {message.height}"
        letter = LETTERS[message.block_hash]
        if isinstance(message, Proposal):
            valid = "" if message.valid_round < 0 else f" valid r{message.valid_round}"
            return f"proposal r{message.round} {letter}{valid} {self.names[message.proposer]}{height}"
        if isinstance(message, Vote):
            name = self.names[message.validator]
            return f"{message.kind.name.lower()} r{message.round} {letter} {name}{height}"
        return f"commit r{message.round} {letter}{height}"

    def _show(self, effect: fx.Effect) -> str:
        match effect:
            case fx.Persist(_, sync):
                return "persist and sync" if sync else "persist"
            case fx.GetValue(_, round_):
                return f"get value r{round_}"
            case fx.ObtainBlock(_, round_, block_hash, holders):
                return f"obtain {LETTERS[block_hash]} of r{round_} from {self._all(holders)}"
            case fx.RestoreBlock(_, block_hash, _):
                return f"restore {LETTERS[block_hash]}"
            case fx.SignProposal(_, round_, valid_round, block_hash):
                valid = "" if valid_round < 0 else f" valid r{valid_round}"
                return f"sign proposal r{round_} {LETTERS[block_hash]}{valid}"
            case fx.SignVote(kind, _, round_, block_hash):
                return f"sign {kind.name.lower()} r{round_} {LETTERS[block_hash]}"
            case fx.Rebroadcast(messages):
                return "again: " + ", ".join(self._message(message) for message in messages)
            case fx.Send(_, messages):
                return "to the peer: " + ", ".join(self._message(message) for message in messages)
            case fx.TellSummary(summary, to):
                return f"tell {'all' if to is None else 'the peer'}: {self._summary(summary)}"
            case fx.ScheduleTimeout(kind, _, round_, after_ms):
                return f"after {after_ms} ms: {kind.name.lower()} r{round_}"
            case fx.CancelTimeouts(height):
                return f"cancel timeouts of height {height}"
            case fx.Decide(height, round_, block_hash, commit):
                return f"decide {LETTERS[block_hash]} at height {height} r{round_} by {self._signers(commit)}"
            case fx.Evidence(first, second):
                return f"evidence: {self._message(first)} against {self._message(second)}"
            case fx.Behind(height):
                return f"behind: others are at height {height}"

    def _summary(self, summary: Summary) -> str:
        """What a node has, round by round."""
        rounds = [f"in {Step(summary.step).name} r{summary.round}"]
        for heard in summary.rounds:
            said = [] if not heard.proposed else [f"proposal {LETTERS[heard.proposed]}"]
            for kind, votes in (("prevote", heard.prevotes), ("precommit", heard.precommits)):
                said += [f"{kind} {LETTERS[block.block_hash]} {self._marked(block.voters)}" for block in votes.blocks]
            rounds.append(f"r{heard.round} has {', '.join(said) or 'nothing'}")
        return "; ".join(rounds)

    def _marked(self, voters: bytes) -> str:
        members = self.validators.members
        return " ".join(member.name for seat, member in enumerate(members) if bits_of(voters) >> seat & 1)

    def _all(self, addresses: tuple[Address, ...]) -> str:
        return " ".join(self.names[sender] for sender in addresses)

    def _signers(self, commit: Commit) -> str:
        signed = zip(self.validators.members, commit.signatures, strict=True)
        return " ".join(member.name for member, signature in signed if signature)


def _state(state: State) -> str:
    """A state in one line."""
    lock = f", locked {LETTERS[state.locked_hash]} r{state.locked_round}" if state.locked_round >= 0 else ""
    valid = f", valid {LETTERS[state.valid_hash]} r{state.valid_round}" if state.valid_round >= 0 else ""
    return f"{state.step.name} r{state.round}{lock}{valid}"


def _round(words: list[str]) -> Round:
    return Round(int(next(word[1:] for word in words if word[0] == "r" and word[1:].lstrip("-").isdigit())))


def _hash_of(words: list[str]) -> str:
    return next(word for word in words if block(word) in LETTERS)


def _senders(words: list[str]) -> list[int]:
    return [int(word[1:]) for word in words if word[0] == "v" and word[1:].isdigit()]


Word = Callable[[Transcript, list[str], Height], list[Input]]


def _timeout(kind: TimeoutKind | None) -> Word:
    def inputs(_: Transcript, words: list[str], height: Height) -> list[Input]:
        elapsed = kind or TimeoutKind[words[1].upper()]
        return [TimeoutElapsed(elapsed, height, Round(0) if kind else _round(words))]

    return inputs


def _votes(kind: VoteKind) -> Word:
    def inputs(_: Transcript, words: list[str], height: Height) -> list[Input]:
        block_hash, round_ = block(_hash_of(words)), _round(words)
        return [VoteReceived(vote(kind, sender, round_, block_hash, height)) for sender in _senders(words)]

    return inputs


def _known(_: Transcript, words: list[str], height: Height) -> list[Input]:
    valid, letter = "invalid" not in words, _hash_of(words)
    return [BlockKnown(height, block(letter), valid, "early" not in words, letter.encode() if valid else b"")]


def _proposal(play: Transcript, words: list[str], height: Height) -> list[Input]:
    round_ = _round(words)
    proposers = play.proposers(height)
    valid = int(words[words.index("valid") + 1][1:]) if "valid" in words else NO_ROUND
    sender = proposers[round_ % len(proposers)]
    return [ProposalReceived(proposal(sender, round_, block(_hash_of(words)), valid, height))]


def _commit(play: Transcript, words: list[str], height: Height) -> list[Input]:
    signed = [address(sender) for sender in _senders(words)]
    signatures = tuple(Signature(b"s" * 64 * (member.address in signed)) for member in play.validators.members)
    return [CommitReceived(Commit(height, _round(words), block(_hash_of(words)), signatures))]


def _asked(play: Transcript, words: list[str], height: Height) -> list[Input]:
    told = words[words.index("with") :] if "with" in words else []
    proposed = block(_hash_of(told)) if "proposal" in told else NO_HASH
    votes = {kind: VotesHeard((), b"") for kind in ("prevote", "precommit")}
    for kind in [word for word in told if word in votes]:
        seats = [member.address for member in play.validators.members]
        bits = sum(1 << seats.index(address(sender)) for sender in _senders(told))
        votes[kind] = VotesHeard((BlockMarks(block(_hash_of(told)), marks_of(bits, len(seats))),), b"")
    at, rounds = _round(words), [_round(told)] if told else []
    heard = tuple(RoundHeard(round_, proposed, votes["prevote"], votes["precommit"]) for round_ in rounds)
    return [SummaryReceived(b"peer", Summary(height, at, int(Step.PREVOTE), NO_ROUND, "answer" in words, heard))]


WORDS: dict[str, Word] = {
    "work": lambda _, words, height: [WorkAvailable(height)],
    "interval": _timeout(TimeoutKind.INTERVAL),
    "heartbeat": _timeout(TimeoutKind.HEARTBEAT),
    "timeout": _timeout(None),
    "built": lambda _, words, height: [BlockBuilt(height, _round(words), block(_hash_of(words)), b"block")],
    "known": _known,
    "proposal": _proposal,
    "prevote": _votes(VoteKind.PREVOTE),
    "precommit": _votes(VoteKind.PRECOMMIT),
    "commit": _commit,
    "asked": _asked,
}
"""First words of commands, and the inputs they become."""
