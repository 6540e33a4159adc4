"""A new node's folder: its keys, its configuration, the genesis it starts from.

    DIR/config.toml  node.key  network.key  genesis.toml  data/
    DIR/validator.json  validator.password                        for a node that signs

Everything is checked before anything is written, and nothing that exists is written over. Secrets have mode 0600.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gridnode.crypto.address import address_of, encode_address
from gridnode.crypto.keys import KeyPair
from gridnode.node.config import SIGNING_TYPES, parse_config, read_text
from gridnode.node.genesis_file import load_genesis
from gridnode.primitives.errors import OperatorError
from gridnode.storage.first_guard import mark_new
from gridnode.storage.keystore import generate, write_keystore

SECRET = 0o600
SNAPSHOT_INTERVAL = 10_000
"""Blocks between two snapshots of a new validator: a few hours, so that who joins replays few blocks and the disk has time."""
_PEERS = """
# One entry for each peer that is admitted; its operator's `gridnode init` printed the key.
# [[network.peers]]
# name = "MEA"
# key = "64 hex digits"
# address = "mea.example:26600"
"""


@dataclass(frozen=True, slots=True)
class NewNode:
    """What an operator says of a node to be."""

    name: str
    """Its name; a validator's as in the genesis."""
    type: str
    """As in the configuration."""
    folder: Path
    """New or empty."""
    genesis: Path | None
    """Genesis file to copy, or None when it comes later."""
    network_key: Path | None
    """Key file of the private network to join; None makes a new one."""
    listen: str
    """Address and port for peers."""
    api_listen: str
    """Address and port for clients."""

    @property
    def signs(self) -> bool:
        """Whether it has a consensus key."""
        return self.type in SIGNING_TYPES


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A node's folder, made."""

    new: NewNode
    """What was asked for."""
    node_keys: KeyPair
    """Its network identity."""
    consensus_keys: KeyPair | None
    """Signs blocks; None when it does not."""

    def public_facts(self) -> dict[str, str]:
        """What the other operators need: nothing secret."""
        facts = {
            "name": self.new.name,
            "type": self.new.type,
            "config": str(self.new.folder / "config.toml"),
            "node_key": self.node_keys.public_key.hex(),
            "listen": self.new.listen,
        }
        if self.consensus_keys is not None:
            key = self.consensus_keys.public_key
            facts |= {"validator_key": key.hex(), "validator_address": encode_address(address_of(key))}
        return facts


def provision(new: NewNode, password: str | None) -> Provisioned:
    """Make the folder of `new`; `password` seals the consensus key of a node that signs.

    Raises OperatorError, before anything is written, when the folder is not empty, a name or address is not of its form, or the genesis or
    network key does not hold; and when the disk refuses.
    """
    if new.folder.exists() and (not new.folder.is_dir() or any(new.folder.iterdir())):
        raise OperatorError(f"{new.folder}: expected a new or empty folder")
    if new.signs and not password:
        raise OperatorError("expected a password for the validator's keystore")
    config = _config_text(new)
    parse_config(config, "init")
    genesis = None if new.genesis is None else _checked_genesis(new.genesis)
    network_key = generate().seed.hex() if new.network_key is None else _checked_key(new.network_key)
    made = Provisioned(new, generate(), generate() if new.signs else None)
    try:
        (new.folder / "data").mkdir(parents=True)
    except OSError as error:
        raise OperatorError(f"{new.folder}: cannot make the folder: {error.strerror}") from None
    _write(new.folder / "node.key", made.node_keys.seed.hex(), SECRET)
    _write(new.folder / "network.key", network_key, SECRET)
    if genesis is not None:
        _write(new.folder / "genesis.toml", genesis)
    if made.consensus_keys is not None and password:
        write_keystore(new.folder / "validator.json", made.consensus_keys, password)
        _write(new.folder / "validator.password", password, SECRET)
        mark_new(new.folder / "data")
    _write(new.folder / "config.toml", config)
    return made


def _config_text(new: NewNode) -> str:
    document: dict[str, object] = {
        "name": new.name,
        "type": new.type,
        "data_dir": "data",
        "genesis": "genesis.toml",
        "api": {"listen": new.api_listen},
        "storage": {"mode": "archive", "snapshot_interval": SNAPSHOT_INTERVAL if new.signs else 0},
        "sync": {"mode": "block"},
        "log": {"level": "info", "format": "text"},
    }
    if new.signs:
        document["validator"] = {"keystore": "validator.json", "password_file": "validator.password"}
    network = {"network": {"listen": new.listen, "node_key": "node.key", "network_key": "network.key"}}
    return msgspec.toml.encode(document | network).decode() + _PEERS


def _checked_genesis(path: Path) -> str:
    load_genesis(path)
    return read_text(path, "genesis file")


def _checked_key(path: Path) -> str:
    text = read_text(path, "network key").strip()
    if len(text) != 64 or not all(letter in "0123456789abcdefABCDEF" for letter in text):
        raise OperatorError(f"{path}: expected the network key as 64 hex digits")
    return text.lower()


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """A new file with its mode from the start, so that a secret is never readable by others."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else text + "\n")
    except OSError as error:
        raise OperatorError(f"{path}: cannot write: {error.strerror}") from None
