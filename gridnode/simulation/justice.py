"""Justice: who contradicts itself before honest nodes is convicted by a block, once, and nobody honest ever is.

An accusation counts until its node dies: what was heard and not yet on disk may be lost with it. What it has kept it tells again. A
conviction needs no accuser among the honest: a liar may tell of another liar.
"""

from __future__ import annotations

from collections.abc import Collection

from gridnode.chain.vote import Proposal
from gridnode.codec.records import decode
from gridnode.consensus import effects as fx
from gridnode.crypto.address import address_of
from gridnode.execution.executed import Executed
from gridnode.execution.registry import EVENTS
from gridnode.modules.validators.events import Convicted
from gridnode.primitives.ids import Address
from gridnode.simulation.machine import Machine
from gridnode.simulation.violation import Violation


class Justice:
    """Accusations and convictions so far."""

    def __init__(self) -> None:
        self._accusations: list[tuple[Machine, int, Address]] = []
        self._convicted: dict[Address, int] = {}

    def accused(self, machine: Machine, evidence: fx.Evidence) -> None:
        """An honest node has heard two messages that exclude each other."""
        first = evidence.first
        author = first.proposer if isinstance(first, Proposal) else first.validator
        self._accusations.append((machine, machine.lives, author))

    def stored(self, executed: Executed, honest: Collection[Address]) -> tuple[str, str] | None:
        """A block is final, looked at once. The promise that it breaks, and how; None when it is in order."""
        height = executed.block.header.height
        for event in executed.receipts[-1].events:
            record = decode(EVENTS[event.kind], event.body) if event.kind == "validators.convicted" else None
            if not isinstance(record, Convicted):
                continue
            address = address_of(record.key)
            if address in honest:
                return "justice", f"block {height} convicts the honest {record.name}"
            if address in self._convicted:
                return "justice", f"block {height} convicts {record.name} again, after block {self._convicted[address]}"
            self._convicted[address] = height
        return None

    def at_large(self) -> list[Address]:
        """Who was accused by a node that lives since, and is not convicted."""
        standing = {
            author: None
            for machine, life, author in self._accusations
            if machine.node is not None and machine.lives == life and author not in self._convicted
        }
        return list(standing)

    def check(self) -> None:
        """Raises Violation when somebody got away."""
        free = self.at_large()
        if free:
            names = ", ".join(author.hex()[:8] for author in free)
            raise Violation("justice", f"accused by honest nodes and not convicted: {names}")
