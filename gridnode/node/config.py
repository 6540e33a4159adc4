"""The configuration file of one node: every key, its type, its bound, its default. `config/README.md` explains them to operators.

Paths are relative to the folder of the file. An unknown key, a wrong type or a value out of bounds is one `OperatorError` that names the
key and what was expected.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import (
    MAX_POOL_BYTES,
    MAX_POOL_PER_SENDER,
    MAX_POOL_TRANSACTIONS,
    MAX_SNAPSHOTS,
)

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
Key = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
HostPort = Annotated[str, Meta(pattern=r"^[^:\s]+:[0-9]{1,5}$")]


class ValidatorSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Present on nodes that validate."""

    keystore: str = ""
    """Keystore file of the consensus key, when the node holds it itself."""
    password_file: str = ""
    """File whose first line is the keystore's password."""
    signer: str = ""
    """Socket of a `gridnode signer` that holds the consensus key, instead of keystore and password_file."""
    pair: Literal["", "primary", "standby"] = ""
    """Place in a pair of machines with one consensus key, until the lease on the chain says which of them signs."""
    takeover_after_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 0
    """How long a machine of a pair that does not sign waits for a sign of the other before it takes the lease; 0: by command alone."""


class PeerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A licensed peer."""

    name: Name
    """What the peer is called in logs and answers."""
    key: Key
    """Its node key (public, hex)."""
    address: HostPort | None = None
    """Where to dial it; without it the peer may only dial us."""


class NetworkSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the node reaches its peers."""

    listen: HostPort
    """Address and port for peers."""
    node_key: str = "node.key"
    """File with this node's secret network key (64 hex digits)."""
    network_key: str = "network.key"
    """File with the private network's shared key (64 hex digits)."""
    peers: tuple[PeerEntry, ...] = ()
    """These are admitted, and the nodes that licences on the chain name."""
    max_peers: Annotated[int, Meta(ge=1, le=500)] = 64
    """Connections held at the same time."""
    max_handshakes: Annotated[int, Meta(ge=8, le=1_024)] = 64
    """Inbound connections that have not yet shown a licence."""
    strangers_per_s: Annotated[int, Meta(ge=1, le=10_000)] = 10
    """Inbound connections of one address that came to nothing."""
    peer_bytes_per_s: Annotated[int, Meta(ge=1 << 20, le=1 << 30)] = 16 * 1024 * 1024
    """Read from one peer."""
    peer_messages_per_s: Annotated[int, Meta(ge=100, le=100_000)] = 2_000
    """Messages read from one peer."""
    clients_bytes_per_s: Annotated[int, Meta(ge=1 << 20, le=1 << 30)] = 32 * 1024 * 1024
    """Read from all peers together that are not validators."""
    clients_messages_per_s: Annotated[int, Meta(ge=100, le=100_000)] = 4_000
    """Messages read from all peers together that are not validators."""


class ApiSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The REST interface."""

    listen: HostPort = "127.0.0.1:26700"
    """Address and port for clients."""
    max_body_bytes: Annotated[int, Meta(ge=65_536, le=64 * 1024 * 1024)] = 8 * 1024 * 1024
    """Largest request body."""
    max_page: Annotated[int, Meta(ge=1, le=10_000)] = 1_000
    """Most rows in one answer."""


class PoolSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bounds of the mempool."""

    max_transactions: Annotated[int, Meta(ge=1, le=1_000_000)] = MAX_POOL_TRANSACTIONS
    """Transactions waiting."""
    max_bytes: Annotated[int, Meta(ge=65_536, le=1 << 30)] = MAX_POOL_BYTES
    """Bytes waiting."""
    max_per_sender: Annotated[int, Meta(ge=1, le=1_000_000)] = MAX_POOL_PER_SENDER
    """Transactions of one sender waiting."""


class StorageSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the node keeps of the chain."""

    mode: Literal["archive", "pruned"] = "archive"
    """Whether old blocks keep their transactions and receipts."""
    keep_blocks: Annotated[int, Meta(ge=100, le=10**12)] = 100_000
    """Newest blocks that a pruned node keeps whole, at least."""
    snapshot_interval: Annotated[int, Meta(ge=0, le=10**9)] = 0
    """A snapshot is made of each height that this divides; 0 makes none."""
    snapshots_kept: Annotated[int, Meta(ge=1, le=MAX_SNAPSHOTS)] = 2
    """Newest snapshots kept."""


class SyncSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a node without blocks begins."""

    mode: Literal["block", "snapshot"] = "block"
    """From genesis, block by block, or from the newest snapshot that peers offer."""
    trusted_height: Annotated[int, Meta(ge=0, le=2**62)] = 0
    """Height of a block that the operator trusts; 0 trusts the genesis alone."""
    trusted_hash: Key | None = None
    """Hash of that block."""
    trusting_period_hours: Annotated[int, Meta(ge=0, le=87_600)] = 0
    """How long after its time a block proves others; shorter than the chain takes evidence. 0: two thirds of that, a week at most."""


class LogSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the node writes about itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is written."""
    format: Literal["text", "json"] = "text"
    """One line an event: key=value pairs, or a JSON object."""
    file: str | None = None
    """File to append to; standard error when absent."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole configuration file."""

    name: Name
    """What this node is called; a validator's must be the name of its licence."""
    type: Literal["authority", "validator", "grid_operator", "trader", "observer"]
    """What the node is for; `authority` and `validator` sign blocks, the others follow."""
    data_dir: str = "data"
    """Folder of everything the node stores."""
    genesis: str = "genesis.toml"
    """The chain's genesis file."""
    network: NetworkSection
    """Peers."""
    api: ApiSection = ApiSection()
    """Clients."""
    pool: PoolSection = PoolSection()
    """Mempool."""
    storage: StorageSection = StorageSection()
    """Old blocks and snapshots."""
    sync: SyncSection = SyncSection()
    """How it begins."""
    log: LogSection = LogSection()
    """Log."""
    validator: ValidatorSection | None = None
    """Consensus key; required for the types that sign, forbidden for the others."""


MIN_TAKEOVER_MS = 1_000
"""A lease that changes hands faster than blocks come helps nobody."""
SIGNING_TYPES = ("authority", "validator")


def parse_config(text: str, source: str) -> Config:
    """Config of a TOML text; `source` names it in errors.

    Raises OperatorError: one line that names the key and what was expected.
    """
    try:
        config = msgspec.toml.decode(text, type=Config)
    except msgspec.MsgspecError as error:
        raise OperatorError(f"{source}: {_readable(str(error))}") from None
    signs = config.type in SIGNING_TYPES
    if signs and config.validator is None:
        raise OperatorError(f"{source}: validator: expected a section with keystore and password_file for type {config.type}")
    if config.validator is not None and signs:
        _check_key_place(config.validator, source)
    if not signs and config.validator is not None:
        raise OperatorError(f"{source}: validator: expected no such section for type {config.type}, which never signs")
    if (config.sync.trusted_height == 0) != (config.sync.trusted_hash is None):
        raise OperatorError(f"{source}: sync: expected trusted_height and trusted_hash together, or neither")
    for place, address in _addresses(config):
        if not 0 <= int(address.rpartition(":")[2]) <= 65535:
            raise OperatorError(f"{source}: {place}: expected a port from 0 to 65535, got {address}")
    keys = [peer.key for peer in config.network.peers]
    if len(set(keys)) != len(keys):
        raise OperatorError(f"{source}: network.peers: expected each key once")
    return config


def _check_key_place(validator: ValidatorSection, source: str) -> None:
    """The consensus key is in one place: a keystore with its password, or a signer."""
    lacking = [name for name in ("keystore", "password_file") if not getattr(validator, name)]
    if not validator.signer and lacking:
        raise OperatorError(f"{source}: validator.{lacking[0]}: missing; expected keystore and password_file, or signer")
    if validator.takeover_after_ms and not validator.pair:
        raise OperatorError(f"{source}: validator.takeover_after_ms: expected it only beside pair, primary or standby")
    if 0 < validator.takeover_after_ms < MIN_TAKEOVER_MS:
        raise OperatorError(f"{source}: validator.takeover_after_ms: expected 0 or at least {MIN_TAKEOVER_MS}")
    if validator.signer and len(lacking) < 2:
        raise OperatorError(f"{source}: validator.signer: expected no keystore and password_file beside it, the signer has the key")


def load_config(path: Path) -> Config:
    """Config of a file. Raises OperatorError when it cannot be read or does not hold."""
    return parse_config(read_text(path, "configuration"), str(path))


def read_text(path: Path, what: str) -> str:
    """Text of a file the operator names. Raises OperatorError with one line that says which file and why."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise OperatorError(f"{path}: no such file; expected the {what}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path}: cannot read the {what}: {error}") from None


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port`."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def _addresses(config: Config) -> list[tuple[str, str]]:
    listed = [("network.listen", config.network.listen), ("api.listen", config.api.listen)]
    for peer in config.network.peers:
        if peer.address is not None:
            listed.append((f"network.peers {peer.name}", peer.address))
    return listed


def _readable(message: str) -> str:
    """msgspec says `... - at `$.network.listen``; people read the key first."""
    text, at, place = message.partition(" - at `$")
    key = place.rstrip("`").lstrip(".")
    for start, verdict in _KEY_FAULTS.items():
        if text.startswith(start):
            return f"{key}{'.' if key else ''}{text.removeprefix(start).strip(' `')}: {verdict}"
    return f"{key}: {text}" if at else text


_KEY_FAULTS = {
    "Object contains unknown field": "unknown key; config/README.md lists them all",
    "Object missing required field": "missing",
}
"""What msgspec says of a key, without its name, and what is told instead."""
