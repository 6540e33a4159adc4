"""The consensus engine with somebody who looks on: every input and every effect is shown to the checkers and the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from gridnode.chain.genesis import ChainParams
from gridnode.chain.vote import Proposal, Vote
from gridnode.consensus.effects import Effect
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import Input, StartHeight
from gridnode.consensus.machine import State
from gridnode.primitives.ids import Address


class WatchedEngine(Engine):
    """The engine as it is, and a look at what goes in and comes out."""

    def __init__(
        self,
        params: ChainParams,
        me: Address | None,
        hears: Callable[[Input], None],
        performs: Callable[[Sequence[Effect]], None],
        resumes: Callable[[int, Vote | Proposal | None, bool], None],
    ) -> None:
        super().__init__(params, me)
        self._hears = hears
        self._performs = performs
        self._resumes = resumes

    def handle(self, event: Input) -> list[Effect]:
        """As the engine; then the effects are shown."""
        self._hears(event)
        effects = super().handle(event)
        if effects:
            self._performs(effects)
        return effects

    def restore(
        self, start: StartHeight, entries: Iterable[bytes], last_signed: Vote | Proposal | None = None
    ) -> list[Effect]:
        """As the engine; then the effects are shown."""
        effects = super().restore(start, entries, last_signed)
        self._resumes(start.height, last_signed, self.signs)
        self._performs(effects)
        return effects

    def only_listen(self) -> None:
        """Sign nothing from now on (a liar's, which signs by itself)."""
        self._me = None

    def forget_lock(self) -> None:
        """Amnesia: what the process is locked on is gone (a liar's)."""
        if self._driver is not None:
            free = State()
            self._driver.state = replace(
                self._driver.state, locked_hash=free.locked_hash, locked_round=free.locked_round
            )
