"""Clients: transfers between users, signed, handed to some node that runs; now and then to two of them."""

from __future__ import annotations

from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import Amount
from gridnode.simulation.clients import Clients, submit
from gridnode.simulation.setting import MONEY, USERS, user


class Workload:
    """Submits a transfer every so often until it is told to stop."""

    def __init__(self, clients: Clients, every_ms: int) -> None:
        """One in `every_ms` in the mean."""
        self._clients = clients
        self._every_ms = every_ms
        self.submitted = 0
        clients.clock.at(1, self._next)

    def _next(self) -> None:
        random = self._clients.random
        self._clients.clock.at(random.randint(1, 2 * self._every_ms), self._next)
        running = self._clients.running()
        if not running:
            return
        raw = self._transfer()
        for machine in random.choices(running, k=2 if random.randrange(8) == 0 else 1):
            submit(machine, raw)

    def _transfer(self) -> bytes:
        """Mostly one that succeeds; some are for more than anybody has."""
        random = self._clients.random
        sender, recipient = random.sample(range(USERS), 2)
        amount = random.randint(1, MONEY // 1_000) if random.randrange(16) else MONEY * USERS
        transfer = Transfer(user(recipient), Denomination.THB, Amount(amount))
        self.submitted += 1
        return self._clients.signed(sender, self.submitted, [transfer])
