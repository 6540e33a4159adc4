"""What must hold, checked as it happens: each promise of the chain is a check here, and a broken one is a `Violation` that ends the run.

    agreement        no two honest nodes store different blocks of one height
    validity         what is stored follows from what is below it, executed once more by a ledger of the checkers' own
    finality         each stored block has a commit of more than 2/3 of the power, every signature checked
    justification    an honest prevote has its proposal, an honest precommit more than 2/3 prevotes, among all that was ever said
    locks            an honest prevote against an own precommit has a polka since (the lemma that agreement rests on)
    signing          an honest node signs one thing a step, and its guard's record is durable before the signature leaves
    voice            an honest node that comes back goes on voting: its log explains what its guard has signed
    time             a block's time was near enough to a right clock: not ahead of it, not older than its height by more than is allowed
    supply           no money comes or goes in transfers
    blame            no honest node finds an honest peer, or calls an honest validator an equivocator
    justice          who contradicts itself before honest nodes is convicted in a block, once; nobody honest is
    jail             who is jailed missed its turns, has no seat meanwhile, and comes back when it asks
    soundness        no node ends but by death or a full disk
    progress         once the world has healed all honest nodes commit more blocks
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import Commit, check_commit
from gridnode.chain.genesis import Genesis
from gridnode.chain.vote import Proposal, Vote
from gridnode.consensus import effects as fx
from gridnode.consensus.inputs import Input, ProposalReceived, TimeoutKind, VoteReceived
from gridnode.consensus.timeouts import timeout_ms
from gridnode.execution.executed import Executed
from gridnode.primitives.errors import Malformed, OperatorError, PeerFault
from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS, MAX_CLOCK_LAG_MS, MAX_ROUND
from gridnode.simulation.accountability import Record, accused
from gridnode.simulation.electorate import Electorates
from gridnode.simulation.jail import Prison
from gridnode.simulation.justice import Justice
from gridnode.simulation.kernel import Died
from gridnode.simulation.machine import GUARD, Machine
from gridnode.simulation.plan import CLOCK_OFFSET_MS, Fault, Plan
from gridnode.simulation.second_ledger import SecondLedger
from gridnode.simulation.speech import Speech
from gridnode.simulation.trace import Trace
from gridnode.simulation.violation import Violation
from gridnode.sync.messages import ProposedBlock

NOISE: Final = 1
"""Weight of a fault that an honest peer may well commit: it did not answer in time."""


class Checkers:
    """Looks on at all machines."""

    def __init__(self, plan: Plan, genesis: Genesis, trace: Trace) -> None:
        self._plan = plan
        self._genesis = genesis
        self._trace = trace
        self.machines: Sequence[Machine] = ()
        self.on_stop: Callable[[Machine, BaseException], None] = _nothing
        self.ledger = SecondLedger(genesis)
        self.electorates = Electorates(genesis)
        self.justice = Justice()
        self.prison = Prison(self.electorates, plan.misses_to_jail)
        self.speech = Speech(self.electorates)
        self.record = Record(self.electorates)
        self.heights: dict[int, int] = {}
        self.stored = 0
        self.accused = 0
        self._has_forked = False
        self._final: dict[int, Hash] = {}
        self._first_ms: dict[int, int] = {}
        self._violation: Violation | None = None

    # What the run asks

    @property
    def best(self) -> int:
        """Greatest height that an honest node has stored."""
        return max(self._final, default=0)

    def chain_time_ms(self) -> int:
        """Time of the newest block."""
        return self.ledger.time_ms

    def is_over(self) -> bool:
        """Whether there is no sense in going on."""
        return self._violation is not None or self._has_forked

    def has_forked(self) -> bool:
        """Whether two blocks of one height are final, where too many lie for that to be a broken promise."""
        return self._has_forked

    def look(self) -> None:
        """Raises the Violation that was found, if one was."""
        if self._violation is not None:
            raise self._violation

    def _broken(self, promise: str, machine: Machine | None, what: str) -> None:
        """The first broken promise counts. Where too many lie, only what concerns one honest node alone is promised."""
        if self._violation is None:
            who = "" if machine is None else f"{machine.name}: "
            self._violation = Violation(promise, f"{who}{what}")

    # What happens (`machine.Watch`)

    def hears(self, machine: Machine, event: Input) -> None:
        """Everything that an honest node hears is a record to judge by."""
        if machine.is_honest and isinstance(event, VoteReceived):
            self.record.add(event.vote)
        elif machine.is_honest and isinstance(event, ProposalReceived):
            self.record.add(event.proposal)

    def performs(self, machine: Machine, effects: Iterable[fx.Effect]) -> None:
        """Accusations, and whether a node that came back is heard."""
        if not machine.is_honest:
            return
        for effect in effects:
            if isinstance(effect, fx.Evidence):
                self._accuse(machine, effect)

    def resumed(self, machine: Machine, height: int, last_signed: Vote | Proposal | None, signs: bool) -> None:
        """A node has replayed its log of `height`. It may have died when its disk had the block below and nobody else knew."""
        has_seat = self.electorates.knows(height) and self.electorates.at(height).validators.get(machine.address) is not None
        if machine.is_honest and has_seat and last_signed is not None and not signs:
            self._broken("voice", machine, "its log does not lead to what it signed last, so it does not vote")

    def speaks(self, machine: Machine, message: ProposedBlock | Vote | Commit) -> None:
        """A message leaves a node."""
        said = message.proposal if isinstance(message, ProposedBlock) else message
        if isinstance(said, Commit):
            return
        author = said.proposer if isinstance(said, Proposal) else said.validator
        is_new = self.speech.hear(said)
        if author != machine.address or not machine.is_honest or not is_new:
            return
        self._trace.note(machine.name, _told(said))
        wrong = self.speech.judge(said)
        if wrong is not None:
            self._broken(wrong[0], machine, wrong[1])
        if not _holds(machine.disk.durable(GUARD), said.signature):
            self._broken("signing", machine, f"{_told(said)} leaves before its record is durable")

    def stores(self, machine: Machine, executed: Executed) -> None:
        """A node has stored a block."""
        header = executed.block.header
        self._trace.note(machine.name, f"stores {header.height} {executed.block_hash.hex()[:12]}")
        if not machine.is_honest:
            return
        self.stored += 1
        self.heights[machine.number] = header.height
        known = self._final.setdefault(header.height, executed.block_hash)
        if known != executed.block_hash:
            self._has_forked = not self._plan.is_safe
            if self._plan.is_safe:
                self._broken("agreement", machine, f"two blocks are final at height {header.height}")
            return
        self.electorates.add(executed)
        self._check_commit(machine, executed)
        if header.height == self.ledger.height + 1:
            honest = [other.address for other in self.machines if other.is_honest]
            unjust = self.justice.stored(executed, honest) or self.prison.stored(executed)
            if unjust is not None:
                self._broken(unjust[0], machine, unjust[1])
        self._check_time(machine, header)
        wrong = self.ledger.check(executed)
        if wrong is not None:
            self._broken(wrong[0], machine, wrong[1])

    def _check_time(self, machine: Machine, header: Header) -> None:
        """Some right clock has judged the block as new since its height began, that is since the block before was first stored."""
        now_ms = self._genesis.time_ms + self._trace.now_ms
        began_ms = self._first_ms.setdefault(header.height - 1, self._genesis.time_ms)
        self._first_ms.setdefault(header.height, now_ms)
        longest_ms = timeout_ms(self._genesis.params, TimeoutKind.PROPOSE, MAX_ROUND)
        least_ms = began_ms - MAX_CLOCK_LAG_MS - longest_ms - CLOCK_OFFSET_MS
        most_ms = now_ms + MAX_CLOCK_DRIFT_MS + CLOCK_OFFSET_MS
        if self._plan.is_safe and not least_ms <= header.time_ms <= most_ms:
            self._broken("time", machine, f"block {header.height} has time {header.time_ms - now_ms} ms from right")

    def _check_commit(self, machine: Machine, executed: Executed) -> None:
        assert machine.node is not None
        height = executed.block.header.height
        final = machine.node.store.final_block(height)
        if final is None or header_hash(final.block.header) != executed.block_hash:
            self._broken("finality", machine, f"block {height} is not stored")
            return
        self.record.add_commit(final.commit)
        try:
            validators = self.electorates.at(height).validators
            check_commit(final.commit, self._genesis.chain_id, validators, height, executed.block_hash)
        except Malformed as error:
            self._broken("finality", machine, f"block {height}: {error}")
        if machine.node.store.state_root != executed.block.header.state_root:
            self._broken("validity", machine, f"its state after block {height} is not the header's")

    def blames(self, machine: Machine, peer: bytes, fault: PeerFault) -> None:
        """A node finds a peer at fault."""
        self._trace.note(machine.name, f"blames {peer[0] - 1}: {fault}")
        guilty = self.machines[peer[0] - 1]
        if machine.is_honest and guilty.is_honest and fault.weight > NOISE:
            self._broken("blame", machine, f"finds the honest {guilty.name} at fault: {fault}")

    def stops(self, machine: Machine, error: BaseException) -> None:
        """A node has ended."""
        self._trace.note(machine.name, f"stops {type(error).__name__}")
        is_foreseen = isinstance(error, Died) or (isinstance(error, OperatorError) and self._disks_fail)
        if machine.is_honest and not is_foreseen:
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            self._broken("soundness", machine, f"ends with {type(error).__name__}: {error} ({place})")
        self.on_stop(machine, error)

    @property
    def _disks_fail(self) -> bool:
        return Fault.DISK in self._plan.percent

    def _accuse(self, machine: Machine, evidence: fx.Evidence) -> None:
        author = evidence.first.proposer if isinstance(evidence.first, Proposal) else evidence.first.validator
        self._trace.note(machine.name, f"accuses {author.hex()[:8]}")
        self.accused += 1
        self.justice.accused(machine, evidence)
        for other in self.machines:
            if other.address == author and other.is_honest:
                self._broken("blame", machine, f"calls the honest {other.name} an equivocator")

    # At the end

    def check_progress(self, goal: int, heights: Mapping[str, int]) -> None:
        """Raises Violation unless all have come as far as the goal."""
        if any(height < goal for height in heights.values()):
            raise Violation("progress", f"height {goal} was to be reached, nodes are at {dict(heights)}")

    def check_end(self, machines: Sequence[Machine]) -> None:
        """Raises Violation when a node's rows differ from the second ledger's at the same height, or money was made."""
        self.ledger.check_supply()
        self.justice.check()
        self.prison.check()
        for machine in machines:
            if machine.node is not None and self.heights.get(machine.number) == self.ledger.height:
                self.ledger.compare(machine.name, machine.disk.rows)

    def check_blame(self) -> None:
        """After a fork: raises Violation unless what honest nodes heard convicts more than f, and nobody honest."""
        guilty = [self._number(address) for address in accused(self.record)]
        wrong = [number for number in guilty if number not in self._plan.liars]
        if wrong:
            raise Violation("accountability", f"honest validators are convicted: {wrong}")
        if self._plan.is_few(guilty):
            raise Violation("accountability", f"two blocks are final and only validators {guilty} are convicted")
        self._trace.note("-", f"fork, convicted {guilty}")

    def _number(self, address: bytes) -> int:
        return next(machine.number for machine in self.machines if machine.address == address)


def _holds(record: bytes, part: bytes) -> bool:
    return part in record


def _nothing(_machine: Machine, _error: BaseException) -> None:
    pass


def _told(said: Proposal | Vote) -> str:
    what = said.kind.name.lower() if isinstance(said, Vote) else f"proposal({said.valid_round})"
    return f"{what} {said.height}/{said.round} {said.block_hash.hex()[:12] or 'nil'}"
