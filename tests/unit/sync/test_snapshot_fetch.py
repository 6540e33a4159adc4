"""Which snapshot is tried, and which chunk is asked of whom: a machine that is told facts."""

from __future__ import annotations

from dataclasses import replace

from gridnode.codec.records import decode
from gridnode.primitives.limits import (
    MAX_PEER_CHUNKS,
    MAX_SNAPSHOT_CHUNKS,
    MAX_SNAPSHOT_REQUESTS,
    SNAPSHOT_CHUNK_BYTES,
)
from gridnode.sync.snapshot_fetch import MAX_FAILURES, SnapshotFetch
from gridnode.sync.snapshots import Manifest, SnapshotsAnswer, SnapshotsRequest, answer_snapshots, chunk_hash

CHUNKS = [b"chunk %03d" % number + bytes(SNAPSHOT_CHUNK_BYTES - 9) for number in range(39)] + [b"!"]


def manifest(height: int, root: bytes = b"r" * 32) -> Manifest:
    """A snapshot of 40 chunks."""
    size = (len(CHUNKS) - 1) * SNAPSHOT_CHUNK_BYTES + 1
    return Manifest(b"g" * 32, height, b"b" * 32, root, 1, size, tuple(map(chunk_hash, CHUNKS)))


def fetch(*peers: bytes) -> SnapshotFetch:
    """One that has begun what these peers offer."""
    made = SnapshotFetch()
    for peer in peers:
        made.offered(peer, manifest(20))
    made.begin(manifest(20), set())
    return made


def test_that_of_most_peers_is_tried_first_then_the_newest() -> None:
    """One peer cannot bring its own before the others'; and what was refused is not tried again."""
    made = SnapshotFetch()
    assert made.choose() is None
    old, new, rare = manifest(20), manifest(40), manifest(60, b"x" * 32)
    for peer, offer in ((b"a", old), (b"a", new), (b"b", new), (b"c", rare)):
        made.offered(peer, offer)
    assert made.choose([60]) == new
    assert made.choose() == new
    assert made.refused(new) == [b"a", b"b"]
    assert made.choose() == rare
    made.refused(rare)
    assert made.choose() == old
    made.refused(old)
    assert made.choose() is None


def test_what_was_begun_is_gone_on_with() -> None:
    """As long as as many offer it as any other."""
    made = SnapshotFetch()
    made.offered(b"a", manifest(20))
    made.offered(b"a", manifest(40))
    assert made.choose([20]) == manifest(20)
    assert made.choose([30]) == manifest(40)
    made.offered(b"b", manifest(40))
    assert made.choose([20]) == manifest(40)


def test_chunks_are_asked_of_all_and_bounded() -> None:
    """So many at once, so many of each."""
    made = fetch(b"a", b"b", b"c")
    asks = made.next_requests()
    assert [ask.number for ask in asks] == list(range(3 * MAX_PEER_CHUNKS))
    assert all(sum(1 for ask in asks if ask.peer == peer) == MAX_PEER_CHUNKS for peer in (b"a", b"b", b"c"))
    assert made.next_requests() == []
    many = fetch(*(b"%d" % number for number in range(9)))
    assert len(many.next_requests()) == MAX_SNAPSHOT_REQUESTS


def test_all_chunks_come() -> None:
    """Whoever sends them, each once."""
    made = fetch(b"a", b"b")
    while made.missing:
        for ask in made.next_requests():
            assert not made.has(ask.number)
            assert made.arrived(ask.peer, ask.number, CHUNKS[ask.number]) is None
            assert made.has(ask.number)
    assert made.next_requests() == []
    assert not made.is_stuck


def test_those_that_are_there_are_not_asked_for() -> None:
    """A run that died has fetched them."""
    made = SnapshotFetch()
    made.offered(b"a", manifest(20))
    made.begin(manifest(20), set(range(38)))
    assert [ask.number for ask in made.next_requests()] == [38, 39]


def test_a_wrong_chunk_is_its_senders_fault() -> None:
    """It is asked no more, and the chunk is asked of another."""
    made = fetch(b"a", b"b")
    ask = next(ask for ask in made.next_requests() if ask.peer == b"a")
    assert "its hash is not the manifest's" in (made.arrived(b"a", ask.number, b"!" + CHUNKS[ask.number][1:]) or "")
    assert not made.has(ask.number)
    assert made.holders(manifest(20)) == [b"b"]


def test_a_chunk_of_another_size_is_its_senders_fault() -> None:
    """Also when a lying manifest has its hash: a manifest says how much memory a chunk takes."""
    long = b"a" * (SNAPSHOT_CHUNK_BYTES + 1)
    lying = replace(manifest(20), chunks=(chunk_hash(long), *manifest(20).chunks[1:]))
    made = SnapshotFetch()
    made.offered(b"a", lying)
    made.begin(lying, set())
    made.next_requests()
    assert "expected 1048576 bytes, got 1048577" in (made.arrived(b"a", 0, long) or "")
    assert not made.has(0)


def test_an_empty_answer_is_no_fault() -> None:
    """The peer has removed its snapshot."""
    made = fetch(b"a")
    [ask, other] = made.next_requests()
    assert made.arrived(ask.peer, ask.number, b"") is None
    assert not made.has(ask.number)
    assert made.arrived(other.peer, other.number, b"") is None
    assert made.is_stuck
    assert made.choose() is None


def test_answers_that_nobody_asked_for_are_passed_over() -> None:
    """Also those of a peer that was not asked, and the second one of a chunk."""
    made = fetch(b"a", b"b")
    asks = made.next_requests()
    assert made.arrived(b"c", 0, CHUNKS[0]) is None
    assert made.arrived(b"a", 39, CHUNKS[39]) is None
    assert not made.has(0)
    assert not made.has(39)
    first = asks[0]
    made.arrived(first.peer, first.number, CHUNKS[first.number])
    assert made.arrived(first.peer, first.number, b"wrong now") is None


def test_a_peer_that_does_not_answer_is_asked_a_few_times() -> None:
    """Then nobody is left."""
    made, asked = fetch(b"a"), 0
    while not made.is_stuck:
        for ask in made.next_requests():
            made.failed(ask.peer, ask.number)
            asked += 1
    assert asked == MAX_FAILURES


def test_offers_fit_one_answer() -> None:
    """The newest that fit, above the height asked; one alone may be as large as it is."""
    large = replace(manifest(7), bytes=MAX_SNAPSHOT_CHUNKS * SNAPSHOT_CHUNK_BYTES, chunks=(b"h" * 32,) * MAX_SNAPSHOT_CHUNKS)
    offers = [replace(large, height=height) for height in (9, 8, 7)]
    one = decode(SnapshotsAnswer, answer_snapshots(SnapshotsRequest(0), offers)).manifests
    assert [offer.height for offer in one] == [9]
    small = [manifest(height) for height in (9, 8, 7)]
    some = decode(SnapshotsAnswer, answer_snapshots(SnapshotsRequest(7), small)).manifests
    assert [offer.height for offer in some] == [9, 8]
