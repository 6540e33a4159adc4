"""A signer and a node's end of the conversation in one process, over a real socket; time is real, nothing waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import trio

from gridnode.crypto.keys import key_pair
from gridnode.primitives.ids import Hash
from gridnode.signer import wire
from gridnode.signer.place import bound
from gridnode.signer.remote import RemoteKey
from gridnode.signer.serve import Signer
from gridnode.storage.sign_guard import SignGuard

CHAIN = "signer-test"
KEYS = key_pair(sha256(b"validator").digest())
OTHERS = key_pair(sha256(b"another").digest())
BLOCK, RIVAL = Hash(b"1" * 32), Hash(b"2" * 32)
PATIENCE_S = 60.0


class Heard:
    """A log that remembers which events it was told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **values: Any) -> None:
        """Remember it."""
        self.events.append(event)

    warning = error = info


def run(script: Callable[[], Awaitable[None]]) -> None:
    """Run a script; fails when it hangs."""

    async def bounded() -> None:
        with trio.fail_after(PATIENCE_S):
            await script()

    trio.run(bounded)


@asynccontextmanager
async def serving(folder: Path, serve: Callable[[trio.SocketStream], Awaitable[None]] | None = None) -> AsyncIterator[SignGuard]:
    """A signer at `folder/socket` with its guard in `folder`; `serve` takes each connection instead of the real one."""
    guard = SignGuard(folder / "guard", CHAIN, KEYS)
    with bound(folder / "socket") as raw:
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(raw))
        async with trio.open_nursery() as nursery:
            if serve is None:
                nursery.start_soon(Signer(guard, CHAIN, Heard()).run, listener)
            else:
                nursery.start_soon(trio.serve_listeners, serve, [listener])
            yield guard
            nursery.cancel_scope.cancel()
    (folder / "socket").unlink()


def welcome(guard: SignGuard) -> wire.Welcome:
    """What an honest signer with this guard says first."""
    last = () if guard.last is None else (guard.last,)
    return wire.Welcome(wire.VERSION, CHAIN, guard.public_key, last, 0)


@asynccontextmanager
async def node(folder: Path, first: wire.Welcome) -> AsyncIterator[tuple[RemoteKey, Heard, trio.MemoryReceiveChannel[None]]]:
    """A node's end that connects to `folder/socket`; with its log, and a channel that tells of each return of the signer."""
    log = Heard()
    key = RemoteKey(folder / "socket", CHAIN, first, log)
    told, returns = trio.open_memory_channel[None](1_000)
    key.on_return = lambda: told.send_nowait(None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(key.run)
        yield key, log, returns
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def caller(folder: Path) -> AsyncIterator[trio.SocketStream]:
    """A bare connection."""
    async with await trio.open_unix_socket(str(folder / "socket")) as stream:
        yield stream
