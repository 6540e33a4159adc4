"""A ledger of the checkers' own: each final block is executed once more, over rows that no node has touched, and compared."""

from __future__ import annotations

from typing import Final

from gridnode.chain.genesis import Genesis
from gridnode.execution.executed import Executed
from gridnode.execution.genesis import opening_writes
from gridnode.execution.ledger import open_ledger
from gridnode.execution.registry import MODULES
from gridnode.execution.validation import BlockInvalid
from gridnode.modules.token.tables import SUPPLY, Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.simulation.disk import Rows
from gridnode.simulation.violation import Violation
from gridnode.state.commitment import Commitment
from gridnode.storage.leveldb import Column, View

_STATE: Final = bytes([Column.STATE])
_PAGES: Final = bytes([Column.PAGES])


class SecondLedger:
    """The chain as it must be."""

    def __init__(self, genesis: Genesis) -> None:
        self._rows = Rows(None)
        self._state = View(self._rows, Column.STATE)
        self._tree = Commitment(View(self._rows, Column.PAGES))
        writes = opening_writes(genesis)
        self._store(writes, self._tree.update(writes).pages)
        self._tree = Commitment(View(self._rows, Column.PAGES))
        self._ledger = open_ledger(genesis, None, None, self._state, self._tree, ())
        self._supply = SUPPLY.get(self._state, Denomination.THB)

    @property
    def height(self) -> int:
        """Height of the newest block."""
        return self._ledger.tip.height

    @property
    def time_ms(self) -> int:
        """Time of the newest block."""
        return self._ledger.tip.time_ms

    def check(self, executed: Executed) -> tuple[str, str] | None:
        """Execute a block that a node has stored, unless it is known. What is wrong with it: a promise and how it is broken, or None."""
        height = executed.block.header.height
        if height != self._ledger.next_height:
            return None
        try:
            again = self._ledger.execute(executed.block, executed.transactions)
        except (BlockInvalid, InvariantBroken) as error:
            return "validity", f"block {height} is final and not valid: {error}"
        if again.writes != executed.writes or again.receipts != executed.receipts:
            return "validity", f"block {height} has another outcome when it is executed again"
        self._store(again.writes, again.update.pages)
        self._ledger.commit(again)
        return None

    def check_supply(self) -> None:
        """Every module's invariants over all rows, and the supply as it was at first. Raises Violation."""
        supply = SUPPLY.get(self._state, Denomination.THB)
        if supply != self._supply:
            raise Violation("supply", f"was {self._supply}, is {supply}")
        for module in MODULES:
            try:
                module.check_whole(self._state)
            except InvariantBroken as error:
                raise Violation("supply", str(error)) from None

    def compare(self, name: str, rows: Rows) -> None:
        """A node's state and tree, row by row. Raises Violation."""
        for column in (_STATE, _PAGES):
            stop = bytes([column[0] + 1])
            if list(rows.iterator(column, stop)) != list(self._rows.iterator(column, stop)):
                raise Violation("validity", f"{name}: rows of {Column(column[0]).name} differ from what the blocks say")

    def _store(self, writes: object, pages: object) -> None:
        batch = self._rows.write_batch(sync=True)
        for prefix, changes in ((_STATE, writes), (_PAGES, pages)):
            for key, value in changes.items():  # type: ignore[attr-defined]
                batch.put(prefix + key, value) if value is not None else batch.delete(prefix + key)
        batch.write()
