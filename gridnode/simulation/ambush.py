"""A liar with a plan: one peer alone locks on a block, another block is locked after it, and then the first is proposed again.

Only so is it tried whether a lock gives way to a polka that is older than itself (line 29 of Algorithm 1). Chance does not come there: it
takes four rounds in which the right peer misses the right message. In terms of rounds, with the liar's own turn in round t:

    before t - 2  one peer does not get the proposal, the liar is silent: no polka
    t - 2         one peer does not get the proposal of A; the liar's prevote makes the polka, and one peer alone gets it and locks on A
    t - 1         an honest proposer that is not locked proposes B; the liar's prevote makes the polka for all but the one locked on A
    t             the liar proposes A, with the polka of round t - 2, which now all may see; who is locked on B must not prevote it

Who gets what is up to this liar until the world heals: the network belongs to it, as the model of the paper allows. It signs nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from gridnode.chain.vote import NO_ROUND, Proposal, Vote, VoteKind, vote_hash
from gridnode.consensus import effects as fx
from gridnode.consensus.inputs import Input, ProposalReceived
from gridnode.execution.executed import Executed
from gridnode.node.wire import from_wire, message_name
from gridnode.primitives.ids import Address, Signature
from gridnode.primitives.units import Round
from gridnode.simulation.byzantine import EVERYBODY, Liar
from gridnode.simulation.kernel import Life
from gridnode.simulation.links import Station
from gridnode.simulation.node import Node
from gridnode.simulation.plan import Lie
from gridnode.simulation.setting import CHAIN_ID
from gridnode.sync.messages import ProposedBlock


class Script(NamedTuple):
    """What is to happen at a height."""

    height: int
    turn: int  # the liar's round, at least 2
    lone: Address  # who alone locks on A
    hidden: dict[int, Address]  # who does not get the proposal, by round, up to turn - 2


class Ambusher(Liar):
    """A machine whose validator carries such a plan out, at every height where turns and powers allow it."""

    def __init__(self, *parts: Any, lies: tuple[Lie, ...]) -> None:
        """`parts` as of a machine."""
        super().__init__(*parts, lies=lies)
        self._script: Script | None = None
        self._first: Vote | None = None  # the prevote that makes the polka for A; None when it is not said yet, or all may see it
        self._read = lru_cache(maxsize=256)(from_wire)
        self._links.holds_back = self._holds_back
        self._write_script(1)

    def stored(self, executed: Executed) -> None:
        """The next height begins."""
        super().stored(executed)
        self._write_script(executed.block.header.height + 1)

    def new_node(self, life: Life) -> Node:
        """A node that signs nothing by itself."""
        node = super().new_node(life)
        node.engine.only_listen()
        return node

    def hears(self, event: Input) -> None:
        """A proposal of a scripted round is voted for, to some."""
        super().hears(event)
        if self._script is not None and isinstance(event, ProposalReceived):
            self._cast(self._script, event.proposal)

    def performs(self, effects: Iterable[fx.Effect]) -> None:
        """When its turn has come, it proposes."""
        super().performs(effects)
        script, node = self._script, self.node
        if script is not None and node is not None and (node.engine.height, node.engine.round) == (script.height, script.turn):
            self._spring(script, node)

    # The script

    def _write_script(self, height: int) -> None:
        self._script = self._first = None
        validators, order = self._electorates.at(height)
        if self.address not in order[2:]:
            return
        turn = order.index(self.address)
        others = [member for member in validators.members if member.address != self.address]
        mine = validators.total_power - sum(member.power for member in others)
        apart = [
            member.address
            for member in others
            if not validators.is_quorum(validators.total_power - mine - member.power)
            and validators.is_quorum(validators.total_power - member.power)
        ]  # without it the others have no quorum, and with the liar in its place they have one
        hidden = [[one for one in apart if one != order[round_]] for round_ in range(turn - 1)]
        if not all(hidden):
            return
        chosen = [self.random.choice(ones) for ones in hidden]
        alone = [one for one in apart if one not in (order[turn - 1], chosen[-1])]
        if alone:
            self._script = Script(height, turn, self.random.choice(alone), dict(enumerate(chosen)))

    def _cast(self, script: Script, proposal: Proposal) -> None:
        """Prevotes in two rounds, once in each; nothing else is said."""
        height, round_ = proposal.height, proposal.round
        known = len(self._proposed.get((height, round_), ()))
        if height != script.height or round_ not in (script.turn - 2, script.turn - 1) or known > 1:
            return
        signed = vote_hash(CHAIN_ID, VoteKind.PREVOTE, height, round_, proposal.block_hash)
        said = Vote(VoteKind.PREVOTE, height, round_, proposal.block_hash, self.address, self.keys.sign(signed))
        lone = 1 << self._links.number_of(self.peer_of[script.lone])
        if round_ == script.turn - 2:
            self._first = said
            self._say(said, lone)
        else:
            self._say(said, ~lone)

    def _spring(self, script: Script, node: Node) -> None:
        """Propose A, and show its polka."""
        first, self._first = self._first, None
        compact = None if first is None else node.candidates.compact(first.block_hash)
        if first is None or compact is None:
            return
        self._say(first, EVERYBODY)
        like = Proposal(first.height, Round(script.turn), NO_ROUND, first.block_hash, self.address, Signature(b""))
        self._say(ProposedBlock(self._proposal(like, first.block_hash, first.round), compact), EVERYBODY)

    def _holds_back(self, receiver: Station, payload: bytes) -> bool:
        """Whether a message must not reach a peer now: a proposal that is hidden from it, a prevote of the liar's that others got."""
        script = self._script
        if script is None or message_name(payload) not in ("ProposedBlock", "Vote"):
            return False
        message = self._read(payload)
        if isinstance(message, ProposedBlock):
            told = message.proposal
            return told.height == script.height and self._is(receiver, script.hidden.get(told.round))
        if not isinstance(message, Vote) or (message.validator, message.height) != (self.address, script.height):
            return False
        if message.round == script.turn - 2:
            return message == self._first and not self._is(receiver, script.lone)
        return message.round == script.turn - 1 and self._is(receiver, script.lone)

    def _is(self, peer: Station, validator: Address | None) -> bool:
        return validator is not None and self.peer_of.get(validator) == peer.peer_key
