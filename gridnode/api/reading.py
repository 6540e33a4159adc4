"""Reads: what a handler is given, and how its data becomes an answer.

A handler is a plain function of one `Ask`; it reads one committed height and returns data. Lists and whole blocks are read in a worker
thread, one after the other, so that large answers do not keep the node's loop from consensus.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import trio
from starlette.requests import Request
from starlette.responses import Response

from gridnode.api.answers import answer
from gridnode.api.memo import Memo
from gridnode.api.parameters import Parameters
from gridnode.mempool.pool import Pool
from gridnode.node.config import Config
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.feed import Feed
from gridnode.node.intake import Intake
from gridnode.node.ledger_store import LedgerStore, View
from gridnode.state.kv import Reader
from gridnode.storage.snapshots import SnapshotStore

T = TypeVar("T")
PAGE = ("limit", "after")
"""Query parameters of every paged list."""
_THREADS = trio.CapacityLimiter(1)  # more would only fight over the interpreter, and the loop has to win


class Linked(Protocol):
    """What the API asks of the network."""

    def peer_stats(self) -> list[Any]:
        """One row for each linked or banned peer."""
        ...


class Served(Protocol):
    """The node as its API sees it."""

    @property
    def config(self) -> Config:
        """Its configuration."""
        ...

    @property
    def store(self) -> LedgerStore:
        """Blocks and state."""
        ...

    @property
    def intake(self) -> Intake:
        """The door to the pool."""
        ...

    @property
    def evidence(self) -> EvidencePool:
        """Evidence that waits for a block."""
        ...

    @property
    def pool(self) -> Pool:
        """Waiting transactions."""
        ...

    @property
    def feed(self) -> Feed:
        """Tells of commits."""
        ...

    @property
    def snapshots(self) -> SnapshotStore:
        """Snapshots that others may begin from."""
        ...

    @property
    def network(self) -> Linked:
        """Peers."""
        ...

    def status(self) -> dict[str, Any]:
        """Facts of the moment: consensus height and round, whether it syncs, peers."""
        ...

    def standing(self) -> dict[str, Any]:
        """What consensus waits for, and all that may be the cause."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the chain."""

    node: Served
    """Who is asked."""
    parameters: Parameters
    """What for."""
    view: View
    """The committed height that the answer is about."""
    memo: Memo
    """What others who asked about this height made us find out."""

    @property
    def reader(self) -> Reader:
        """The state of that height."""
        return self.view.reader

    def once(self, key: Hashable, find: Callable[[], T]) -> T:
        """What `find` returns, found out once for all who ask about this height."""
        return self.memo.once(self.view.height, key, find)

    @property
    def time_ms(self) -> int:
        """Chain time of that height."""
        header = self.view.header
        return self.node.store.genesis.time_ms if header is None else header.time_ms


Handler = Callable[[Ask], Any]
Endpoint = Callable[[Request], Awaitable[Response]]


def read(handler: Handler, query: tuple[str, ...], threaded: bool) -> Endpoint:
    """The endpoint that answers with what `handler` returns; query parameters other than `query` are refused."""

    async def endpoint(request: Request) -> Response:
        node: Served = request.app.state.node
        parameters = Parameters(request, query)
        with node.store.view() as view:
            ask = Ask(node, parameters, view, request.app.state.memo)
            if threaded:
                return await trio.to_thread.run_sync(_answered, handler, ask, limiter=_THREADS)
            return _answered(handler, ask)

    return endpoint


def _answered(handler: Handler, ask: Ask) -> Response:
    found = handler(ask)
    return found if isinstance(found, Response) else answer(found)
