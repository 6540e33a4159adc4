"""The signer: a process that holds a consensus key and its guard, and signs for one node at a time.

Each connection is a task; all share one guard, whose answers are made without pause between judging and writing. What is wrong with a
connection ends that connection. What is wrong with the guard's disk ends the process: a guard that cannot write cannot promise anything.
"""

from __future__ import annotations

import fcntl
import os
from math import inf
from pathlib import Path
from typing import Any, Protocol

import trio

from gridnode.chain.vote import Proposal, Vote
from gridnode.primitives.errors import Malformed, OperatorError, PeerFault
from gridnode.primitives.limits import MAX_SIGNER_CONNECTIONS, MAX_TEXT_CHARS
from gridnode.signer import wire
from gridnode.signer.place import Other, is_trusted, other_end
from gridnode.storage.sign_guard import LeaseWish, Refused, SignGuard

GREETING_S = 5.0
"""Whoever connects says hello within this time."""
ANSWER_S = 5.0
"""Whoever asks takes the answer within this time."""


IDLE_S = 30.0
"""Whoever has no seat and asks nothing for so long is let go."""


class Tells(Protocol):
    """Where it is written what happens; the node's own log is one."""

    def info(self, event: str, **values: Any) -> None:
        """What is done."""
        ...

    def warning(self, event: str, **values: Any) -> None:
        """Something is not as it should be, and it goes on."""
        ...

    def error(self, event: str, **values: Any) -> None:
        """Something that an operator must see to."""
        ...


class _Seat:
    """The right of one connection to signatures."""

    def __init__(self, pid: int) -> None:
        self.pid = pid


class Signer:
    """A guard that is served over a socket."""

    def __init__(self, guard: SignGuard, chain_id: str, log: Tells) -> None:
        self._guard = guard
        self._chain_id = chain_id
        self._log = log
        self._seat: _Seat | None = None
        self._connections = 0

    async def run(self, listener: trio.SocketListener) -> None:
        """Serve until cancelled. Raises OperatorError when the guard's disk fails."""
        async with trio.open_nursery() as nursery:
            while True:
                stream = await listener.accept()
                nursery.start_soon(self._serve, stream)

    async def _serve(self, stream: trio.SocketStream) -> None:
        try:
            other = other_end(stream.socket)
        except OSError:
            await stream.aclose()
            return
        self._connections += 1
        try:
            if not is_trusted(other):
                raise PeerFault(f"expected this user or root, got user {other.uid}")
            if self._connections > MAX_SIGNER_CONNECTIONS:
                raise PeerFault(f"expected at most {MAX_SIGNER_CONNECTIONS} connections")
            await self._converse(stream, other)
        except PeerFault as fault:
            self._log.warning("connection refused", pid=other.pid, uid=other.uid, reason=str(fault))
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass
        finally:
            self._connections -= 1
            with trio.CancelScope(shield=True):
                await stream.aclose()

    async def _converse(self, stream: trio.SocketStream, other: Other) -> None:
        with trio.fail_after(GREETING_S):
            hello = await receive(stream)
        if hello is None:
            return
        refusal = self._refusal(hello)
        if refusal:
            await self._send(stream, wire.No(refusal))
            raise PeerFault(refusal)
        seat = _Seat(other.pid)
        holder = self._seat
        if hello.wants_seat and (holder is None or holder.pid == other.pid):  # it has come back sooner than its end was seen
            self._seat, holder = seat, None
            self._log.info("signs for", pid=other.pid, last=_told(self._guard))
        taken_by = holder.pid if holder is not None and hello.wants_seat else 0
        try:
            await self._send(
                stream, wire.Welcome(wire.VERSION, self._chain_id, self._guard.public_key, self._last(), taken_by)
            )
            while True:
                with trio.fail_after(inf if self._seat is seat else IDLE_S):
                    request = await receive(stream)
                if request is None:
                    return
                await self._send(stream, self._answer(request, self._seat is seat))
        finally:
            if self._seat is seat:
                self._seat = None
                self._log.info("the seat is free", pid=other.pid)

    def _refusal(self, hello: Any) -> str:
        """Why a greeting is not taken; empty when it is."""
        if not isinstance(hello, wire.Hello):
            return f"expected a hello, got {type(hello).__name__}"
        if hello.version != wire.VERSION:
            return f"expected version {wire.VERSION}, got {hello.version}"
        if hello.chain_id != self._chain_id:
            return f"expected chain {self._chain_id}, got {hello.chain_id}"
        return ""

    def _answer(self, request: Any, has_seat: bool) -> Any:
        """The guard's answer. Raises PeerFault for what is no request, OperatorError when its disk fails."""
        if isinstance(request, wire.AskLast):
            return wire.Last(self._last())
        if isinstance(request, wire.TransactionWish):
            return self._take_lease(request)
        if not isinstance(request, wire.VoteWish | wire.ProposalWish | wire.FloorWish):
            raise PeerFault(f"expected a request, got {type(request).__name__}")
        if not has_seat:
            return wire.No("another node has the seat")
        if isinstance(request, wire.FloorWish):
            refused = self._guard.raise_to(request.height)
            return wire.Last(self._last()) if refused is None else self._no(refused.reason)
        made: Vote | Proposal | Refused
        if isinstance(request, wire.VoteWish):
            made = self._guard.sign_vote(request.kind, request.height, request.round, request.block_hash)
        else:
            made = self._guard.sign_proposal(request.height, request.round, request.valid_round, request.block_hash)
        return self._no(made.reason) if isinstance(made, Refused) else wire.Signed(made.signature)

    def _take_lease(self, wish: wire.TransactionWish) -> Any:
        try:
            raw = self._guard.take_lease(LeaseWish(wish.machine, wish.epoch, wish.valid_until_ms, wish.salt))
        except Malformed as error:
            return self._no(str(error))
        self._log.info("signed a lease", machine=wish.machine, epoch=wish.epoch)
        return wire.Granted(raw)

    def _no(self, reason: str) -> wire.No:
        self._log.warning("refused", reason=reason)
        return wire.No(reason[:MAX_TEXT_CHARS])

    def _last(self) -> tuple[Any, ...]:
        return () if self._guard.last is None else (self._guard.last,)

    async def _send(self, stream: trio.SocketStream, value: Any) -> None:
        with trio.fail_after(ANSWER_S):
            await stream.send_all(wire.to_frame(value))


async def receive(stream: trio.SocketStream) -> Any:
    """The next record of the other end, or None when it has closed between two. Raises PeerFault, trio.BrokenResourceError."""
    head = await _exactly(stream, wire.HEAD.size, may_end=True)
    if not head:
        return None
    parsed = wire.read_head(head)
    return wire.read_body(parsed, await _exactly(stream, parsed.size, may_end=False))


async def _exactly(stream: trio.SocketStream, size: int, may_end: bool) -> bytes:
    data = b""
    while len(data) < size:
        part = await stream.receive_some(size - len(data))
        if not part:
            if may_end and not data:
                return b""
            raise PeerFault(f"expected {size} bytes, the connection ended after {len(data)}")
        data += part
    return data


def lock_folder(folder: Path) -> int:
    """Make the guard's folder if need be and hold it for this process alone, until the process ends. Returns the lock's descriptor.

    Raises OperatorError when another process holds it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OperatorError(f"{folder}: cannot use it as the guard's folder: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise OperatorError(f"{folder}: another signer holds this guard") from None
    return descriptor


def _told(guard: SignGuard) -> str:
    last = guard.last
    return "nothing" if last is None else f"{last.step.name.lower()} {last.height}/{last.round}"
