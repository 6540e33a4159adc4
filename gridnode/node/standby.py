"""A machine's part in who signs for its validator: its duty, what it sees of the other machine, the lease it takes when that is gone."""

from __future__ import annotations

from typing import Any

from gridnode.modules.validators.lease import Lease, lease_of, may_hold
from gridnode.node.clock import monotonic_ms, now_ms
from gridnode.node.config import ValidatorSection
from gridnode.node.duty import Duty
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.node.takeover import Takeover
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import PublicKey
from gridnode.primitives.limits import DEFAULT_VALIDITY_MS, MAX_U32, MAX_VALIDITY_MS
from gridnode.primitives.units import TimeMs
from gridnode.signer.signs import Signs
from gridnode.storage.sign_guard import LeaseWish

_log = Log("standby")


class Standby:
    """One machine of a validator."""

    def __init__(self, signer: Signs, machine: PublicKey, pair: str, takeover_after_ms: int, store: LedgerStore) -> None:
        self.duty = Duty(signer, machine, pair)
        self._signer = signer
        self._machine = machine
        self._pair = pair
        self._store = store
        self._takeover = Takeover(takeover_after_ms, monotonic_ms())

    def lease(self) -> Lease | None:
        """The validator's lease in the newest state: who signs the next block."""
        with self._store.view() as view:
            return lease_of(view.reader, self._signer.address)

    def stored(self) -> None:
        """A block was stored: is the validator in its commit?"""
        members, commit = self._store.voted.members, self._store.commit_of(self._store.height)
        seat = next((index for index, member in enumerate(members) if member.address == self._signer.address), None)
        if seat is not None and commit is not None:
            self._takeover.stored(bool(commit.signatures[seat]), monotonic_ms())

    def is_due(self) -> bool:
        """Whether the other machine is gone and this one is to take the lease."""
        now = monotonic_ms()
        self._takeover.heard(self.duty.heard_other, now)
        if self.duty.alarm or not self._signer.is_here or not self._takeover.is_due(now):
            return False
        with self._store.view() as view:  # in jail, too: the validator comes back with the machine that is there
            may, lease = may_hold(view.reader, self._signer.address), lease_of(view.reader, self._signer.address)
        return may and not self.duty.is_turn(lease)

    async def taken(self) -> bytes | None:
        """The transaction that takes the lease for this machine; None when the signer does not sign it."""
        self._takeover.tried(monotonic_ms())
        wish = lease_wish(self.lease(), self._machine, self._store)
        made = await self._signer.take_lease(wish)
        if not isinstance(made, bytes):
            _log.error("the lease is not taken", reason=made.reason)
            return None
        _log.warning("the other machine is not heard: taking the lease", epoch=wish.epoch, missed=self._takeover.missed)
        return made

    def answered(self, rejected: Rejected | None) -> None:
        """What became of the transaction at this node's own door."""
        if rejected is not None:
            _log.error("the lease is not taken", reason=str(rejected))

    def status(self) -> dict[str, Any]:
        """For people: who signs for the validator, and why this machine does not if so."""
        lease = self.lease()
        last = self._signer.last
        return {
            "machine": self._machine.hex(),
            "pair": self._pair or None,
            "lease": None if lease is None else {"epoch": lease.epoch, "machine": lease.machine.hex(), "since": lease.since},
            "is_turn": self.duty.is_turn(lease),
            "signer_is_here": self._signer.is_here,
            "last_signed_height": 0 if last is None else last.height,
            "listens_because": self.duty.listens_because or None,
            "alarm": self.duty.alarm or None,
            "commits_missed": self._takeover.missed,
        }


def lease_wish(lease: Lease | None, machine: PublicKey, store: LedgerStore) -> LeaseWish:
    """The next lease, for a machine; valid for two minutes of the clock, as far as the chain allows."""
    header, now = store.header, now_ms()
    chain_ms = store.genesis.time_ms if header is None else header.time_ms
    until = min(max(chain_ms, now) + DEFAULT_VALIDITY_MS, chain_ms + MAX_VALIDITY_MS)
    return LeaseWish(machine, 1 if lease is None else lease.epoch + 1, TimeMs(until), now & MAX_U32)


def standby_of(
    validator: ValidatorSection | None, signer: Signs | None, machine: PublicKey, store: LedgerStore
) -> Standby | None:
    """The part of a node that signs; None of one that does not."""
    if signer is None or validator is None:
        return None
    return Standby(signer, machine, validator.pair, validator.takeover_after_ms, store)
