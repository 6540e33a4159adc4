"""A simulation in which the first validator has two honest machines of one key: a primary and a standby that takes the lease by itself.

Each has its own disk, guard and network key. They are killed by turns besides what the plan does to everybody.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.execution.executed import Executed
from gridnode.modules.validators.lease import Lease, lease_of
from gridnode.node.duty import Duty
from gridnode.node.takeover import Takeover
from gridnode.primitives.ids import NO_HASH, PublicKey
from gridnode.primitives.limits import DEFAULT_VALIDITY_MS, MAX_ROUND
from gridnode.signer.signs import OwnKey
from gridnode.simulation.machine import Machine
from gridnode.simulation.plan import Fault
from gridnode.simulation.run import Simulation
from gridnode.simulation.setting import validator_keys
from gridnode.storage.sign_guard import LeaseWish, SignGuard

TAKEOVER_MS: Final = 1_500
LOOK_EVERY_MS: Final = 500
AWAY_MS: Final = 6_000
"""So long a machine of the pair stays away: longer than a takeover takes when the weather is good."""


class Paired(Machine):
    """One machine of the pair."""

    def __init__(self, *parts: Any, pair: str) -> None:
        super().__init__(*parts)
        self.pair = pair
        self.alarms: list[str] = []
        self.takes = 0
        self._duty: Duty | None = None
        self._takeover = Takeover(TAKEOVER_MS, 0)

    def duty(self, signer: OwnKey) -> Duty:
        """As in a running node."""
        self._takeover = Takeover(TAKEOVER_MS, self.clock.now_ms)
        self._duty = Duty(signer, PublicKey(self.peer_key), self.pair)
        return self._duty

    def guard(self) -> SignGuard:
        """In its first life whoever made the machine says that it has signed nothing."""
        guard = super().guard()
        if self.lives == 1 and guard.last is None:
            guard.sign_vote(VoteKind.PREVOTE, 0, MAX_ROUND, NO_HASH)
        return guard

    def start(self) -> None:
        """Start, and look at the other machine from then on."""
        super().start()
        if self.life is not None:
            self.life.at(LOOK_EVERY_MS, self._look)

    def resumes(self, height: int, last_signed: Vote | Proposal | None, signs: bool) -> None:
        """A machine whose turn it is not does not vote, and that breaks no promise."""
        if self._duty is None or not self._duty.listens_because:
            super().resumes(height, last_signed, signs)

    def stored(self, executed: Executed) -> None:
        """Is the validator in the commit?"""
        super().stored(executed)
        assert self.node is not None
        store = self.node.store
        final = store.final_block(store.height)
        seat = [member.address for member in store.voted.members].index(self.address)
        if final is not None:
            self._takeover.stored(bool(final.commit.signatures[seat]), self.clock.now_ms)

    def lease(self) -> Lease | None:
        """As its node has it."""
        assert self.node is not None
        with self.node.store.view() as view:
            return lease_of(view.reader, self.address)

    def _look(self) -> None:
        """Once in a while: an alarm is kept, a lease that is due is taken."""
        if self.life is None or self.node is None or self._duty is None:
            return
        self.life.at(LOOK_EVERY_MS, self._look)
        if self._duty.alarm:
            self.alarms.append(self._duty.alarm)
        now, lease = self.clock.now_ms, self.lease()
        self._takeover.heard(self._duty.heard_other, now)
        if self.node.catch_up.syncing or self._duty.is_turn(lease) or not self._takeover.is_due(now):
            return
        self._takeover.tried(now)
        self.takes += 1
        store = self.node.store
        time_ms = store.header.time_ms if store.header else store.genesis.time_ms
        wish = LeaseWish(PublicKey(self.peer_key), 1 + (lease.epoch if lease else 0), time_ms + DEFAULT_VALIDITY_MS, now)
        self.life.spawn(self.node.submit(self.node.guard.take_lease(wish)))


class PairSimulation(Simulation):
    """Validator 0 has two machines; nobody lies."""

    primary: Paired
    standby: Paired

    @property
    def _set_changes(self) -> bool:
        """Of four the set stays: with the pair down by turns, a fifth validator that comes and goes would be one too many."""
        return len(self.plan.powers) > 4 and super()._set_changes

    def _machines(self) -> list[Machine]:
        plan, seed = self.plan, self.plan.wish.seed
        count = len(plan.powers)
        peer_of: dict[Any, bytes] = {}
        machines: list[Machine] = []
        for place in range(count + 1):
            number = place % count
            name = f"V{number}" if place < count else "V0'"
            parts = (
                place, name, validator_keys(number), self.chain, self.clock, self.links, peer_of, self.checkers,
                Random(f"machine {seed} {place}"), plan.percent.get(Fault.SLOW, 0),
            )  # fmt: skip
            pair = "standby" if place == count else "primary"
            machine = Machine(*parts) if number else Paired(*parts, pair=pair)
            machine.side = place % 2
            peer_of.setdefault(machine.address, machine.peer_key)
            machines.append(machine)
        first, last = machines[0], machines[-1]
        if self._set_changes:
            self._add_spare(machines, peer_of)
        assert isinstance(first, Paired)
        assert isinstance(last, Paired)
        self.primary, self.standby = first, last
        random = Random(f"pair {seed}")
        for turn in range(4):
            victim = (self.primary, self.standby)[turn % 2]
            self.clock.at(1_000 + turn * (AWAY_MS + 2_000) + random.randrange(1_000), lambda who=victim: self._take_down(who))
        return machines

    def _take_down(self, machine: Paired) -> None:
        """The process dies, and comes back when the other has had time to take over."""
        if machine.is_gone:
            return
        machine.stop()
        machine.is_gone = True

        def back() -> None:
            machine.is_gone = False
            if machine.life is None:
                machine.start()

        self.clock.at(AWAY_MS, back)
