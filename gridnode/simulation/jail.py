"""Jail: who misses its turns too often in a row loses its seat, and has it again when its operator asks back.

Drawn in seeds where nobody is impaired for good: a set without one of the honest tolerates less than was drawn. Turns are counted here from
the blocks alone; the chain's own count is not looked at. Not judged is who might have been jailed and was not: that rests on weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gridnode.codec.records import decode
from gridnode.execution.executed import Executed
from gridnode.execution.registry import EVENTS
from gridnode.modules.validators.events import Jailed, Licensed, Revoked, Unjailed
from gridnode.modules.validators.messages import Unjail
from gridnode.primitives.ids import Address
from gridnode.simulation.clients import Clients, submit
from gridnode.simulation.electorate import Electorate, Electorates
from gridnode.simulation.violation import Violation

ASK_EVERY_MS: Final = 600
_OUT: Final = ("validators.unjailed", "validators.licensed", "validators.revoked")
"""What ends a time in jail: asking back, or another licence, or none."""
_EVENTS: Final = ("validators.jailed", *_OUT)


class Prison:
    """Who is in jail, by the blocks so far, each looked at once and in order."""

    def __init__(self, electorates: Electorates, misses_to_jail: int) -> None:
        """`misses_to_jail` is 0 where nobody is jailed."""
        self._electorates = electorates
        self._misses_to_jail = misses_to_jail
        self._in_row: dict[str, int] = {}
        self._maker: Address | None = None  # of the block before
        self.jailed: dict[str, None] = {}
        self.times = 0

    def stored(self, executed: Executed) -> tuple[str, str] | None:
        """A block is final. The promise that it breaks, and how; None when it is in order."""
        header, commit = executed.block.header, executed.block.last_commit
        if self._maker is not None:
            self._count(self._electorates.at(header.height - 1), commit.round, self._maker)
        self._maker = header.proposer
        seats = {member.name for member in executed.validators.members}
        for change in _changes(executed):
            if not isinstance(change, Jailed):
                self.jailed.pop(change.name, None)
            elif self._in_row.get(change.name, 0) < self._misses_to_jail or not self._misses_to_jail:
                missed = self._in_row.get(change.name, 0)
                return "jail", f"block {header.height} jails {change.name}, which missed {missed} turns in a row"
            else:
                self.jailed[change.name] = None
                self.times += 1
        held = [name for name in self.jailed if name in seats]
        return ("jail", f"block {header.height} leaves {held} a seat in jail") if held else None

    def _count(self, then: Electorate, round_: int, maker: Address) -> None:
        """The turns at a height: its maker and the proposer of the round that decided made theirs, those before it did not."""
        made = (maker, then.proposer(round_))
        for address in then.proposers[:round_]:
            member = then.validators.get(address)
            if address not in made and member is not None:
                self._in_row[member.name] = self._in_row.get(member.name, 0) + 1
        for address in made:
            member = then.validators.get(address)
            if member is not None:
                self._in_row[member.name] = 0

    def check(self) -> None:
        """Raises Violation when somebody who asks back is still in jail."""
        if self.jailed:
            raise Violation("jail", f"{list(self.jailed)} did not come back")


def _changes(executed: Executed) -> list[Jailed | Unjailed | Licensed | Revoked]:
    """In the order in which they took effect: who is jailed for the block before comes first, whatever stands in the last receipt."""
    *receipts, hooks = executed.receipts
    events = [event for receipt in (hooks, *receipts) for event in receipt.events if event.kind in _EVENTS]
    found: list[Any] = [decode(EVENTS[event.kind], event.body) for event in events]
    return found


class Operators:
    """Ask back for whoever is in jail, every so often."""

    def __init__(self, clients: Clients, prison: Prison, operators: Mapping[str, int]) -> None:
        """`operators` says which user operates whom."""
        self._clients = clients
        self._prison = prison
        self._operators = operators
        clients.clock.at(ASK_EVERY_MS, self._ask)

    def _ask(self) -> None:
        clients = self._clients
        clients.clock.at(ASK_EVERY_MS, self._ask)
        running = clients.running()
        for name in self._prison.jailed:
            for machine in clients.random.sample(running, min(2, len(running))):
                submit(machine, clients.signed(self._operators[name], clients.random.getrandbits(32), [Unjail(name)]))
