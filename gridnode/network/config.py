"""What the operator and the genesis say about the network: addresses, keys, bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_PEERS

KEY_BYTES = 32
"""Length of an Ed25519 public key, of its seed and of the private network key."""


class Channel(IntEnum):
    """What a message is about; the lower number is sent first when several wait for one peer."""

    CONSENSUS = 1
    """Proposals and votes."""
    SYNC = 2
    """Heights, and whatever else helps a node that is behind."""
    TRANSACTIONS = 3
    """Batches of transactions; `Network.publish` uses it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a peer listens, and the key it must prove to hold."""

    host: str
    """Name or IP address."""
    port: int
    """TCP port, 1 to 65535."""
    peer_key: bytes
    """32 bytes: Ed25519 public key of the node."""


@dataclass(frozen=True, slots=True)
class NetworkLimits:
    """Bounds an operator may tune. The defaults fit 4 to 50 nodes of which four share two cores."""

    max_peers: int = MAX_PEERS
    """Links held at the same time."""
    max_handshakes: int = 32
    """Inbound handshakes under way at the same time; one more closes the oldest."""
    handshake_timeout_ms: int = 10_000
    """From the TCP connection to a usable link."""
    ping_interval_ms: int = 5_000
    """How often a link is probed."""
    silence_timeout_ms: int = 20_000
    """A link on which nothing arrived for so long is dead."""
    write_timeout_ms: int = 10_000
    """A peer that does not take 64 KiB in this time does not read; the link is closed."""
    backoff_first_ms: int = 250
    """Pause before the second dial of a configured peer; doubles with every failure."""
    backoff_cap_ms: int = 15_000
    """The pause never grows beyond this."""
    queue_messages: int = 4_096
    """Frames waiting per peer and class."""
    queue_bytes: int = 16 * 1024 * 1024
    """Bytes waiting per peer and class."""
    bytes_per_s: int = 16 * 1024 * 1024
    """What is read from one peer; more stays in its own send buffer."""
    messages_per_s: int = 2_000
    """Unsolicited frames of one peer; the excess waits and lowers its score."""
    floods_per_s: int = 1_000
    """Flooded messages of one origin that are passed on."""
    burst_s: int = 2
    """How many seconds of its rate a peer may use at once."""
    requests_per_peer: int = 8
    """Requests open to one peer, and of one peer to us."""
    requests_total: int = 32
    """Requests open to all peers, and of all peers to us."""

    def __post_init__(self) -> None:
        """Raise `OperatorError` naming the bound that is not a positive integer."""
        for name in self.__slots__:
            if getattr(self, name) < 1:
                raise OperatorError(f"network limit {name} must be at least 1")


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Everything `Network` needs to know before it starts."""

    listen_host: str
    """Address to listen on, e.g. 127.0.0.1 or 0.0.0.0."""
    listen_port: int
    """TCP port; 0 takes a free one, told by `Network.port`."""
    seed: bytes = field(repr=False)
    """32 bytes: seed of this node's Ed25519 key. Secret."""
    psk: bytes = field(repr=False)
    """32 bytes: key of the private network. Secret, the same on every node."""
    admitted: Mapping[bytes, str]
    """Public key of each licensed node -> its name. This node's own key may be among them."""
    peers: tuple[Endpoint, ...] = ()
    """Peers to dial and to keep dialing."""
    limits: NetworkLimits = field(default_factory=NetworkLimits)
    """Bounds; the defaults are meant."""

    def __post_init__(self) -> None:
        """Raise `OperatorError` naming the value that is not of its form."""
        if len(self.seed) != KEY_BYTES or len(self.psk) != KEY_BYTES:
            raise OperatorError("network: seed and psk must be 32 bytes each")
        if not 0 <= self.listen_port <= 65535:
            raise OperatorError(f"network: port {self.listen_port} is not between 0 and 65535")
        for endpoint in self.peers:
            if len(endpoint.peer_key) != KEY_BYTES or not 1 <= endpoint.port <= 65535:
                raise OperatorError(
                    f"network: peer {endpoint.host}:{endpoint.port} needs a port and a 32-byte key"
                )
