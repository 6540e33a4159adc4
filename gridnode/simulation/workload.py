"""Clients: transfers between users, signed, handed to some node that runs; now and then to two of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import TransactionBody, sign_transaction
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import Amount, TimeMs
from gridnode.simulation.kernel import Clock
from gridnode.simulation.machine import Machine
from gridnode.simulation.setting import MONEY, USERS, user, user_keys

VALID_MS: Final = 60_000


class Workload:
    """Submits a transfer every so often until it is told to stop."""

    def __init__(
        self, clock: Clock, random: Random, chain_id: str, time_ms: Callable[[], int], machines: Sequence[Machine], every_ms: int
    ) -> None:
        """`time_ms` is the chain's time, as far as clients know it."""
        self._clock = clock
        self._random = random
        self._chain_id = chain_id
        self._time_ms = time_ms
        self._machines = machines
        self._every_ms = every_ms
        self.submitted = 0
        clock.at(1, self._next)

    def _next(self) -> None:
        self._clock.at(self._random.randint(1, 2 * self._every_ms), self._next)
        running = [machine for machine in self._machines if machine.node is not None]
        if not running:
            return
        raw = self._transfer()
        for machine in self._random.choices(running, k=2 if self._random.randrange(8) == 0 else 1):
            if machine.life is not None and machine.node is not None:
                machine.life.spawn(machine.node.submit(raw))

    def _transfer(self) -> bytes:
        """Mostly one that succeeds; some are for more than anybody has."""
        random = self._random
        sender, recipient = random.sample(range(USERS), 2)
        amount = random.randint(1, MONEY // 1_000) if random.randrange(16) else MONEY * USERS
        transfer = Transfer(user(recipient), Denomination.THB, Amount(amount))
        keys = user_keys(sender)
        self.submitted += 1
        until_ms = TimeMs(self._time_ms() + VALID_MS)
        body = TransactionBody(self._chain_id, keys.public_key, until_ms, self.submitted, (to_message(transfer),))
        return sign_transaction(body, keys)
