"""Requests: one question to one peer, one answer, within a time.

    REQUEST   id 8 bytes | kind 1 byte | payload
    RESPONSE  id 8 bytes | flag 1 byte | piece        MORE: pieces follow, LAST: the answer is whole, REFUSED: no answer

An answer of up to MAX_RESPONSE_BYTES travels in pieces of 64 KiB, so that a vote never waits behind it for long. A peer
that is asked more than it will do at once refuses; the asker tries another. Ids count up within one run of a node, from a number by
chance, so that no piece of an answer to an earlier run is taken for one of this run's.

Pieces of an answer that is awaited are free, all others count as messages. Pieces for an id that nobody waits for any more are
late: no more of them than an answer holds, for each question that was given up or whose link broke. The other side may not have
noticed yet that it did: to it, our next link replaces the one it still has, and it goes on with the answer. It does so even when we
were restarted meanwhile and know of no question, so the first link to each peer begins with as much as a peer has in hand at a time.
Anything else nobody asked for.

An asker may have a few questions open, each of which waits for its turn: by the rate of that peer's questions, by the bytes it was
answered before, and because only two answers to one peer are made or held at a time. A peer that reads nothing therefore holds two
answers in memory, until the write timeout ends its link. When too many are open in all, those who have none still get one.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import trio

from gridnode.network.config import NetworkLimits
from gridnode.network.frames import FrameKind, encode_frame
from gridnode.network.peers import Peer
from gridnode.network.queues import Urgency
from gridnode.primitives.errors import InvariantBroken, PeerFault
from gridnode.primitives.limits import MAX_FRAME_BYTES, MAX_RESPONSE_BYTES
from gridnode.primitives.offences import Offence

PIECE_BYTES = 64 * 1024 - 128
MAX_REQUEST_BYTES = MAX_FRAME_BYTES - 64

_ID_BYTES = 8
_FIRST_ID_BITS = 63
"""Of the number by chance that ids start from: as many again are left to count up to."""
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
        self.ended = False
        """Whether the peer has said all that it may say to this question."""
        self.done = trio.Event()

    def finish(self, failure: PeerFault | None) -> None:
        """Wake the asker, with the answer or with `failure`."""
        self.failure = failure
        self.done.set()


class Asker:
    """Our questions."""

    def __init__(self, limits: NetworkLimits, on_fault: Callable[[Peer, PeerFault], None]) -> None:
        """Nothing asked yet; `on_fault` hears of answers that nobody asked for."""
        self._limits = limits
        self._on_fault = on_fault
        self._total = trio.Semaphore(limits.requests_total)
        self._per_peer: dict[bytes, trio.Semaphore] = {}
        self._pending: dict[int, _Pending] = {}
        self._last_id = random.getrandbits(_FIRST_ID_BITS)

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
                stack.callback(self._forget, peer, request_id)
                header = request_id.to_bytes(_ID_BYTES, "big") + bytes((kind,))
                peer.dropped += peer.queue.put(
                    Urgency.REQUESTS, encode_frame(FrameKind.REQUEST, header, payload)
                )
                await pending.done.wait()
        if pending.failure is not None:
            raise pending.failure
        if not pending.done.is_set():
            raise PeerFault.of(Offence.NO_ANSWER, f"{timeout_ms} ms")
        return b"".join(pending.pieces)

    def _forget(self, peer: Peer, request_id: int) -> None:
        """Nobody waits for this answer any more; what is still to come of it is late, not unasked."""
        pending = self._pending.pop(request_id)
        if not pending.ended:
            peer.allowance.expect_late(MAX_RESPONSE_BYTES - pending.size)

    def awaits(self, peer: Peer, body: bytes) -> bool:
        """Whether a RESPONSE frame of the peer is a piece of an answer that somebody waits for."""
        pending = self._pending.get(int.from_bytes(body[:_ID_BYTES], "big"))
        return pending is not None and pending.peer_key == peer.key

    def on_response(self, peer: Peer, body: bytes) -> None:
        """Take one piece of an answer. Raises `PeerFault` when it breaks the layout or the bound, or nobody asked for it."""
        if len(body) <= _ID_BYTES or body[_ID_BYTES] > _REFUSED:
            raise PeerFault.of(Offence.BAD_FRAME, "malformed response")
        pending = self._pending.get(int.from_bytes(body[:_ID_BYTES], "big"))
        if pending is None or pending.peer_key != peer.key:
            if not peer.allowance.take_late(max(1, len(body) - _ID_BYTES - 1)):
                self._on_fault(peer, PeerFault.of(Offence.UNASKED_ANSWER))
            return
        if pending.done.is_set():
            return
        flag = body[_ID_BYTES]
        if flag == _REFUSED:
            pending.ended = True
            pending.finish(PeerUnavailable("the peer refused the request"))
            return
        piece = body[_ID_BYTES + 1 :]
        pending.size += len(piece)
        if pending.size > MAX_RESPONSE_BYTES:
            fault = PeerFault.of(Offence.ENDLESS_ANSWER, f"more than {MAX_RESPONSE_BYTES} bytes")
            pending.ended = True
            pending.finish(fault)
            raise fault
        pending.pieces.append(piece)
        if flag == _LAST:
            pending.ended = True
            pending.finish(None)

    def on_connect(self, peer: Peer) -> None:
        """A link to `peer` has begun. Over the first one, answers to questions of our last run may go on."""
        if peer.epoch == 1:
            peer.allowance.expect_late(self._limits.begun_bytes_per_peer)

    def on_disconnect(self, peer_key: bytes) -> None:
        """Fail every question to a peer that is gone; it may still answer them over the next link (see `_forget`)."""
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
        clock_ms: Callable[[], int],
    ) -> None:
        """Answer with `answer(peer_key, kind, payload)`, each question in its own task of `nursery`."""
        self._limits = limits
        self._nursery = nursery
        self._answer = answer
        self._on_fault = on_fault
        self._clock_ms = clock_ms
        self._serving = 0

    def on_request(self, peer: Peer, body: bytes) -> None:
        """Start to answer, or refuse when too much is being answered. Raises `PeerFault` for a malformed frame."""
        if len(body) <= _ID_BYTES:
            raise PeerFault.of(Offence.BAD_FRAME, "malformed request")
        too_many = peer.serving and self._serving >= self._limits.requests_total
        if too_many or peer.serving >= self._limits.requests_per_peer:
            self._put(peer, body[:_ID_BYTES], _REFUSED, b"")
            return
        peer.serving += 1
        self._serving += 1
        self._nursery.start_soon(self._serve, peer, body[:_ID_BYTES], body[_ID_BYTES], body[_ID_BYTES + 1 :])

    async def _serve(self, peer: Peer, request_id: bytes, kind: int, payload: bytes) -> None:
        """Answer one question; the pieces go out as fast as the peer takes them."""
        epoch = peer.epoch
        try:
            async with peer.answering:
                await trio.sleep(peer.allowance.ask(self._clock_ms()) / 1000)
                if peer.epoch != epoch:
                    return
                answer = await self._answer(peer.key, kind, payload)
                if len(answer) > MAX_RESPONSE_BYTES:
                    raise InvariantBroken("network.response", f"{len(answer)} bytes for request kind {kind}")
                peer.allowance.answer(len(answer), self._clock_ms())
                await self._send(peer, epoch, request_id, answer)
        except PeerFault as fault:
            self._put(peer, request_id, _REFUSED, b"")
            self._on_fault(peer, fault)
        finally:
            peer.serving -= 1
            self._serving -= 1

    async def _send(self, peer: Peer, epoch: int, request_id: bytes, answer: bytes) -> None:
        """Queue the pieces of an answer as the peer takes them; stops when its link has ended."""
        for start in range(0, max(1, len(answer)), PIECE_BYTES):
            await peer.queue.wait_for_room(Urgency.REQUESTS)
            if peer.epoch != epoch:
                return
            last = start + PIECE_BYTES >= len(answer)
            self._put(peer, request_id, _LAST if last else _MORE, answer[start : start + PIECE_BYTES])

    def _put(self, peer: Peer, request_id: bytes, flag: int, piece: bytes) -> None:
        """Queue one piece."""
        frame = encode_frame(FrameKind.RESPONSE, request_id, bytes((flag,)), piece)
        peer.dropped += peer.queue.put(Urgency.REQUESTS, frame)
