"""Flooding: a message that reaches every node, also those its author is not linked to.

    FLOOD       channel 1 | hops 1 | origin 32 | sequence 8 | signature 64 | payload
    NEIGHBOURS  key 32, key 32, ...

The author signs (domain, channel, sequence, payload) with its node key; (origin, sequence) names the message. A node
that receives one for the first time takes it and passes it on, one hop more, to its linked peers except

    the peer it came from and the author,
    peers that say they are linked to the peer it came from: they get it from there. In a full mesh nothing is sent twice.

A node that withholds what it received could hide a message from a peer so left out. Therefore the left out are remembered
with the message; when a second copy arrives from a peer to which one of them is not linked, it gets the message now. So the
message reaches every node that is connected to its author by a path of honest nodes, whatever the others do.

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

_NOBODY: frozenset[bytes] = frozenset()


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
        left_out = self._seen.get(name)
        is_new = left_out is None
        if left_out is None:
            if not self._may_flood(origin):
                return None
            self._remember(name, _NOBODY)
            wanting, left_out = self._share(source, origin)
        else:
            wanting, left_out = self._share_again(source, left_out)
        if hops == MAX_RELAY_HOPS:
            wanting = []
        if wanting or (is_new and origin != source.key):
            if not self._is_signed(channel, body):
                self._forget_if(is_new, name)
                raise PeerFault("a flood with a bad signature", MALICIOUS)
            self._pass_on(channel, hops, body, wanting)
        self._remember(name, left_out)
        return (origin, channel, body[_PAYLOAD_AT:]) if is_new else None

    def _share(self, source: Peer, origin: bytes) -> tuple[list[Peer], frozenset[bytes]]:
        """Who gets a new message of `origin` from us, and who should have it from `source`."""
        others = [peer for peer in self._linked() if peer is not source and peer.key != origin]
        wanting = [peer for peer in others if source.key not in peer.neighbours]
        return wanting, frozenset(peer.key for peer in others if source.key in peer.neighbours)

    def _share_again(self, source: Peer, left_out: frozenset[bytes]) -> tuple[list[Peer], frozenset[bytes]]:
        """Who gets a message after its second copy came from `source`, and who is still left out."""
        left_out = left_out - {source.key}
        if not left_out:
            return [], left_out
        wanting = [p for p in self._linked() if p.key in left_out and source.key not in p.neighbours]
        return wanting, left_out.difference(peer.key for peer in wanting)

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

    def _forget_if(self, is_new: bool, name: tuple[bytes, bytes]) -> None:
        """A forged copy must not hide the true one that comes after it."""
        if is_new:
            self._seen.pop(name, None)


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
