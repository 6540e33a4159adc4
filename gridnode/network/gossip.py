"""Flooding: a message that reaches every node, also those its author is not linked to.

    FLOOD       channel 1 | hops 1 | origin 32 | sequence 8 | signature 64 | payload
    NEIGHBOURS  key 32, key 32, ...

The author signs (domain, channel, sequence, payload) with its node key; (origin, sequence) names the message. A node takes
what it receives for the first time. It passes a message on, one hop more and once to each linked peer, except

    to the author,
    to the peer the copy came from, and to peers that say they are linked to that one: they get it from there.

In a full mesh nothing is therefore sent twice. But a dishonest peer could hide the message from someone so left out, by not
sending what it is trusted to send. So the peers not sent to are remembered with the message, and the rule is applied again to
every further copy: whoever is not linked to the peer *that* copy came from gets it then. Also the peers that sent a copy
themselves stay remembered, for they may still wait for an honest copy to serve those they left out.

So the message reaches every node joined to its author by a path of honest nodes, whatever the others do. (Call a node grounded
when it is the author or had a copy from a grounded honest node. Were q honest, ungrounded and linked to a grounded h: h, had
its copy from a grounded g, did not send to q, so q is linked to g, which did not send to q either, and so on to the author,
who sends to all it is linked to.) The price is at most one more copy per link and direction, and only where there are circles.

A message from its author over a link needs no signature check, the link is authenticated. Every other copy, and every copy
that is passed on, is checked first; hence who sends a bad signature is to blame and a peer is never blamed for another's
message. Only then is it taken from the author's allowance: a forgery costs the author nothing. What an author floods beyond
its allowance is dropped, not blamed on those who pass it on; a banned author is not heard by any path.

What is remembered, is remembered for each author apart: its MAX_SEEN_FLOODS highest sequences. One that floods fast forgets its own
messages, never those of others. A sequence below the lowest remembered is old: an honest peer may be late once, who keeps
passing on old messages is replaying them. Therefore an author's sequences must rise from one run to the next, whatever its clock
does (`first_sequence`). Should they fall all the same, because its folder was lost and its clock was set back, the author
itself says so by sending one over its own link, and is remembered anew from there.

An honest peer sends a message to another at most once. A second copy over the same link is noise, and blamed as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from gridnode.network.config import KEY_BYTES, Channel
from gridnode.network.frames import FrameKind, decode_channel, encode_frame
from gridnode.network.peers import Peer
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.limits import (
    MAX_FRAME_BYTES,
    MAX_GOSSIP_FRAME_BYTES,
    MAX_PEERS,
    MAX_RELAY_HOPS,
    MAX_SEEN_FLOODS,
)
from gridnode.primitives.offences import Offence

_DOMAIN = b"gridnode/flood/1"
_ORIGIN = slice(2, 34)
_SEQUENCE = slice(34, 42)
_SIGNATURE = slice(42, 106)
_PAYLOAD_AT = 106
MAX_FLOOD_BYTES = MAX_FRAME_BYTES - 256
"""Payload of a flooded message; on the transactions channel MAX_GOSSIP_FRAME_BYTES."""


def max_payload_bytes(channel: Channel) -> int:
    """Bound of a flooded payload on `channel`."""
    return MAX_GOSSIP_FRAME_BYTES if channel is Channel.TRANSACTIONS else MAX_FLOOD_BYTES


SEQUENCE_STEP = 1 << 40
"""Between the first sequences of two runs of a node: 17 minutes of the clock in ms << 20, and more than a run ever sends."""


class _Seen:
    """What is remembered of a message: the peers it was not sent to, and a bit for each peer that sent it."""

    __slots__ = ("senders", "unsent")

    def __init__(self, unsent: frozenset[bytes]) -> None:
        self.unsent = unsent
        self.senders = 0


class _Author:
    """The newest messages of one author by sequence."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}
        self._order: list[int] = []  # a heap: the lowest sequence first
        self.floor = -1  # sequences up to this one are old

    def get(self, sequence: int) -> _Seen | None:
        """What is remembered of a message."""
        return self._seen.get(sequence)

    def remember(self, sequence: int, seen: _Seen) -> None:
        """Know a message from now on; the one with the lowest sequence is forgotten beyond MAX_SEEN_FLOODS."""
        self._seen[sequence] = seen
        heappush(self._order, sequence)
        if len(self._order) > MAX_SEEN_FLOODS:
            self.floor = heappop(self._order)
            del self._seen[self.floor]


class Flood:
    """Signs, recognizes and passes on; keeps no payload."""

    def __init__(
        self,
        seed: bytes,
        is_heard: Callable[[bytes], bool],
        may_flood: Callable[[bytes, Channel, int], bool],
        linked: Callable[[], Iterable[Peer]],
        send: Callable[[Peer, Channel, bytes], None],
        on_fault: Callable[[Peer, PeerFault], None],
        first_sequence: int,
    ) -> None:
        """Flood with the node key of `seed`.

        `is_heard(author)` says who may be heard at all, `may_flood(author, channel, size)` whether now, and counts it. `on_fault`
        hears of small faults; large ones are raised. `first_sequence` must be above all sequences this key used before.
        """
        self._signing_key = SigningKey(seed)
        self.own_key = bytes(self._signing_key.verify_key)
        """Public key of this node."""
        self._is_heard = is_heard
        self._may_flood = may_flood
        self._linked = linked
        self._send = send
        self._on_fault = on_fault
        self._sequence = first_sequence
        self._authors: dict[bytes, _Author] = {}

    def publish(self, channel: Channel, payload: bytes) -> None:
        """Send `payload` to every linked peer, which pass it on. Raises `ValueError` when it is too long."""
        if len(payload) > max_payload_bytes(channel):
            raise ValueError(f"{len(payload)} bytes to flood, the limit is {max_payload_bytes(channel)}")
        self._sequence += 1
        sequence = self._sequence.to_bytes(8, "big")
        signature = self._signing_key.sign(_signed(channel, sequence, payload)).signature
        head = bytes((channel, 0)) + self.own_key + sequence + signature
        frame = encode_frame(FrameKind.FLOOD, head, payload)
        for peer in self._linked():
            self._send(peer, channel, frame)

    def receive(self, source: Peer, body: bytes) -> tuple[bytes, Channel, bytes] | None:
        """Take a FLOOD frame from `source`: (origin, channel, payload) when it is new, None when it is not for us.

        Raises `PeerFault` against `source` for a bad layout or signature.
        """
        if len(body) < _PAYLOAD_AT:
            raise PeerFault.of(Offence.BAD_FRAME, "malformed flood")
        channel, hops, origin = decode_channel(body[0]), body[1], body[_ORIGIN]
        if hops > MAX_RELAY_HOPS or len(body) - _PAYLOAD_AT > max_payload_bytes(channel):
            raise PeerFault.of(Offence.BAD_FLOOD, f"{hops} hops, {len(body) - _PAYLOAD_AT} bytes")
        if origin == self.own_key or not self._is_heard(origin):
            return None
        author, sequence = self._author(origin), int.from_bytes(body[_SEQUENCE], "big")
        seen = author.get(sequence)
        is_new = seen is None
        if seen is None:
            if sequence <= author.floor and not self._begins_anew(source, origin, author, sequence):
                return None
            author = self._author(origin)
            seen = _Seen(frozenset(peer.key for peer in self._linked() if peer.key != origin))
        elif seen.senders & source.mark:
            self._on_fault(source, PeerFault.of(Offence.REPEATED_FLOOD))
            return None
        wanting = self._wanting(source, seen.unsent) if hops < MAX_RELAY_HOPS else []
        # Checked before anything is remembered: a forgery must not hide the true message that comes after it.
        if (wanting or (is_new and origin != source.key)) and not self._is_signed(channel, body):
            raise PeerFault.of(Offence.BAD_FLOOD, "bad signature")
        if is_new:
            if not self._may_flood(origin, channel, len(body)):
                return None
            author.remember(sequence, seen)
        seen.senders |= source.mark
        seen.unsent = seen.unsent.difference(peer.key for peer in wanting)
        self._pass_on(channel, hops, body, wanting)
        return (origin, channel, body[_PAYLOAD_AT:]) if is_new else None

    def forget(self, peer_keys: Iterable[bytes]) -> None:
        """Drop what is known of authors that lost their licence."""
        for peer_key in peer_keys:
            self._authors.pop(peer_key, None)

    def _author(self, origin: bytes) -> _Author:
        """What is remembered of an author, who is heard; there are as many as licences."""
        author = self._authors.get(origin)
        if author is None:
            author = self._authors[origin] = _Author()
        return author

    def _begins_anew(self, source: Peer, origin: bytes, author: _Author, sequence: int) -> bool:
        """What to do with an old message: whether its author has gone back and is to be remembered anew from here."""
        if source.key != origin:
            self._on_fault(source, PeerFault.of(Offence.OLD_FLOOD))
            return False
        if author.floor - sequence < SEQUENCE_STEP:
            return False
        del self._authors[origin]
        return True

    def _wanting(self, source: Peer, unsent: frozenset[bytes]) -> list[Peer]:
        """Who gets a copy that came from `source` passed on: unsent so far, and not served by `source`."""
        if not unsent:
            return []
        return [
            peer
            for peer in self._linked()
            if peer.key in unsent and peer is not source and source.key not in peer.neighbours
        ]

    def _is_signed(self, channel: Channel, body: bytes) -> bool:
        """Whether the origin signed the message."""
        signed = _signed(channel, body[_SEQUENCE], body[_PAYLOAD_AT:])
        try:
            VerifyKey(body[_ORIGIN]).verify(signed, body[_SIGNATURE])
        except BadSignatureError:
            return False
        return True

    def _pass_on(self, channel: Channel, hops: int, body: bytes, wanting: list[Peer]) -> None:
        """Send the message, one hop further, to `wanting`."""
        if not wanting:
            return
        frame = encode_frame(FrameKind.FLOOD, body[:1], bytes((hops + 1,)), body[2:])
        for peer in wanting:
            self._send(peer, channel, frame)


def _signed(channel: Channel, sequence: bytes, payload: bytes) -> bytes:
    """The bytes an author signs."""
    return b"".join((_DOMAIN, bytes((channel,)), sequence, payload))


def encode_neighbours(peer_keys: Iterable[bytes]) -> bytes:
    """The frame that tells a peer to whom this node is linked."""
    return encode_frame(FrameKind.NEIGHBOURS, *sorted(peer_keys))


def decode_neighbours(body: bytes) -> frozenset[bytes]:
    """The keys of a NEIGHBOURS frame. Raises `PeerFault` when they are none or too many."""
    if len(body) % KEY_BYTES or len(body) > MAX_PEERS * KEY_BYTES:
        raise PeerFault.of(Offence.BAD_FRAME, "malformed neighbours")
    return frozenset(body[start : start + KEY_BYTES] for start in range(0, len(body), KEY_BYTES))
