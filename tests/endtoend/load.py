"""Steady load of a run: signed transfers and order sheets, submitted to the nodes in turn, and again until they are in a block.

Every transfer goes to one collecting account and has another amount, so that what the collector has in the end says which arrived. Whatever
was signed is one of three at the end: in a block, once; or expired, and in none; or the chain has lost it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from gridnode.client.remote import Remote, RemoteProblem
from gridnode.client.wallet import Wallet, id_of
from gridnode.modules.market.messages import PlaceSheet
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.address_text import encode_address
from gridnode.primitives.ids import PointId
from gridnode.primitives.units import Amount
from gridnode.replay.cast import ISSUER, REGULATOR, Cast, derived_key, sheet_entry
from gridnode.replay.driver import Driver, Progress
from gridnode.replay.intentions import Want
from gridnode.replay.provision import AUTHORITIES, NetworkPlan
from gridnode.replay.rules import DSO_OF_ZONE, limits_micro
from tests.endtoend.follow import Follower
from tests.endtoend.manifest import Manifest
from tests.endtoend.nodes import RunNode
from tests.integration.testnet.small_day import small_day

TICK_S = 0.1
VALID_MS = 400_000
"""Longer than any outage of a run, so that nothing expires for want of a chain."""
RESEND_S = 2.0
OLD_S = 3.0
"""What is in no block after so long is submitted again: the pool that held it may be gone."""
BATCH = 200
IN_FLIGHT = 16
AHEAD_MTUS = 8
"""Orders are for delivery so far ahead that no gate closes on them during the run."""
RETRY_CODES = ("POOL_FULL", "SENDER_LIMIT", "DUPLICATE", "TOO_FAR_AHEAD")
"""Refusals that say nothing about the transaction: no room, known already, or the node's chain time is long past, since it catches up."""


@dataclass(slots=True)
class Sent:
    """One transaction of the load."""

    raw: bytes
    until_ms: int  # valid until this chain time
    amount: int  # of a transfer; 0 of an order
    offered_s: float  # when it was submitted last, of the run's clock
    accepted: bool = False  # a node has taken it


class Load:
    """Signs, submits, submits again, and accounts for all of it."""

    def __init__(self, manifest: Manifest, plan: NetworkPlan, follower: Follower, nodes: Mapping[str, RunNode]) -> None:
        self._manifest = manifest
        self._plan = plan
        self._follower = follower
        self._nodes = [node for node in nodes.values() if node.entry.join == "start"]
        senders = dict.fromkeys([*AUTHORITIES, REGULATOR, ISSUER])
        self._senders = [
            Wallet(derived_key(manifest.seed, f"institution/{name}"), plan.chain_id)
            for name in list(senders)[: manifest.load.senders]
        ]
        self.collector = encode_address(self._collector.address)
        self._cast: Cast | None = None
        self._turn = 0
        self._slots = trio.CapacityLimiter(IN_FLIGHT)
        self.sent: dict[str, Sent] = {}
        """By transaction id."""
        self.refused: Counter[str] = Counter()
        """Refusals by code, those that only ask to come again left out, and those of nodes that catch up."""

    @property
    def _collector(self) -> Wallet:
        return Wallet(derived_key(self._manifest.seed, "collector"), self._plan.chain_id)

    async def prepare(self, folder: Path) -> None:
        """Register participants when orders are to be sent."""
        if not self._manifest.load.orders:
            return
        folder.mkdir(exist_ok=True)
        day = small_day(folder)
        self._cast = Cast(day, self._manifest.seed, self._plan.chain_id, DSO_OF_ZONE)
        async with AsyncExitStack() as stack:  # patient ones: a registration waits for its block
            remotes = [await stack.enter_async_context(Remote(node.plan.url)) for node in self._nodes]
            driver = Driver(day, self._cast, {}, remotes, self._plan.first_mtu, self._plan.mtu_ms, Progress())
            await driver.register()

    async def run(self) -> None:
        """Submit at the manifest's rates until cancelled."""
        load = self._manifest.load
        if not load.transfers and not load.orders:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._again)
            started, transfers, orders = trio.current_time(), 0, 0
            while True:
                await trio.sleep(TICK_S)
                elapsed = trio.current_time() - started
                due_transfers, due_orders = int(elapsed * load.transfers), int(elapsed * load.orders)
                fresh = [self._transfer() for _ in range(min(BATCH, due_transfers - transfers))]
                fresh += [self._order() for _ in range(min(BATCH, due_orders - orders))]
                transfers, orders = due_transfers, due_orders
                if fresh and self._slots.available_tokens:
                    nursery.start_soon(self._offer, fresh)

    def _keep(self, wallet: Wallet, message: Any, amount: int) -> str:
        now_ms = time.time_ns() // 1_000_000
        raw = wallet.sign([message], now_ms, VALID_MS)
        key = id_of(raw).hex()
        self.sent[key] = Sent(raw, now_ms + VALID_MS, amount, trio.current_time())
        return key

    def _transfer(self) -> str:
        amount = len(self.sent) + 1
        message = Transfer(self._collector.address, Denomination.THB, Amount(amount))
        return self._keep(self._senders[amount % len(self._senders)], message, amount)

    def _order(self) -> str:
        assert self._cast is not None
        number = len(self.sent)
        who = self._cast.participants[number % len(self._cast.participants)]
        low, high = limits_micro(0)
        mtu = time.time_ns() // 1_000_000 // self._plan.mtu_ms - self._plan.first_mtu + AHEAD_MTUS
        want = Want(mtu + number % 60, who.generates and number % 2 == 0, 100, low + number % (high - low))
        sheet = PlaceSheet(1_000 + number, PointId(who.point), (sheet_entry(want, self._plan.first_mtu),))
        return self._keep(who.wallet, sheet, 0)

    async def _offer(self, keys: Sequence[str]) -> None:
        """Submit to the next node that runs; one that dies just now has perhaps taken it."""
        async with self._slots:
            running = [node for node in self._nodes if node.pid is not None and not node.stopped]
            if not running:
                return
            self._turn += 1
            node = running[self._turn % len(running)]
            for key in keys:
                self.sent[key].offered_s = trio.current_time()
            catches_up = self._catches_up(node)
            try:
                rows = await node.remote.submit([self.sent[key].raw for key in keys])
            except RemoteProblem:
                return
            for key, row in zip(keys, rows, strict=True):
                code = row["error"]["code"] if row["status"] == "rejected" else None
                self.sent[key].accepted |= code is None or code == "DUPLICATE"
                if code is not None and code not in RETRY_CODES and not catches_up:
                    self.refused[code] += 1

    def _catches_up(self, node: RunNode) -> bool:
        """Whether a node judges by a state that is long past: after a wipe it knows no account that was opened since genesis."""
        return self._follower.heights.get(node.name, -1) < self._follower.height - 1

    async def _again(self) -> None:
        while True:
            await trio.sleep(RESEND_S)
            old_s = trio.current_time() - OLD_S
            missing = [key for key in self.missing() if self.sent[key].offered_s < old_s]
            for first in range(0, len(missing), BATCH):
                await self._offer(missing[first : first + BATCH])

    def missing(self) -> list[str]:
        """What is in no block and has not expired."""
        now_ms, places = self._follower.time_ms, self._follower.places
        return [key for key, sent in self.sent.items() if key not in places and sent.until_ms > now_ms]

    async def settle(self) -> None:
        """Submit what is missing again until nothing is missing."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._again)
            while self.missing():
                await self._follower.grows(1)
            nursery.cancel_scope.cancel()
