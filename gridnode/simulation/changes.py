"""The set changes while everything goes wrong: a spare validator is licensed, bonds, unbonds, rotates its key, is revoked and comes back.

The spare is an honest machine besides those that were drawn, staked, so it never has more than the authorities' share leaves; weights
of honest authorities only grow. So the liars, the dead and those with a wrong clock never come to a third, whatever is decided in
which order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair
from gridnode.execution.executed import Executed
from gridnode.modules.validators.messages import Bond, License, Revoke, SetWeight, Unbond, sign_rotation
from gridnode.modules.validators.tables import LICENCES, Kind
from gridnode.primitives.ids import PublicKey
from gridnode.primitives.units import Amount
from gridnode.simulation.clients import Clients, submit
from gridnode.simulation.machine import Machine
from gridnode.simulation.setting import GRID, user, validator_keys
from gridnode.storage.leveldb import Column, View
from gridnode.storage.sign_guard import SignGuard

NAME: Final = "SPARE"
FIRST_KEY: Final = 1_000
"""Number of the spare's first consensus key; the others follow."""
KEYS: Final = 8
OPERATOR: Final = 0
"""The user that operates it, and is the regulator of the simulated chain."""
BOND: Final = Amount(100 * GRID)


def spare_keys() -> list[KeyPair]:
    """All keys that the spare may come to have."""
    return [validator_keys(FIRST_KEY + number) for number in range(KEYS)]


class Spare(Machine):
    """The machine of the spare: it signs with the key that the chain has of it, as far as its own disk knows."""

    def guard(self) -> SignGuard:
        """The key of the licence, opened. Raises OperatorError."""
        raw = View(self.disk.rows, Column.STATE).get(LICENCES.key(NAME))
        if raw is not None:
            licensed = LICENCES.value(raw).key
            self.keys = next(keys for keys in spare_keys() if keys.public_key == licensed)
            self.address = address_of(licensed)
        return super().guard()

    def stored(self, executed: Executed) -> None:
        """When its key has changed, its operator starts it with the new one."""
        super().stored(executed)
        raw = executed.writes.get(LICENCES.key(NAME))
        if raw is not None and LICENCES.value(raw).key != self.keys.public_key and self.life is not None:
            self.life.at(1, self._start_again)

    def _start_again(self) -> None:
        self.stop()
        self.start()


class Changes:
    """Submits a change every so often."""

    def __init__(self, clients: Clients, weights: Mapping[str, int]) -> None:
        """`weights` of the authorities whose weight may grow, by name."""
        self._clients = clients
        self._random = clients.random
        self._weights = dict(weights)
        self._key = 0
        clients.clock.at(200, self._next)

    def _next(self) -> None:
        self._clients.clock.at(self._random.randint(200, 1_500), self._next)
        running = self._clients.running()
        if running:
            messages = self._change()
            raw = self._clients.signed(OPERATOR, self._random.getrandbits(32), messages)
            for machine in self._random.sample(running, min(2, len(running))):
                submit(machine, raw)

    def _change(self) -> list[Any]:
        """Whatever is refused, because something else went before it, is refused by the chain."""
        kind = self._random.randrange(6)
        if kind == 0:
            return [Revoke(NAME)]
        if kind == 1 and self._weights:
            name = self._random.choice(list(self._weights))
            self._weights[name] += 1
            return [SetWeight(name, self._weights[name])]
        if kind == 2:
            return [Unbond(NAME, Amount(BOND // 2))]
        if kind == 3 and self._key + 1 < KEYS:
            self._key += 1
            return [sign_rotation(self._clients.chain_id, NAME, validator_keys(FIRST_KEY + self._key))]
        if kind == 4:
            return [Bond(NAME, BOND)]
        return [self._licence(), Bond(NAME, BOND)]

    def _licence(self) -> License:
        self._key = min(self._key + 1, KEYS - 1)
        key = validator_keys(FIRST_KEY + self._key).public_key
        return License(NAME, Kind.STAKED, "", user(OPERATOR), key, PublicKey(b""), 0)
