"""Clock skew: measured within half a round trip, the quickest of the last answers counts, the median accuses whoever is alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio

from gridnode.node.skews import LONGEST_TRIP_MS, SAMPLES, Skew, Skews, clock_answer
from gridnode.primitives.errors import GridnodeError, PeerFault

START = 1_700_000_000_000


class Far:
    """Peers whose clocks are off, behind lines that take their time; one clock for all, moved by the answers."""

    def __init__(self) -> None:
        self.now = 0
        self.ahead: dict[bytes, int] = {}
        self.trip_ms = 10
        self.answer: Callable[[bytes], bytes] = lambda peer: clock_answer(START + self.now + self.ahead[peer])
        self.reported: list[bytes] = []

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        assert (kind, payload, timeout_ms) == (7, b"", LONGEST_TRIP_MS)
        self.now += self.trip_ms // 2
        answer = self.answer(peer_key)
        self.now += self.trip_ms - self.trip_ms // 2
        return answer

    def report(self, peer_key: bytes, fault: PeerFault) -> None:
        self.reported.append(peer_key)

    def skews(self, own_ahead: int = 0) -> Skews:
        """Of a node whose own clock is that much ahead."""
        return Skews(self, lambda: START + self.now + own_ahead, lambda: self.now)


def asked(skews: Skews, *peers: bytes) -> None:
    """Ask each once."""
    for peer in peers:
        trio.run(skews.ask, peer)


def test_a_skew_is_right_within_half_a_round_trip() -> None:
    far = Far()
    far.ahead = {b"a": 1_234}
    skews = far.skews()
    for trip in (0, 1, 10, 500):
        far.trip_ms = trip
        asked(skews, b"a")
        found = skews.of(b"a")
        assert found is not None
        assert abs(found.skew_ms - 1_234) <= max(found.error_ms, 1)
    assert skews.median_ms() == 0, "one of two: nobody is accused but the other"


def test_the_quickest_of_the_last_answers_counts() -> None:
    far = Far()
    far.ahead = {b"a": 0}
    skews = far.skews()
    for trip in (400, 2, 300):
        far.trip_ms = trip
        asked(skews, b"a")
    assert skews.of(b"a") == Skew(0, 1)
    far.ahead = {b"a": 90_000}
    far.trip_ms = 50
    for _ in range(SAMPLES):
        asked(skews, b"a")
    assert skews.of(b"a") == Skew(90_000, 25), "a clock that was set is noticed"


def test_who_is_alone_is_off() -> None:
    far = Far()
    far.ahead = {b"a": 0, b"b": 0, b"c": 0}
    mine = far.skews(own_ahead=3_600_000)
    asked(mine, b"a", b"b", b"c")
    assert mine.median_ms() == -3_600_000
    far.ahead[b"c"] = 3_600_000
    others = far.skews()
    asked(others, b"a", b"b", b"c")
    assert others.median_ms() == 0


def test_a_peer_that_says_nothing_or_too_late_or_nonsense() -> None:
    far = Far()
    far.ahead = {b"a": 0}
    skews = far.skews()
    assert (skews.of(b"a"), skews.median_ms()) == (None, None)
    far.trip_ms = LONGEST_TRIP_MS + 1
    asked(skews, b"a")
    assert skews.of(b"a") is None
    far.trip_ms = 2
    for nonsense in (b"", b"1234567", b"123456789"):
        far.answer = lambda _, nonsense=nonsense: nonsense  # type: ignore[misc]
        asked(skews, b"a")
    assert far.reported == [b"a"] * 3
    far.answer = lambda _: b"\xff" * 8
    asked(skews, b"a")
    assert skews.of(b"a") is not None, "any clock is a clock"
    skews.forget(b"a")
    skews.forget(b"a")
    assert skews.of(b"a") is None

    def gone(_peer: bytes) -> bytes:
        raise GridnodeError

    far.answer = gone
    asked(skews, b"a")
    assert skews.of(b"a") is None


@pytest.mark.parametrize("now_ms", [0, START, 2**64 - 1])
def test_the_answer(now_ms: int) -> None:
    assert int.from_bytes(clock_answer(now_ms), "big") == now_ms
