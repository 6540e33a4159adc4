"""Whoever submits transactions in a simulation: what they sign with, and the nodes that they hand it to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import TransactionBody, sign_transaction
from gridnode.primitives.units import TimeMs
from gridnode.simulation.kernel import Clock
from gridnode.simulation.machine import Machine
from gridnode.simulation.setting import user_keys

VALID_MS: Final = 60_000
"""Of chain time, in which a transaction may stand in a block."""


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients with draws of their own."""

    clock: Clock
    """The virtual clock."""
    random: Random
    """What they draw."""
    chain_id: str
    """The chain they sign for."""
    time_ms: Callable[[], int]
    """The chain's time, unix ms, as far as clients know it."""
    machines: Sequence[Machine]
    """All nodes, running or not."""

    def running(self) -> list[Machine]:
        """Machines whose node runs."""
        return [machine for machine in self.machines if machine.node is not None]

    def signed(self, by: int, salt: int, messages: Iterable[Any]) -> bytes:
        """A transaction of user number `by`, valid for VALID_MS."""
        keys = user_keys(by)
        until_ms = TimeMs(self.time_ms() + VALID_MS)
        body = TransactionBody(self.chain_id, keys.public_key, until_ms, salt, tuple(to_message(item) for item in messages))
        return sign_transaction(body, keys)


def submit(machine: Machine, raw: bytes) -> None:
    """Hand a transaction to a node, if it runs."""
    if machine.life is not None and machine.node is not None:
        machine.life.spawn(machine.node.submit(raw))
