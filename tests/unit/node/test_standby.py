"""When the second machine of a validator takes the lease: also in jail, which is where the absence of the first one leads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from gridnode.chain.commit import Commit
from gridnode.chain.validators import ValidatorSet
from gridnode.modules.validators.events import Jailed
from gridnode.modules.validators.lease import TakeLease
from gridnode.modules.validators.messages import Revoke, Unjail
from gridnode.node import standby as module
from gridnode.node.standby import Standby
from gridnode.primitives.ids import Address, PublicKey, Signature
from gridnode.primitives.limits import TAKEOVER_COMMITS
from gridnode.state.kv import Reader
from tests.validators_world import ValidatorsWorld, address

ONE, TWO = PublicKey(b"\x07" * 32), PublicKey(b"\x08" * 32)
AFTER_MS = 5_000


class View:
    """A view of the world's state."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader


class Store:
    """What a standby asks of a store: the newest state, and the commit of the newest block without one validator."""

    def __init__(self, world: ValidatorsWorld, absent: Address) -> None:
        self._world, self._absent = world, absent

    @contextmanager
    def view(self) -> Iterator[View]:
        """The newest state."""
        yield View(self._world.reader)

    @property
    def height(self) -> int:
        """Of the newest block."""
        return self._world.height

    @property
    def voted(self) -> ValidatorSet:
        """Who voted on it."""
        return self._world.ledger.tip.voted

    def commit_of(self, _height: int) -> Commit:
        """Without the precommit of who is away."""
        commit = self._world.last_commit()
        signed = zip(self.voted.members, commit.signatures, strict=True)
        return replace(
            commit, signatures=tuple(Signature(b"") if member.address == self._absent else one for member, one in signed)
        )


class Signer:
    """A key that is here and has signed nothing."""

    is_here = True
    last = None

    def __init__(self, validator: Address) -> None:
        self.address = validator


class Machines:
    """MEA's second machine beside a chain that goes on without MEA."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ms = 0
        monkeypatch.setattr(module, "monotonic_ms", lambda: self.now_ms)
        self.world = ValidatorsWorld(misses_to_jail=2)
        self.absent = address("mea")
        store = Store(self.world, self.absent)
        self.second = Standby(Signer(self.absent), TWO, "standby", AFTER_MS, store)  # type: ignore[arg-type]

    def block(self) -> None:
        """A second later, by whose turn it is unless that is MEA; then by the next."""
        self.now_ms += 1_000
        first, second, *_ = (*self.world.ledger.tip.proposers, b"")
        self.world.next(maker=second if first == self.absent else first)
        self.second.stored()

    def until_jailed(self) -> None:
        """MEA misses its turns."""
        while not self.world.seen(Jailed):
            self.block()


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Machines:
    """At genesis."""
    return Machines(monkeypatch)


def test_after_commits_and_a_time(machines: Machines) -> None:
    for _ in range(TAKEOVER_COMMITS):
        assert not machines.second.is_due()
        machines.block()
    machines.now_ms = AFTER_MS
    assert machines.second.is_due()


def test_in_jail_it_takes_over_what_was_missed_before(machines: Machines) -> None:
    """And signs from the height on at which the operator has asked the validator back."""
    machines.until_jailed()
    machines.now_ms += AFTER_MS
    assert machines.second.is_due()
    machines.world.ok(("mea-node", TakeLease(machines.absent, TWO, 1)))
    assert not machines.second.is_due(), "it has the lease"
    machines.world.next(after_ms=20_000)
    machines.world.ok(("mea", Unjail("mea")))
    assert "mea" in machines.world.powers()
    assert machines.second.duty.is_turn(machines.second.lease())


def test_without_a_licence_nothing_is_taken(machines: Machines) -> None:
    """A lease would be refused, and paid for."""
    machines.until_jailed()
    machines.world.ok(("erc", Revoke("mea")))
    machines.now_ms += AFTER_MS
    assert not machines.second.is_due()


def test_the_first_machine_does_not_take_it_back_in_jail(machines: Machines) -> None:
    """It comes back when nobody signs for the validator: it has seen no commit without it."""
    machines.until_jailed()
    machines.world.ok(("mea-node", TakeLease(machines.absent, TWO, 1)))
    store = Store(machines.world, machines.absent)
    first = Standby(Signer(machines.absent), ONE, "primary", AFTER_MS, store)  # type: ignore[arg-type]
    for _ in range(2 * TAKEOVER_COMMITS):
        machines.block()
        first.stored()
    assert not first.is_due()
