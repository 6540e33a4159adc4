"""What the operator and the genesis say about the network: addresses, keys, bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_PEERS, MAX_RESPONSE_BYTES

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
    """Links held at the same time. When all are taken, a preferred peer gets the place of one that is not."""
    max_handshakes: int = 64
    """Inbound connections that have not yet become a link; one more closes the least proven of the busiest address."""
    handshake_timeout_ms: int = 10_000
    """From the TCP connection to a usable link."""
    strangers_per_s: int = 10
    """Inbound connections of one address (an IPv6 network of 64 bits) that came to nothing; more are closed unread."""
    strangers_burst: int = 60
    """How many of them at once: all nodes of a small network on one machine that start together."""
    strangers_total_per_s: int = 200
    """Inbound connections of all addresses; more wait in the system's queue. Each costs a millisecond or less."""
    socket_reads_per_s: int = 4_000
    """System calls that read one connection: many bytes come with one, unless a peer sends them one by one."""
    packets_per_s: int = 8_000
    """Noise packets read from one peer: a frame alone is three, a full one two."""
    links_per_s: int = 1
    """Connections of one peer that become its link, sustained."""
    links_burst: int = 30
    """How many of them at once: a bad line, a restart in a loop."""
    ping_interval_ms: int = 5_000
    """How often a link is probed."""
    silence_timeout_ms: int = 20_000
    """A link on which nothing arrived for so long, or no probe was answered for twice as long, is dead."""
    write_timeout_ms: int = 10_000
    """A peer that does not take 64 KiB in this time does not read; the link is closed."""
    backoff_first_ms: int = 250
    """Pause before the second dial of a configured peer; doubles with every failure."""
    backoff_cap_ms: int = 15_000
    """The pause never grows beyond this."""
    queue_messages: int = 4_096
    """Frames waiting per peer and class."""
    queue_bytes: int = 8 * 1024 * 1024
    """Bytes waiting per peer and class."""
    bytes_per_s: int = 16 * 1024 * 1024
    """What is read from one peer; more stays in its own send buffer."""
    total_bytes_per_s: int = 32 * 1024 * 1024
    """What is read from all peers that are not preferred; a tenth of what one core decrypts."""
    messages_per_s: int = 2_000
    """Unsolicited frames of one peer; the excess waits, and lowers its score beyond our patience."""
    total_messages_per_s: int = 4_000
    """Unsolicited frames of all peers that are not preferred: a quarter of a core at most."""
    patience_ms: int = 10_000
    """How long a peer may be held up before it is blamed: its full queues after we stood still take six seconds."""
    consensus_per_s: int = 500
    """Messages of consensus by one author; a repetition of the largest set's votes is 260 every few seconds."""
    consensus_bytes_per_s: int = 2 * 1024 * 1024
    """Their bytes; a proposal of the largest block is 330 KB."""
    sync_per_s: int = 500
    """Heights told by one peer: one for each block it fetches when it catches up."""
    sync_bytes_per_s: int = 256 * 1024
    """Their bytes."""
    floods_per_s: int = 1_000
    """Batches of transactions by one author that are taken and passed on."""
    flood_bytes_per_s: int = 4 * 1024 * 1024
    """Their bytes: twice the blocks of a busy testnet."""
    burst_s: int = 2
    """How many seconds of its rate a peer may use at once."""
    requests_per_peer: int = 8
    """Requests open to one peer, and of one peer to us."""
    requests_total: int = 32
    """Requests open to all peers, and of all peers to us; a peer that has none under way may always have one."""
    requests_per_s: int = 200
    """Requests of one peer; the next waits."""
    answers_per_peer: int = 2
    """Answers to one peer that are made or sent at the same time; each may have MAX_RESPONSE_BYTES."""
    answer_bytes_per_s: int = 16 * 1024 * 1024
    """Bytes of answers to one peer: ten thousand blocks of a busy testnet in a minute take half."""

    @property
    def late_bytes_per_peer(self) -> int:
        """Bytes of answers of one peer that nobody waits for any more and that are no fault: all that it may have been asked at a time."""
        return self.requests_per_peer * MAX_RESPONSE_BYTES

    @property
    def begun_bytes_per_peer(self) -> int:
        """Bytes of answers that one peer makes or sends us at a time: what may go on when we were restarted meanwhile."""
        return min(self.answers_per_peer, self.requests_per_peer) * MAX_RESPONSE_BYTES

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
