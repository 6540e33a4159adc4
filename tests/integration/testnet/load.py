"""Steady load: signed transfers, each to one collecting account and each of another amount, sent to whichever validators answer."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

import httpx

from gridnode.client.wallet import Wallet, id_of
from gridnode.codec.canonical import pack
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.address_text import encode_address
from gridnode.primitives.units import Amount
from gridnode.replay.cast import derived_key
from tests.integration.testnet.processes import SEED, NodeProcess, Testnet, until

BATCH = 4
PAUSE_S = 0.1
VALID_MS = 500_000
SENDERS = ("EGAT", "MEA", "PEA", "ERC")


class Load:
    """Sends in a thread of its own from enter to exit; `settle` sees to it that all of it is in the chain, and `check` that once."""

    def __init__(self, net: Testnet, name: str) -> None:
        chain_id = net.plan.chain_id
        self._nodes = net.validators
        self._wallets = [Wallet(derived_key(SEED, f"institution/{who}"), chain_id) for who in SENDERS]
        self._collector = Wallet(derived_key(SEED, f"collector/{name}"), chain_id).address
        self.first = max(node.height for node in self._nodes) + 1
        """No block below this height holds any of it."""
        self.sent: dict[str, bytes] = {}
        self.accepted: dict[str, None] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"load-{name}", daemon=True)

    def __enter__(self) -> Load:
        """Begin to send."""
        self._thread.start()
        until(lambda: len(self.accepted) >= BATCH, "the first transactions are accepted")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop sending."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        turn = 0
        while not self._ended.wait(PAUSE_S):
            wallet, turn = self._wallets[turn % len(self._wallets)], turn + 1
            raws = [wallet.sign([self._transfer(len(self.sent) + n)], _now_ms(), VALID_MS) for n in range(1, BATCH + 1)]
            self.sent |= {id_of(raw).hex(): raw for raw in raws}
            self._offer(raws, self._nodes[turn % len(self._nodes)])

    def _transfer(self, amount: int) -> Transfer:
        return Transfer(self._collector, Denomination.THB, Amount(amount))

    def _offer(self, raws: Sequence[bytes], node: NodeProcess) -> None:
        """Submit to a node that may be dead or die just now; what it took is noted."""
        try:
            answer = node.post(pack(list(raws)))
        except httpx.HTTPError:
            return
        for row in answer.json()["data"] or []:
            if row["status"] != "rejected" or row["error"]["code"] == "DUPLICATE":
                self.accepted[row["id"]] = None

    def settle(self) -> None:
        """Send again what is in no block, until all of it is: what a crash took out of a pool its sender still has."""
        assert self._ended.is_set()
        missing = dict(self.sent)

        def all_in() -> bool:
            for transaction_id in list(missing):
                found = self._nodes[0].find(transaction_id)
                if found is not None and found["status"] == "committed":
                    assert found["code"] == 0, found
                    del missing[transaction_id]
            self._offer(list(missing.values()), self._nodes[len(missing) % len(self._nodes)])
            return not missing

        until(all_in, "every transaction is in a block")

    def check(self, counted: Counter[str]) -> None:
        """Every transaction stands in the chain exactly once, and the collector has exactly their sum."""
        assert len(self.sent) > BATCH
        assert [counted[transaction_id] for transaction_id in self.sent] == [1] * len(self.sent)
        row = self._nodes[0].get(f"accounts/{encode_address(self._collector)}/balance")
        assert int(row["balances"]["thb"]["amount"]) == sum(range(1, len(self.sent) + 1)), row


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
