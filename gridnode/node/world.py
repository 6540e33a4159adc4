"""What surrounds a performer of consensus, and what it is told besides the engine's inputs. A running node's world is `consensus_loop`, a
simulated node's a virtual clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from gridnode.chain.commit import Commit
from gridnode.chain.vote import Vote
from gridnode.consensus import effects as fx
from gridnode.consensus.inputs import Input, StartHeight
from gridnode.consensus.summary import Summary
from gridnode.sync.messages import ProposedBlock


@dataclass(frozen=True, slots=True)
class Resume:
    """Instead of the first StartHeight after a restart: the height, and what the log holds of it."""

    start: StartHeight
    """The height to go on with."""
    entries: tuple[bytes, ...]
    """Log entries, in order."""


@dataclass(frozen=True, slots=True)
class SignAgain:
    """The signer is back: what it has not answered is asked again."""


class World(Protocol):
    """What surrounds a performer: the queue of inputs, time, tasks."""

    def offer(self, event: Input | Resume | SignAgain) -> None:
        """Queue an input: `Performer.handle` gets it after the one under way."""
        ...

    def schedule(self, timeout: fx.ScheduleTimeout) -> None:
        """Offer the timeout as `TimeoutElapsed` after its time."""
        ...

    def cancel(self, height: int) -> None:
        """Drop all timeouts of this height and of those below it."""
        ...

    def spawn(self, run: Callable[[fx.ObtainBlock], Awaitable[None]], effect: fx.ObtainBlock) -> None:
        """Run `run(effect)` in a task of its own."""
        ...

    def now_ms(self) -> int:
        """Wall clock in unix milliseconds."""
        ...

    def monotonic_ms(self) -> int:
        """A clock in milliseconds that never jumps."""
        ...


class Speaks(Protocol):
    """How messages reach the other nodes."""

    def __call__(self, message: ProposedBlock | Vote | Commit | Summary, to: bytes | None = None) -> None:
        """Send to one peer, or to all validators, a summary to all linked peers; may lose anything."""
        ...
