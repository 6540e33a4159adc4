"""Places at the door: an address pays for what comes to nothing, and the least proven of the busiest address goes first."""

from __future__ import annotations

from typing import Any

from gridnode.network.config import NetworkLimits
from gridnode.network.door import Door, Proof, counted_address
from gridnode.primitives.limits import MAX_KNOWN_ADDRESSES

LIMITS = NetworkLimits(max_handshakes=4, strangers_per_s=1, strangers_burst=8, strangers_total_per_s=10)


class Knock:
    """Stands for a connection: it has an address, and can be closed."""

    def __init__(self, host: str | None) -> None:
        self.host = host
        self.closed = False
        self.socket = self

    def getpeername(self) -> tuple[str, int]:
        """Its address, unless it is gone."""
        if self.host is None:
            raise OSError
        return self.host, 1

    def setsockopt(self, *_: Any) -> None:
        """Accept any option."""

    def close(self) -> None:
        """Close it."""
        self.closed = True


class Clock:
    """A clock that stands where it is put."""

    now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


def test_an_address_pays_for_what_comes_to_nothing() -> None:
    clock = Clock()
    door = Door(LIMITS, clock)
    knocks = [Knock("127.0.0.1") for _ in range(12)]
    visitors = [door.knock(knock) for knock in knocks]  # type: ignore[arg-type]
    assert [visitor is None for visitor in visitors] == [False] * 9 + [True] * 3
    assert knocks[-1].closed
    assert door.knock(Knock("127.0.0.2")) is not None  # type: ignore[arg-type]
    clock.now_ms = 1_000
    assert door.knock(Knock("127.0.0.1")) is not None  # type: ignore[arg-type]
    assert (door.stats.accepted, door.stats.refused, door.stats.evicted) == (11, 3, 7)


def test_a_link_costs_its_address_nothing() -> None:
    door = Door(LIMITS, Clock())
    for _ in range(50):
        visitor = door.knock(Knock("127.0.0.1"))  # type: ignore[arg-type]
        assert visitor is not None
        door.leave(visitor, linked=True)
        door.leave(visitor, linked=False)
    assert (door.stats.linked, door.stats.failed) == (50, 0)


def test_the_least_proven_of_the_busiest_address_goes_first() -> None:
    door = Door(LIMITS, Clock())
    lone, crowd = Knock("127.0.0.9"), [Knock("127.0.0.1") for _ in range(3)]
    for knock in (lone, *crowd):
        door.knock(knock)  # type: ignore[arg-type]
    door.knock(Knock("127.0.0.2"))  # type: ignore[arg-type]
    assert [knock.closed for knock in (lone, *crowd)] == [False, True, False, False]

    proven = Door(LIMITS, Clock())
    crowd = [Knock("127.0.0.1") for _ in range(3)]
    for knock in crowd:
        visitor = proven.knock(knock)  # type: ignore[arg-type]
        assert visitor is not None
        visitor.proof = Proof.NETWORK_KEY
    silent = Knock("127.0.0.9")
    for knock in (silent, Knock("127.0.0.8")):
        proven.knock(knock)  # type: ignore[arg-type]
    assert silent.closed
    assert not any(knock.closed for knock in crowd)


def test_all_addresses_together_have_a_rate() -> None:
    door = Door(LIMITS, Clock())
    assert [door.pause_s() for _ in range(12)] == [0] * 10 + [0.1, 0.2]


def test_what_is_remembered_is_bounded_and_one_network_is_one_address() -> None:
    door = Door(LIMITS, Clock())
    for number in range(MAX_KNOWN_ADDRESSES + 10):
        visitor = door.knock(Knock(f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}"))  # type: ignore[arg-type]
        assert visitor is not None
        door.leave(visitor, linked=False)
    assert len(door._addresses) == MAX_KNOWN_ADDRESSES
    assert counted_address("2001:db8::1:2:3:4") == counted_address("2001:db8::9%eth0") == "2001:db8::"
    assert counted_address("::ffff:127.0.0.1") == "127.0.0.1"
    assert door.knock(Knock(None)) is None  # type: ignore[arg-type]
