"""The blocks that consensus wants judged: got, executed and reported, each in a task of its own, so that votes are heard meanwhile.

What cannot be had (a block that nobody has now) is not answered: the engine asks again.

A propose timeout bounds how long a node waits for others: for the round's proposal, and for the block that it names. When the block is here
whole, what is left is this node's own work, which ends by itself, since a block is bounded. So a timeout that elapses meanwhile is told
only after the verdict (decision 0022): a machine that is slow votes late, and not nil. Were it told at once, a block that takes all nodes
longer than the timeout would be refused by all of them, and so would the next proposer's, which is as large.

And since a proposer has executed the block before, as everybody has, it is given so much more time as that has taken here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from gridnode.codec.records import encode
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import BlockKnown, TimeoutElapsed, TimeoutKind
from gridnode.consensus.timely import is_timely
from gridnode.execution.validation import BlockInvalid
from gridnode.node.candidates import Candidates, Complete
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.node.world import World
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.units import DurationMs

_log = Log("consensus")


class Refusal(NamedTuple):
    """A proposed block that was found invalid."""

    height: int
    """Height it was proposed for."""
    block_hash: Hash
    """Which block."""
    reason: str
    """What did not hold."""


class Judging:
    """Blocks on their way to a verdict."""

    def __init__(
        self, engine: Engine, store: LedgerStore, candidates: Candidates, peer_of: Mapping[Address, bytes], world: World
    ) -> None:
        self._engine = engine
        self._store = store
        self._candidates = candidates
        self._peer_of = peer_of
        self._world = world
        self._obtaining: dict[Hash, fx.ObtainBlock | None] = {}  # under way, and what was asked since
        self._executing: dict[Hash, TimeoutElapsed | None] = {}  # whole blocks, and the timeout that waits for the verdict
        self._took_ms = 0  # the last block that was judged or built here
        self._refusal: Refusal | None = None

    @property
    def executing(self) -> tuple[Hash, ...]:
        """Blocks that are here whole and have no verdict yet, the one under way first."""
        return tuple(self._executing)

    def obtain(self, effect: fx.ObtainBlock) -> None:
        """Judge the block in a task of its own; at most one task a block, which begins anew when others are named and it cannot get it."""
        if effect.block_hash in self._obtaining:
            self._obtaining[effect.block_hash] = effect
        else:
            self._obtaining[effect.block_hash] = None
            self._world.spawn(self._run, effect)

    def took(self, since_ms: int) -> None:
        """The ledger was busy with a block since then, by the world's clock that never jumps."""
        self._took_ms = self._world.monotonic_ms() - since_ms

    def stretched(self, timeout: fx.ScheduleTimeout) -> fx.ScheduleTimeout:
        """A propose timeout is longer by what the last block took here, within the chain's cap; others are what they are."""
        if timeout.kind is not TimeoutKind.PROPOSE:
            return timeout
        cap_ms = max(timeout.after_ms, self._store.genesis.params.timeout_cap_ms)
        return replace(timeout, after_ms=DurationMs(min(timeout.after_ms + self._took_ms, cap_ms)))

    def holds(self, timeout: TimeoutElapsed) -> bool:
        """Whether this timeout has to wait, because what it bounds has come: the world is offered it again after the verdict."""
        if timeout.kind is not TimeoutKind.PROPOSE or timeout.height != self._engine.height:
            return False
        proposed = self._engine.proposed(timeout.round)
        if proposed is None or proposed not in self._executing:
            return False
        held = self._executing[proposed]
        if held is None or held.round < timeout.round:  # an earlier round's has no meaning any more
            self._executing[proposed] = timeout
        return True

    def take_refusal(self) -> Refusal | None:
        """The block that was found invalid last; each is told once."""
        refusal, self._refusal = self._refusal, None
        return refusal

    async def _run(self, effect: fx.ObtainBlock) -> None:
        wish: fx.ObtainBlock | None = effect
        try:
            while wish is not None:
                self._obtaining[effect.block_hash] = None
                holders = [self._peer_of[address] for address in wish.holders if address in self._peer_of]
                complete = await self._candidates.obtain(effect.block_hash, holders)
                if complete is not None:
                    await self._judge(effect, complete)
                    return
                wish = self._obtaining[effect.block_hash]
        except (Rejected, BlockInvalid) as error:
            _log.warning("invalid block", height=effect.height, hash=effect.block_hash, reason=str(error))
            self._refusal = Refusal(effect.height, effect.block_hash, str(error))
            self._world.offer(BlockKnown(effect.height, effect.block_hash, False, False, b""))
        finally:
            self._obtaining.pop(effect.block_hash, None)
            held = self._executing.pop(effect.block_hash, None)
            if held is not None:
                self._world.offer(held)

    async def _judge(self, effect: fx.ObtainBlock, complete: Complete) -> None:
        """Execute the block, unless nobody asks for it any more. Raises BlockInvalid."""
        self._executing[effect.block_hash] = None
        began_ms = self._world.monotonic_ms()
        timely = is_timely(self._store.genesis.params, complete.block.header.time_ms, self._world.now_ms())
        async with self._store.lock:
            if effect.height != self._store.next_height or not self._engine.wants(effect.height, effect.block_hash):
                return  # its height or its round has passed; a polka would ask again
            await self._store.execute(complete.block, complete.transactions)
        self.took(began_ms)
        block = encode(complete.block) if timely else b""  # a vote for it rests on the logs of those who found it timely
        self._world.offer(BlockKnown(effect.height, effect.block_hash, True, timely, block))
