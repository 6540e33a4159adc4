"""A chain behind the real API: LevelDB store, pool, intake, feed and application; the test makes the blocks, signed by all validators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import trio

from gridnode.api.app import make_app
from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.genesis import Genesis
from gridnode.chain.kinds import to_message
from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import TransactionBody, sign_transaction
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.crypto.address import encode_address
from gridnode.execution.executed import Executed
from gridnode.mempool.outbox import Outbox
from gridnode.mempool.pool import Pool
from gridnode.modules.lots.queries import lot
from gridnode.network.peers import PeerStats
from gridnode.node.config import ApiSection, Config, NetworkSection
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.feed import Feed
from gridnode.node.intake import Intake
from gridnode.node.open_store import open_store
from gridnode.node.verifier import Verifier
from gridnode.primitives.ids import Address, Signature
from gridnode.storage.snapshots import SnapshotStore
from tests.chain_in_memory import CHAIN, account, genesis, keys_of

MAX_PAGE = 50


class Links:
    """The network of a node with one peer."""

    def peer_stats(self) -> list[PeerStats]:
        """One linked peer."""
        return [
            PeerStats(
                bytes(32), "PEA", "out", 97, 0, "", 0, 3, "does not read", True, 0, 0, 512, 10, 20, 1_000, 2_000, 0
            )
        ]


class ServedChain:
    """All that the API needs of a node, and a hand that makes blocks."""

    def __init__(self, folder: Path, start: Genesis | None = None, **pool: int) -> None:
        """`start` is another genesis than that of the test chain; `pool` sets bounds of the pool."""
        api = ApiSection(listen="127.0.0.1:0", max_body_bytes=200_000, max_page=MAX_PAGE)
        self.config = Config(name="MEA", type="observer", network=NetworkSection(listen="127.0.0.1:0"), api=api)
        self.store = open_store(folder, start or genesis())
        self.pool = Pool(**pool)
        self.feed = Feed()
        self.network = Links()
        self.snapshots = SnapshotStore(folder.with_name(folder.name + ".snapshots"))
        self.told: list[Evidence] = []
        self.evidence = EvidencePool(self.store, self.told.append)
        self.intake = Intake(self.store, self.pool, Outbox(), Verifier(), lambda: None)
        self.app = make_app(self)
        self._salt = 0

    def status(self) -> dict[str, Any]:
        """What the runtime says of a node that follows."""
        return {"round": 0, "syncing": False, "peers": 1}

    def standing(self) -> dict[str, Any]:
        """Of a node that follows nobody."""
        return {"consensus": None}

    def client(self) -> httpx.AsyncClient:
        """A client of the application, without sockets."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://node/api/v1")

    def raw(self, sender: str, *messages: Any, valid_ms: int = 120_000, chain_id: str = CHAIN) -> bytes:
        """A signed transaction of a named sender."""
        self._salt += 1
        keys = keys_of(sender)
        tip = self.store.header
        now_ms = self.store.genesis.time_ms if tip is None else tip.time_ms
        body = TransactionBody(
            chain_id, keys.public_key, now_ms + valid_ms, self._salt, tuple(to_message(item) for item in messages)
        )
        return sign_transaction(body, keys)

    async def block(self, after_ms: int = 100) -> Executed:
        """Make a block of what waits, store it and tell everybody."""
        tip = self.store.header
        now_ms = (self.store.genesis.time_ms if tip is None else tip.time_ms) + after_ms
        members = self.store.validators.members
        executed = await self.store.build(self.pool, now_ms, account("mea-node"), self.evidence.pending())
        height = executed.block.header.height
        signed = vote_hash(CHAIN, VoteKind.PRECOMMIT, height, 0, executed.block_hash)
        signatures = tuple(Signature(keys_of(f"{member.name}-node").sign(signed)) for member in members)
        self.store.commit(executed, Commit(height, 0, executed.block_hash, signatures))
        ids = [transaction.id for transaction in executed.transactions]
        self.pool.remove(ids)
        self.feed.committed(height, ids)
        return executed

    async def send(self, sender: str, *messages: Any, after_ms: int = 100) -> Receipt:
        """A transaction in a block of its own; its receipt."""
        result = (await self.intake.submit([self.raw(sender, *messages)]))[0]
        assert result.rejected is None, result.rejected
        return (await self.block(after_ms)).receipts[0]

    async def ok(self, sender: str, *messages: Any, after_ms: int = 100) -> None:
        """As `send`, and it must take effect."""
        receipt = await self.send(sender, *messages, after_ms=after_ms)
        assert receipt.code == 0, receipt

    def owner_of_lot(self, number: int, retired: bool | None = None) -> Address | None:
        """Owner of a lot; None when there is none, or one that is (not) `retired`."""
        with self.store.view() as view:
            found = lot(view.reader, number)
        return None if found is None or retired not in (None, found.retired) else found.owner


@contextmanager
def served(folder: Path, start: Genesis | None = None, **pool: int) -> Iterator[ServedChain]:
    """A chain in `folder`, closed at the end."""
    chain = ServedChain(folder, start, **pool)
    try:
        yield chain
    finally:
        chain.store.close()


async def data(client: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    """Data of a GET that must succeed."""
    response = await client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    envelope = response.json()
    assert set(envelope) == {"data", "error", "timestamp"}
    assert envelope["error"] is None
    assert envelope["timestamp"] > 0
    return envelope["data"]


async def problem(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> tuple[int, str, str | None, str]:
    """(status, code, field, message) of a request that must fail, in the envelope."""
    response = await client.request(method, path, **options)
    envelope = response.json()
    assert set(envelope) == {"data", "error", "timestamp"}
    assert envelope["data"] is None
    assert response.headers["content-type"] == "application/json"
    error = envelope["error"]
    return response.status_code, error["code"], error["field"], error["message"]


def text(name: str) -> str:
    """Address of a name."""
    return encode_address(account(name))


def ask(chain: ServedChain, path: str, **parameters: Any) -> Any:
    """Data of one question."""

    async def scene() -> Any:
        async with chain.client() as client:
            return await data(client, path, **parameters)

    return trio.run(scene)


def refused(chain: ServedChain, path: str, **parameters: Any) -> tuple[int, str, str | None, str]:
    """Problem of one question."""

    async def scene() -> tuple[int, str, str | None, str]:
        async with chain.client() as client:
            return await problem(client, "GET", path, params=parameters)

    return trio.run(scene)


def all_rows(chain: ServedChain, path: str, limit: int, **parameters: Any) -> list[Any]:
    """Rows of all pages of a list, `limit` at a time."""
    rows: list[Any] = []
    after = None
    while True:
        more = {} if after is None else {"after": after}
        page = ask(chain, path, limit=limit, **parameters, **more)
        assert len(page["rows"]) <= limit
        rows += page["rows"]
        assert page["next"] is None or page["next"] != after, "a page that follows itself"
        after = page["next"]
        if after is None:
            return rows
