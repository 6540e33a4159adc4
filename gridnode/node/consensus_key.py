"""Finds the consensus key of a node: in a keystore, behind a guard in the data folder, or in a signer's process."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gridnode.chain.genesis import Genesis
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair
from gridnode.modules.validators.tables import KEYS
from gridnode.node.config import SIGNING_TYPES, Config, ValidatorSection, read_text
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Address, PublicKey
from gridnode.signer.greet import greet
from gridnode.signer.remote import RemoteKey
from gridnode.signer.signs import OwnKey, Signs
from gridnode.storage.first_guard import begin_marked, forget_mark
from gridnode.storage.keystore import read_keystore
from gridnode.storage.sign_guard import SignGuard

GUARD_FILE: Final = "guard"
"""Name of the guard's file in the data folder."""
PATIENCE_S: Final = 10.0
"""A signer that is started together with its node is waited for so long."""


def open_key(config: Config, folder: Path, genesis: Genesis) -> Signs | None:
    """The consensus key of a node, None when it never signs; paths are relative to `folder`.

    Raises OperatorError: no such key, not the validator's of this name, its guard damaged or of another chain, no signer there.
    """
    validator = config.validator
    if config.type not in SIGNING_TYPES or validator is None:
        return None
    if validator.signer:
        path = folder / validator.signer
        forget_mark(folder / config.data_dir)  # the key is there, and has a guard of its own
        welcome = greet(path, genesis.chain_id, PATIENCE_S)
        check_member(config, genesis, welcome.public_key, "validator.signer")
        return RemoteKey(path, genesis.chain_id, welcome, Log("signer"))
    keys = own_keys(validator, folder)
    check_member(config, genesis, keys.public_key, "validator.keystore")
    data = folder / config.data_dir
    guard = SignGuard(data / GUARD_FILE, genesis.chain_id, keys)
    begin_marked(guard, data)
    return OwnKey(guard)


def own_keys(validator: ValidatorSection, folder: Path) -> KeyPair:
    """The key pair in a node's own keystore. Raises OperatorError."""
    password = read_text(folder / validator.password_file, "password file").split("\n", 1)[0]
    return read_keystore(folder / validator.keystore, password)


def check_member(config: Config, genesis: Genesis, key: PublicKey, where: str) -> None:
    """Whether a key of the genesis is that of the validator whose name the node has. Raises OperatorError that begins with `where`.

    A key that is not there may be licensed later, or be the new one of a validator: `check_name` looks at the chain.
    """
    member = genesis.validators.get(address_of(key))
    if member is not None and member.name != config.name:
        raise OperatorError(f"name: {where} holds the key of {member.name}, got {config.name}")


def check_name(config: Config, address: Address, store: LedgerStore) -> None:
    """Whether the chain has the key under the node's name. One that has no licence yet makes a listener. Raises OperatorError."""
    with store.view() as view:
        owner = KEYS.get(view.reader, address)
    if owner is None:
        Log("node").info("the consensus key is not licensed at this height: listening until it is", validator=address)
    elif owner.name != config.name:
        raise OperatorError(f"name: expected {owner.name}, whose key it is, got {config.name}")
