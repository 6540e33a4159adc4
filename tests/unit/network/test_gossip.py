"""Flooding reaches everyone with an honest path, once, whatever dishonest nodes swallow; forgeries go nowhere."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from gridnode.network.config import Channel, NetworkLimits
from gridnode.network.frames import FrameReader
from gridnode.network.gossip import (
    SEQUENCE_STEP,
    Flood,
    decode_neighbours,
    encode_neighbours,
    max_payload_bytes,
)
from gridnode.network.peers import Peer
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.limits import MAX_GOSSIP_FRAME_BYTES, MAX_RELAY_HOPS, MAX_SEEN_FLOODS

LIMITS = NetworkLimits()
KEYS = [bytes(SigningKey(bytes((number + 1,)) * 32).verify_key) for number in range(9)]


class Graph:
    """Nodes that flood over given edges; what is in flight is delivered in an order the test chooses."""

    def __init__(
        self, count: int, edges: set[tuple[int, int]], withheld: frozenset[tuple[int, int]] = frozenset()
    ) -> None:
        self.withheld = withheld
        self.silenced: set[bytes] = set()
        self.has_room = True
        self.faults: list[tuple[int, int]] = []
        self.got: Counter[int] = Counter()
        self.in_flight: list[tuple[int, int, bytes]] = []
        self.peers: dict[int, dict[int, Peer]] = {number: {} for number in range(count)}
        for a, b in edges:
            self.peers[a][b] = Peer(KEYS[b], LIMITS, 0, number=b)
            self.peers[b][a] = Peer(KEYS[a], LIMITS, 0, number=a)
        for row in self.peers.values():
            for other, peer in row.items():
                peer.neighbours = frozenset(KEYS[number] for number in self.peers[other])
        self.nodes = [self._flood(number) for number in range(count)]

    def _flood(self, number: int) -> Flood:
        def send(peer: Peer, _channel: Channel, frame: bytes) -> None:
            receiver = KEYS.index(peer.key)
            if (number, receiver) not in self.withheld:
                self.in_flight.append((number, receiver, frame))

        return Flood(
            bytes((number + 1,)) * 32,
            is_heard=lambda key: key in KEYS and key not in self.silenced,
            may_flood=lambda *_: self.has_room,
            linked=lambda: self.peers[number].values(),
            send=send,
            on_fault=lambda peer, fault: self.faults.append((KEYS.index(peer.key), fault.weight)),
            first_sequence=0,
        )

    def deliver(self, index: int) -> None:
        """Deliver one of the frames in flight."""
        sender, receiver, frame = self.in_flight.pop(index % len(self.in_flight))
        ((_, body),) = FrameReader().feed(frame)
        if self.nodes[receiver].receive(self.peers[receiver][sender], body) is not None:
            self.got[receiver] += 1


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, set[tuple[int, int]], frozenset[tuple[int, int]]]:
    """2 to 7 nodes, edges, and what some dishonest nodes (never node 0) keep from whom."""
    count = draw(st.integers(2, 7))
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    edges = draw(st.sets(st.sampled_from(pairs), min_size=1))
    dishonest = draw(st.frozensets(st.integers(1, count - 1), min_size=1, max_size=3))
    ways = [(node, other) for node in sorted(dishonest) for other in range(count)]
    return count, edges, draw(st.frozensets(st.sampled_from(ways)))


def reachable(edges: set[tuple[int, int]], withheld: frozenset[tuple[int, int]]) -> set[int]:
    """Nodes with a path from node 0 on which nobody but the last withholds anything from anyone."""
    dishonest = {node for node, _ in withheld}
    reached, border = {0}, [0]
    while border:
        node = border.pop()
        for a, b in edges:
            for other in {a, b} - {node} if node in (a, b) else ():
                if other not in reached:
                    reached.add(other)
                    if other not in dishonest:
                        border.append(other)
    return reached - {0}


# A relay that served its own source only, which had left someone out in favour of a dishonest one.
FOUND = (6, {(2, 4), (1, 2), (0, 4), (3, 4), (2, 3), (0, 5), (2, 5)}, frozenset({(4, 3)}))


@settings(max_examples=500, deadline=None)
@example(FOUND, [2, 1])
@given(graphs(), st.lists(st.integers(0, 1000), min_size=1, max_size=60))
def test_everyone_with_an_honest_path_gets_it_once(
    graph: tuple[int, set[tuple[int, int]], frozenset[tuple[int, int]]], order: list[int]
) -> None:
    net, turn = Graph(*graph), 0
    net.nodes[0].publish(Channel.CONSENSUS, b"message")
    while net.in_flight:
        net.deliver(order[turn % len(order)])
        turn += 1
    assert set(net.got.values()) <= {1}
    assert set(net.got) >= reachable(graph[1], graph[2])


def test_a_full_mesh_relays_nothing() -> None:
    net = Graph(5, {(a, b) for a in range(5) for b in range(a + 1, 5)})
    net.nodes[0].publish(Channel.TRANSACTIONS, b"batch")
    assert len(net.in_flight) == 4
    while net.in_flight:
        net.deliver(0)
    assert net.got == Counter({1: 1, 2: 1, 3: 1, 4: 1})


def body_from(net: Graph, payload: bytes = b"message") -> bytes:
    """Body of the first frame node 0 floods."""
    net.nodes[0].publish(Channel.CONSENSUS, payload)
    ((_, body),) = FrameReader().feed(net.in_flight.pop(0)[2])
    net.in_flight.clear()
    return body


def test_a_forgery_is_blamed_on_the_relay_and_does_not_hide_the_true_one() -> None:
    net = Graph(3, {(0, 1), (1, 2)})
    body = body_from(net)
    with pytest.raises(PeerFault, match="signature") as raised:
        net.nodes[2].receive(net.peers[2][1], body[:-1] + b"X")
    assert raised.value.weight == 100
    assert net.nodes[2].receive(net.peers[2][1], body) == (KEYS[0], Channel.CONSENSUS, b"message")
    assert net.nodes[2].receive(net.peers[2][1], body) is None


def test_an_author_with_a_bad_signature_is_not_passed_on() -> None:
    net = Graph(3, {(0, 1), (1, 2)})
    body = body_from(net)
    with pytest.raises(PeerFault, match="signature"):
        net.nodes[1].receive(net.peers[1][0], body[:-1] + b"X")
    assert net.in_flight == []


def test_our_own_and_the_unlicenseds_are_dropped() -> None:
    net = Graph(2, {(0, 1)})
    body = body_from(net)
    assert net.nodes[0].receive(net.peers[0][1], body) is None
    stranger = bytes(SigningKey(b"?" * 32).verify_key)
    assert net.nodes[1].receive(net.peers[1][0], body[:2] + stranger + body[34:]) is None


def test_bounds() -> None:
    net = Graph(2, {(0, 1)})
    with pytest.raises(ValueError):
        net.nodes[0].publish(Channel.TRANSACTIONS, bytes(MAX_GOSSIP_FRAME_BYTES + 1))
    body = body_from(net, bytes(MAX_GOSSIP_FRAME_BYTES + 1))
    with pytest.raises(PeerFault, match="bounds"):
        net.nodes[1].receive(net.peers[1][0], bytes((Channel.TRANSACTIONS,)) + body[1:])
    assert max_payload_bytes(Channel.SYNC) > MAX_GOSSIP_FRAME_BYTES


def again(body: bytes, sequence: int) -> bytes:
    """The same message by the same author with another sequence; its signature is then wrong."""
    return body[:34] + sequence.to_bytes(8, "big") + body[42:]


def test_an_author_that_floods_forgets_its_own_and_the_oldest_are_not_taken_again() -> None:
    net = Graph(3, {(0, 1), (1, 2), (0, 2)})
    quiet = body_from(net)
    net.nodes[2].publish(Channel.CONSENSUS, b"loud")
    loud = net.in_flight.pop()[2][5:]
    assert net.nodes[1].receive(net.peers[1][0], quiet) is not None
    for sequence in range(1, MAX_SEEN_FLOODS + 2):
        assert net.nodes[1].receive(net.peers[1][2], again(loud, sequence)) is not None
    assert net.nodes[1].receive(net.peers[1][2], again(loud, 1)) is None
    assert net.faults == []
    assert net.nodes[1].receive(net.peers[1][2], quiet) is None
    assert net.nodes[1].receive(net.peers[1][0], again(loud, 1)[:2] + KEYS[2] + again(loud, 1)[34:]) is None
    assert net.faults == [(0, 1)]


def test_an_author_whose_sequences_fell_is_heard_again_when_it_says_so_itself() -> None:
    net = Graph(3, {(0, 1), (1, 2), (0, 2)})
    body = body_from(net)
    for number in range(MAX_SEEN_FLOODS + 1):
        net.nodes[1].receive(net.peers[1][0], again(body, SEQUENCE_STEP + number + 2))
    assert net.nodes[1].receive(net.peers[1][2], body) is None
    assert net.nodes[1].receive(net.peers[1][0], again(body, 3)) is None
    assert net.nodes[1].receive(net.peers[1][0], body) == (KEYS[0], Channel.CONSENSUS, b"message")


def test_a_copy_sent_twice_is_noise_and_goes_no_further() -> None:
    net = Graph(4, {(0, 1), (1, 2), (0, 2), (2, 3)})
    body = body_from(net)
    assert net.nodes[2].receive(net.peers[2][1], body) is not None
    assert net.nodes[2].receive(net.peers[2][0], body) is None
    net.in_flight.clear()
    assert net.faults == []
    assert net.nodes[2].receive(net.peers[2][1], body) is None
    assert (net.faults, net.in_flight) == ([(1, 1)], [])


def test_a_forgery_costs_its_alleged_author_nothing() -> None:
    net = Graph(3, {(0, 1), (1, 2)})
    body = body_from(net)
    taken: list[bytes] = []
    net.nodes[2]._may_flood = lambda author, _channel, _size: bool(taken.append(author)) or True  # type: ignore[func-returns-value]
    with pytest.raises(PeerFault):
        net.nodes[2].receive(net.peers[2][1], again(body, 77))
    assert taken == []
    assert net.nodes[2].receive(net.peers[2][1], body) is not None
    assert taken == [KEYS[0]]


def test_a_banned_author_is_heard_by_no_path_and_an_author_without_room_neither() -> None:
    net = Graph(3, {(0, 1), (1, 2)})
    body = body_from(net)
    net.silenced.add(KEYS[0])
    assert net.nodes[1].receive(net.peers[1][0], body) is None
    net.silenced.clear()
    net.has_room = False
    assert net.nodes[1].receive(net.peers[1][0], body) is None
    assert net.in_flight == []
    net.has_room = True
    assert net.nodes[1].receive(net.peers[1][0], body) is not None


def test_a_message_that_came_too_far_waits_for_a_shorter_way() -> None:
    net = Graph(4, {(0, 1), (1, 2), (1, 3)})
    body = body_from(net)
    far = body[:1] + bytes((MAX_RELAY_HOPS,)) + body[2:]
    assert net.nodes[1].receive(net.peers[1][3], far) is not None
    assert net.in_flight == []
    assert net.nodes[1].receive(net.peers[1][0], body) is None
    assert {(sender, receiver) for sender, receiver, _ in net.in_flight} == {(1, 2), (1, 3)}


def test_neighbours_have_one_form() -> None:
    ((_, body),) = FrameReader().feed(encode_neighbours(reversed(KEYS)))
    assert decode_neighbours(body) == frozenset(KEYS)
    with pytest.raises(PeerFault):
        decode_neighbours(body + b"x")
