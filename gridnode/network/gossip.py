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
message. What an author floods beyond its allowance is dropped, not blamed on those who pass it on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from gridnode.network.config import KEY_BYTES, Channel
from gridnode.network.frames import MALICIOUS, FrameKind, decode_channel, encode_frame
from gridnode.network.peers import Peer
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.limits import (
    MAX_FRAME_BYTES,
    MAX_GOSSIP_FRAME_BYTES,
    MAX_PEERS,
    MAX_RELAY_HOPS,
    MAX_SEEN_FLOODS,
)

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


class Flood:
    """Signs, recognizes and passes on; keeps no payload."""

    def __init__(
        self,
        seed: bytes,
        is_admitted: Callable[[bytes], bool],
        may_flood: Callable[[bytes], bool],
        linked: Callable[[], Iterable[Peer]],
        send: Callable[[Peer, Channel, bytes], None],
        first_sequence: int,
    ) -> None:
        """`first_sequence` must be above all sequences this key used before: the clock in ms, shifted left by 20."""
        self._signing_key = SigningKey(seed)
        self.own_key = bytes(self._signing_key.verify_key)
        """Public key of this node."""
        self._is_admitted = is_admitted
        self._may_flood = may_flood
        self._linked = linked
        self._send = send
        self._sequence = first_sequence
        self._seen: OrderedDict[tuple[bytes, bytes], frozenset[bytes]] = OrderedDict()

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
            raise PeerFault("malformed flood", MALICIOUS)
        channel, hops, origin = decode_channel(body[0]), body[1], body[_ORIGIN]
        if hops > MAX_RELAY_HOPS or len(body) - _PAYLOAD_AT > max_payload_bytes(channel):
            raise PeerFault("a flood beyond its bounds", MALICIOUS)
        if origin == self.own_key or not self._is_admitted(origin):
            return None
        name = (origin, body[_SEQUENCE])
        unsent = self._seen.get(name)
        is_new = unsent is None
        if unsent is None:
            if not self._may_flood(origin):
                return None
            unsent = frozenset(peer.key for peer in self._linked() if peer.key != origin)
        wanting = self._wanting(source, unsent) if hops < MAX_RELAY_HOPS else []
        # Checked before anything is remembered: a forgery must not hide the true message that comes after it.
        if (wanting or (is_new and origin != source.key)) and not self._is_signed(channel, body):
            raise PeerFault("a flood with a bad signature", MALICIOUS)
        self._pass_on(channel, hops, body, wanting)
        self._remember(name, unsent.difference(peer.key for peer in wanting))
        return (origin, channel, body[_PAYLOAD_AT:]) if is_new else None

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

    def _remember(self, name: tuple[bytes, bytes], left_out: frozenset[bytes]) -> None:
        """Know the message from now on; the oldest known is forgotten beyond MAX_SEEN_FLOODS."""
        self._seen[name] = left_out
        if len(self._seen) > MAX_SEEN_FLOODS:
            self._seen.popitem(last=False)


def _signed(channel: Channel, sequence: bytes, payload: bytes) -> bytes:
    """The bytes an author signs."""
    return b"".join((_DOMAIN, bytes((channel,)), sequence, payload))


def encode_neighbours(peer_keys: Iterable[bytes]) -> bytes:
    """The frame that tells a peer to whom this node is linked."""
    return encode_frame(FrameKind.NEIGHBOURS, *sorted(peer_keys))


def decode_neighbours(body: bytes) -> frozenset[bytes]:
    """The keys of a NEIGHBOURS frame. Raises `PeerFault` when they are none or too many."""
    if len(body) % KEY_BYTES or len(body) > MAX_PEERS * KEY_BYTES:
        raise PeerFault("malformed neighbours", MALICIOUS)
    return frozenset(body[start : start + KEY_BYTES] for start in range(0, len(body), KEY_BYTES))
