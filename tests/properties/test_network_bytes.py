"""Whatever bytes a peer sends: frames, floods, answers and messages raise `PeerFault` or nothing, however they are split."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from libp2p.io.exceptions import ConnectionClosedError
from libp2p.stream_muxer.yamux.yamux import YAMUX_HEADER_FORMAT

from gridnode.chain.commit import Commit
from gridnode.chain.vote import Vote, VoteKind
from gridnode.codec.records import encode
from gridnode.mempool.outbox import TransactionBatch
from gridnode.network.config import Channel, NetworkLimits
from gridnode.network.frames import FrameKind, FrameReader, decode_channel, encode_frame
from gridnode.network.gossip import Flood, decode_neighbours
from gridnode.network.peers import Peer
from gridnode.network.requests import Asker
from gridnode.node.wire import from_wire, to_wire
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.limits import MAX_FRAME_BYTES
from gridnode.sync.messages import BlockRequest, Status

LIMITS = NetworkLimits()
VOTE = Vote(VoteKind.PREVOTE, 7, 0, b"h" * 32, b"a" * 20, b"s" * 64)
MESSAGES = [
    to_wire(VOTE),
    to_wire(Status(b"g" * 32, 7, b"h" * 32)),
    to_wire(Commit(7, 0, b"h" * 32, (b"s" * 64, b"", b"s" * 64))),
]
FRAMES = [
    encode_frame(FrameKind.PING),
    encode_frame(FrameKind.PONG),
    encode_frame(FrameKind.NEIGHBOURS, bytes(64)),
    *(encode_frame(FrameKind.MESSAGE, b"\x01", message) for message in MESSAGES),
    encode_frame(FrameKind.FLOOD, bytes((Channel.TRANSACTIONS, 0)), bytes(104), encode(TransactionBatch((b"x",)))),
    encode_frame(FrameKind.REQUEST, bytes(8), b"\x01", encode(BlockRequest(1, 2))),
    encode_frame(FrameKind.RESPONSE, bytes(8), b"\x01", b"answer"),
]


@st.composite
def mutated(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """Valid bytes in a row with some of them changed, cut out, doubled or put in."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(samples), min_size=1, max_size=4))))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        how = draw(st.integers(0, 3))
        if how == 0 and place < len(data):
            data[place] = draw(st.integers(0, 255))
        elif how == 1:
            del data[place : place + draw(st.integers(1, 40))]
        elif how == 2:
            data[place:place] = data[place : place + draw(st.integers(1, 40))]
        else:
            data[place:place] = draw(st.binary(max_size=40))
    return bytes(data)


def frames_of(pieces: list[bytes]) -> tuple[list[tuple[FrameKind, bytes]], bool]:
    """The frames that the pieces complete, and whether they ended in a fault, whose weight is that of malice."""
    reader, found, weight = FrameReader(), [], 0
    try:
        for piece in pieces:
            for kind, body in reader.feed(piece):
                assert len(body) < MAX_FRAME_BYTES
                found.append((kind, body))
    except PeerFault as fault:
        weight = fault.weight
    assert weight in (0, 100)
    return found, weight == 100


def split(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """The bytes in pieces that end at the cuts."""
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    for start, end in zip([0, *ends], ends, strict=False):
        yield data[start:end]


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=200), mutated(FRAMES)), st.lists(st.integers(0, 10_000), max_size=6))
def test_frames_are_the_same_however_they_are_split(data: bytes, cuts: list[int]) -> None:
    whole = frames_of([data])
    assert frames_of(list(split(data, cuts))) == whole
    assert frames_of([data[place : place + 1] for place in range(len(data))]) == whole


def test_every_frame_cut_at_every_byte_is_no_frame_and_no_fault() -> None:
    for frame in FRAMES:
        for end in range(len(frame)):
            assert frames_of([frame[:end]]) == ([], False)
        assert len(frames_of([frame])[0]) == 1


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=300), mutated([frame[5:] for frame in FRAMES])))
def test_bodies_are_taken_or_a_fault(body: bytes) -> None:
    """Every kind of body, by whoever reads it."""
    peer = Peer(b"p" * 32, LIMITS, 0)
    faults: list[PeerFault] = []
    flood = Flood(
        bytes(32),
        is_heard=lambda _key: True,
        may_flood=lambda *_: True,
        linked=lambda: [peer],
        send=lambda *_: None,
        on_fault=lambda _peer, fault: faults.append(fault),
        first_sequence=0,
    )
    asker = Asker(LIMITS, lambda _peer, fault: faults.append(fault))
    readers: list[Any] = [
        lambda: decode_neighbours(body),
        lambda: decode_channel(body[0]) if body else None,
        lambda: flood.receive(peer, body),
        lambda: asker.on_response(peer, body),
        lambda: asker.awaits(peer, body),
    ]
    for read in readers:
        try:
            read()
        except PeerFault as fault:
            faults.append(fault)
    assert all(fault.weight in (1, 10, 100) for fault in faults)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=200), mutated(MESSAGES)))
def test_messages_are_whole_or_a_fault(payload: bytes) -> None:
    """What is decoded encodes to the same bytes: nobody can say one thing in two ways."""
    weight, again = 0, payload
    try:
        again = to_wire(from_wire(payload))
    except PeerFault as fault:
        weight = fault.weight
    assert weight in (0, 10)
    assert again == payload


class Streams:
    """Stands for a muxer with one open stream."""

    def __init__(self) -> None:
        self.streams = {1: self}
        self.recv_window = 1024 * 1024


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(*(st.integers(0, top) for top in (1, 5, 15, 9, 2**32 - 1))), max_size=20))
def test_yamux_headers_are_seen_by_yamux_or_a_fault(headers: list[tuple[int, ...]]) -> None:
    """Whatever the twelve bytes say, `PacedSession` lets them through or raises a fault; never more than a window is let through."""
    from gridnode.network.session import MAX_STREAMS, WINDOW_BYTES, PacedSession

    session = PacedSession.__new__(PacedSession)
    session._muxer = Streams()  # type: ignore[assignment]
    session._body_left = session._opened = session._stray = 0
    weights: list[int] = []
    for header in headers:
        raw = struct.pack(YAMUX_HEADER_FORMAT, *header)
        session._body_left = 0
        try:
            session._check(*struct.unpack(YAMUX_HEADER_FORMAT, raw))
        except PeerFault as fault:
            weights.append(fault.weight)
            break
        assert session._body_left <= WINDOW_BYTES
        assert session._opened <= MAX_STREAMS
    assert weights in ([], [100])


@given(st.binary(max_size=100), st.lists(st.integers(0, 100), max_size=5))
def test_the_first_words_are_a_greeting_or_the_end(noise: bytes, cuts: list[int]) -> None:
    """However they are split; what follows a true greeting is not looked at."""
    from gridnode.network.session import GREETING

    for words in (noise, GREETING + noise):
        outcomes = {heard(list(split(words, cuts))), heard([words])}
        assert len(outcomes) == 1
        proven, ended = outcomes.pop()
        assert proven == words.startswith(GREETING)
        assert ended == (not words.startswith(GREETING) and not GREETING.startswith(words))


def heard(pieces: list[bytes]) -> tuple[bool, bool]:
    """Whether the private network's key was proven by what came in these pieces, and whether they ended the connection."""
    import trio
    from libp2p.security.pnet.psk_conn import PskConn

    from gridnode.network.session import PrivateConnection

    psk, proofs, waiting = b"k" * 32, [], []

    class Wire:
        """Gives one piece a read."""

        is_initiator = False

        async def write(self, data: bytes) -> None:
            """Keep a piece."""
            waiting.append(data)

        async def read(self, _n: int | None = None) -> bytes:
            """The next piece, nothing at the end."""
            return waiting.pop(0) if waiting else b""

    async def read_all() -> bool:
        other = PskConn(Wire(), psk.hex())  # type: ignore[arg-type]
        for piece in pieces or [b""]:
            if piece or not waiting:
                await other.write(piece)
        waiting[:] = [piece for piece in waiting if piece]
        connection = PrivateConnection(Wire(), psk.hex(), lambda: proofs.append(1))  # type: ignore[arg-type]
        try:
            while await connection.read(1_000):
                pass
        except ConnectionClosedError:
            return True
        return False

    ended = trio.run(read_all)
    assert len(proofs) <= 1
    return bool(proofs), ended
