"""The door: inbound connections that have not yet shown a licence, and the addresses they come from.

A stranger costs a place for at most the handshake timeout, and there are few places. When all are taken, one is taken back: of the
address that holds the most of them, the connection that has proven the least, the oldest of those. So whoever opens
connections and says nothing, from one address or many, loses its own places first, and whoever has shown that it knows the
private network's key is not pushed out by those who have not.

A connection takes a token of its address, and gives it back when it becomes a link; so an address pays for what comes to nothing.
Without a token it is closed unread, before a task or a byte of memory is spent on it. All addresses together have a
rate beyond which the node accepts more slowly, and the rest waits in the system's queue.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum

import trio

from gridnode.network.buckets import TokenBucket
from gridnode.network.config import NetworkLimits
from gridnode.primitives.limits import MAX_KNOWN_ADDRESSES

_ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing resets the connection and keeps nothing of it in the system."""


class Proof(IntEnum):
    """What an inbound connection has shown so far."""

    NOTHING = 0
    """It is there."""
    NETWORK_KEY = 1
    """It speaks under the private network's key."""
    LICENCE = 2
    """It holds the key of a peer that is welcome."""


@dataclass(slots=True)
class DoorStats:
    """What has come to the door since the start."""

    accepted: int = 0
    """Connections that were given a place."""
    linked: int = 0
    """Those that became a link."""
    refused: int = 0
    """Connections closed unread because their address had too many that came to nothing."""
    evicted: int = 0
    """Connections that lost their place to another."""
    failed: int = 0
    """Connections that came to nothing by themselves: silent, garbage, another network's key, no licence, banned."""


class Visitor:
    """An inbound connection that has a place."""

    def __init__(self, stream: trio.SocketStream, address: str) -> None:
        """It has proven nothing yet."""
        self.stream = stream
        """Its socket."""
        self.address = address
        """What its address counts as."""
        self.proof = Proof.NOTHING
        """What it has shown."""
        self.evicted = False
        """Whether its place was given to another; its socket is closed then."""


class Door:
    """Who gets a place."""

    def __init__(self, limits: NetworkLimits, clock_ms: Callable[[], int]) -> None:
        """Nobody is there."""
        self._limits = limits
        self._clock_ms = clock_ms
        self._places: dict[Visitor, None] = {}
        self._addresses: OrderedDict[str, TokenBucket] = OrderedDict()
        rate = limits.strangers_total_per_s
        self._total = TokenBucket(rate, rate, clock_ms())
        self.stats = DoorStats()
        """Counters."""

    def knock(self, stream: trio.SocketStream) -> Visitor | None:
        """Give an accepted connection a place; None when its address has none left, and then it is closed."""
        address = _address_of(stream)
        if address is None or not self._has_token(address):
            self.stats.refused += 1
            abort(stream)
            return None
        self.stats.accepted += 1
        if len(self._places) >= self._limits.max_handshakes:
            self._evict()
        visitor = Visitor(stream, address)
        self._places[visitor] = None
        return visitor

    def pause_s(self) -> float:
        """How long to wait before the next connection is accepted, in seconds."""
        return self._total.take(1, self._clock_ms()) / 1000

    def leave(self, visitor: Visitor, linked: bool) -> None:
        """The visitor has become a link, or has come to nothing. Does nothing the second time."""
        if visitor not in self._places:
            return
        del self._places[visitor]
        if linked:
            self.stats.linked += 1
            self._give_back(visitor.address)
        else:
            self.stats.failed += 1

    def _has_token(self, address: str) -> bool:
        bucket = self._addresses.get(address)
        if bucket is None:
            bucket = TokenBucket(self._limits.strangers_per_s, self._limits.strangers_burst, self._clock_ms())
            self._addresses[address] = bucket
            if len(self._addresses) > MAX_KNOWN_ADDRESSES:
                self._addresses.popitem(last=False)
        self._addresses.move_to_end(address)
        if bucket.take(0, self._clock_ms()):
            return False
        bucket.take(1, self._clock_ms())
        return True

    def _give_back(self, address: str) -> None:
        bucket = self._addresses.get(address)
        if bucket is not None:
            bucket.take(-1, self._clock_ms())

    def _evict(self) -> None:
        """Take back the place that is least deserved."""
        least = min(visitor.proof for visitor in self._places)
        held: dict[str, int] = {}
        for visitor in self._places:
            if visitor.proof == least:
                held[visitor.address] = held.get(visitor.address, 0) + 1
        busiest = max(held, key=lambda address: held[address])
        victim = next(
            visitor for visitor in self._places if visitor.proof == least and visitor.address == busiest
        )
        del self._places[victim]
        victim.evicted = True
        self.stats.evicted += 1
        abort(victim.stream)


def abort(stream: trio.SocketStream) -> None:
    """Close a connection at once, without a word; whoever waits on it wakes up with an error."""
    with suppress(OSError):  # the other side was faster
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    stream.socket.close()


def _address_of(stream: trio.SocketStream) -> str | None:
    """What the remote address of a socket counts as; None when the connection is gone already."""
    try:
        host = stream.socket.getpeername()[0]
    except OSError:
        return None
    return counted_address(host)


def counted_address(host: str) -> str:
    """An IPv4 address as it is, an IPv6 address as its network of 64 bits, which one owner has whole."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)
    return str(address)
