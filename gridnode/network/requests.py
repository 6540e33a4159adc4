"""Requests: one question to one peer, one answer, within a time.

    REQUEST   id 8 bytes | kind 1 byte | payload
    RESPONSE  id 8 bytes | flag 1 byte | piece        MORE: pieces follow, LAST: the answer is whole, REFUSED: no answer

An answer of up to MAX_RESPONSE_BYTES travels in pieces of 64 KiB, so that a vote never waits behind it for long. A peer
that is asked more than it will do at once refuses; the asker tries another. Ids count up within one run of a node;
pieces for an id that nobody waits for any more are late and are dropped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import trio

from gridnode.network.config import NetworkLimits
from gridnode.network.frames import MALICIOUS, FrameKind, encode_frame
from gridnode.network.peers import Peer
from gridnode.network.queues import Urgency
from gridnode.primitives.errors import InvariantBroken, PeerFault
from gridnode.primitives.limits import MAX_FRAME_BYTES, MAX_RESPONSE_BYTES

PIECE_BYTES = 64 * 1024 - 128
MAX_REQUEST_BYTES = MAX_FRAME_BYTES - 64

_ID_BYTES = 8
_MORE, _LAST, _REFUSED = 0, 1, 2


class PeerUnavailable(PeerFault):
    """The peer is not linked, went away or is busy. No fault: its weight is 0."""

    def __init__(self, reason: str) -> None:
        """Say why in `reason`."""
        super().__init__(reason, weight=0)


class _Pending:
    """A question that waits for its answer."""

    def __init__(self, peer_key: bytes) -> None:
        self.peer_key = peer_key
        self.pieces: list[bytes] = []
        self.size = 0
        self.failure: PeerFault | None = None
        self.done = trio.Event()

    def finish(self, failure: PeerFault | None) -> None:
        """Wake the asker, with the answer or with `failure`."""
        self.failure = failure
        self.done.set()


class Asker:
    """Our questions."""

    def __init__(self, limits: NetworkLimits) -> None:
        """Nothing asked yet."""
        self._limits = limits
        self._total = trio.Semaphore(limits.requests_total)
        self._per_peer: dict[bytes, trio.Semaphore] = {}
        self._pending: dict[int, _Pending] = {}
        self._last_id = 0

    async def ask(self, peer: Peer, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """The answer of a linked peer. Raises `PeerUnavailable`, and `PeerFault` when time is over."""
        slots = self._per_peer.setdefault(peer.key, trio.Semaphore(self._limits.requests_per_peer))
        pending = _Pending(peer.key)
        with trio.move_on_after(timeout_ms / 1000):
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(slots)
                await stack.enter_async_context(self._total)
                self._last_id += 1
                request_id = self._last_id
                self._pending[request_id] = pending
                stack.callback(self._pending.pop, request_id, None)
                header = request_id.to_bytes(_ID_BYTES, "big") + bytes((kind,))
                peer.dropped += peer.queue.put(
                    Urgency.REQUESTS, encode_frame(FrameKind.REQUEST, header, payload)
                )
                await pending.done.wait()
        if pending.failure is not None:
            raise pending.failure
        if not pending.done.is_set():
            raise PeerFault(f"no answer within {timeout_ms} ms", 1)
        return b"".join(pending.pieces)

    def on_response(self, peer: Peer, body: bytes) -> None:
        """Take one piece of an answer. Raises `PeerFault` when it breaks the layout or the bound."""
        if len(body) <= _ID_BYTES or body[_ID_BYTES] > _REFUSED:
            raise PeerFault("malformed response", MALICIOUS)
        pending = self._pending.get(int.from_bytes(body[:_ID_BYTES], "big"))
        if pending is None or pending.peer_key != peer.key or pending.done.is_set():
            return
        flag = body[_ID_BYTES]
        if flag == _REFUSED:
            pending.finish(PeerUnavailable("the peer refused the request"))
            return
        piece = body[_ID_BYTES + 1 :]
        pending.size += len(piece)
        if pending.size > MAX_RESPONSE_BYTES:
            fault = PeerFault(f"a response of more than {MAX_RESPONSE_BYTES} bytes", MALICIOUS)
            pending.finish(fault)
            raise fault
        pending.pieces.append(piece)
        if flag == _LAST:
            pending.finish(None)

    def on_disconnect(self, peer_key: bytes) -> None:
        """Fail every question to a peer that is gone."""
        for pending in self._pending.values():
            if pending.peer_key == peer_key and not pending.done.is_set():
                pending.finish(PeerUnavailable("the peer went away"))


class Answerer:
    """Their questions."""

    def __init__(
        self,
        limits: NetworkLimits,
        nursery: trio.Nursery,
        answer: Callable[[bytes, int, bytes], Awaitable[bytes]],
        on_fault: Callable[[Peer, PeerFault], None],
    ) -> None:
        """Answer with `answer(peer_key, kind, payload)`, each question in its own task of `nursery`."""
        self._limits = limits
        self._nursery = nursery
        self._answer = answer
        self._on_fault = on_fault
        self._serving = 0

    def on_request(self, peer: Peer, body: bytes) -> None:
        """Start to answer, or refuse when too much is being answered. Raises `PeerFault` for a malformed frame."""
        if len(body) <= _ID_BYTES:
            raise PeerFault("malformed request", MALICIOUS)
        if peer.serving >= self._limits.requests_per_peer or self._serving >= self._limits.requests_total:
            self._put(peer, body[:_ID_BYTES], _REFUSED, b"")
            return
        peer.serving += 1
        self._serving += 1
        self._nursery.start_soon(self._serve, peer, body[:_ID_BYTES], body[_ID_BYTES], body[_ID_BYTES + 1 :])

    async def _serve(self, peer: Peer, request_id: bytes, kind: int, payload: bytes) -> None:
        """Answer one question; the pieces go out as fast as the peer takes them."""
        epoch = peer.epoch
        try:
            answer = await self._answer(peer.key, kind, payload)
            if len(answer) > MAX_RESPONSE_BYTES:
                raise InvariantBroken("network.response", f"{len(answer)} bytes for request kind {kind}")
            for start in range(0, max(1, len(answer)), PIECE_BYTES):
                await peer.queue.wait_for_room(Urgency.REQUESTS)
                if peer.epoch != epoch:
                    return
                last = start + PIECE_BYTES >= len(answer)
                self._put(peer, request_id, _LAST if last else _MORE, answer[start : start + PIECE_BYTES])
        except PeerFault as fault:
            self._put(peer, request_id, _REFUSED, b"")
            self._on_fault(peer, fault)
        finally:
            peer.serving -= 1
            self._serving -= 1

    def _put(self, peer: Peer, request_id: bytes, flag: int, piece: bytes) -> None:
        """Queue one piece."""
        frame = encode_frame(FrameKind.RESPONSE, request_id, bytes((flag,)), piece)
        peer.dropped += peer.queue.put(Urgency.REQUESTS, frame)
