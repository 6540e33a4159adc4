"""A local network on disk: keys, genesis and one configuration for each node, in a new folder.

    DIR/genesis.toml  DIR/network.key  DIR/keys/ACCOUNT.json (+ .password)
    DIR/EGAT/config.toml  node.key  validator.json  validator.password  data/

One spare observer is licensed and configured besides the validators, so that a node can join later. Account keys are drawn from the
seed (test networks alone); node and consensus keys from the operating system.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair
from gridnode.primitives.address_text import encode_address
from gridnode.primitives.errors import OperatorError
from gridnode.replay.cast import ISSUER, REGULATOR, derived_key
from gridnode.replay.rules import genesis_document
from gridnode.storage.first_guard import mark_new
from gridnode.storage.keystore import generate, write_keystore

AUTHORITIES = ("EGAT", "MEA", "PEA", "ERC")
OBSERVER = "OBSERVER"
PASSWORD = "testnet"
_PORT_TRIES = 50


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node to be: where it lives and listens."""

    name: str
    """Name in the genesis."""
    folder: Path
    """Folder of its files."""
    peer_port: int
    """Port for peers, on loopback."""
    api_port: int
    """Port for clients, on loopback."""
    node_keys: KeyPair
    """Network identity."""
    consensus_keys: KeyPair | None
    """Signs blocks; None for the observer."""

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / "config.toml"

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"http://127.0.0.1:{self.api_port}"


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """A network on disk."""

    folder: Path
    """Where everything is."""
    chain_id: str
    """Name of the chain."""
    nodes: tuple[NodePlan, ...]
    """Validators."""
    observers: tuple[NodePlan, ...]
    """Those that follow."""
    first_mtu: int
    """Chain MTU of the day's first quarter hour."""
    mtu_ms: int
    """Length of an MTU in ms."""

    @property
    def observer(self) -> NodePlan:
        """The spare one of `write_network`."""
        return self.observers[0]


def validator_names(count: int) -> list[str]:
    """Names of `count` validators: the four authorities, then numbered ones."""
    return [AUTHORITIES[index] if index < len(AUTHORITIES) else f"VALIDATOR-{index + 1}" for index in range(count)]


def write_network(
    folder: Path,
    validators: int,
    seed: int,
    mtu_ms: int,
    start_ms: int,
    lead_ms: int,
    first_quarter: int = 0,
    base_port: int = 26600,
    lines_percent: int = 100,
) -> NetworkPlan:
    """Write a new network into `folder`, which must be empty or absent: so many validators, and the spare observer.

    Arguments and errors are those of `write_named`.
    """
    names = validator_names(validators)
    return write_named(
        folder, names, (OBSERVER,), seed, mtu_ms, start_ms, lead_ms, first_quarter, base_port, lines_percent
    )


def write_named(
    folder: Path,
    names: Sequence[str],
    observers: Sequence[str],
    seed: int,
    mtu_ms: int,
    start_ms: int,
    lead_ms: int,
    first_quarter: int = 0,
    base_port: int = 26600,
    lines_percent: int = 100,
) -> NetworkPlan:
    """Write a new network of validators and observers with these names into `folder`, which must be empty or absent.

    start_ms       chain time of height 0, unix ms
    lead_ms        least time between it and the first MTU that is played
    first_quarter  quarter hour of the day that this MTU is
    lines_percent  capacity of the lines between zones, percent of what they have

    Raises OperatorError when the folder holds something or no ports are free.
    """
    if folder.exists() and any(folder.iterdir()):
        raise OperatorError(f"{folder}: expected an empty or new folder")
    folder.mkdir(parents=True, exist_ok=True)
    everyone = [*names, *observers]
    ports = _free_ports(base_port, 2 * len(everyone))
    plans = [
        NodePlan(
            name, folder / name, ports[2 * index], ports[2 * index + 1], generate(), generate() if index < len(names) else None
        )
        for index, name in enumerate(everyone)
    ]
    first_mtu = -(-(start_ms + lead_ms) // mtu_ms) - first_quarter
    chain_id = f"gridnode-testnet-{start_ms}"
    accounts = {name: derived_key(seed, f"institution/{name}") for name in _institutions(names)}
    document = genesis_document(
        chain_id,
        start_ms,
        mtu_ms,
        first_mtu,
        {name: encode_address(address_of(keys.public_key)) for name, keys in accounts.items()},
        [(plan.name, plan.consensus_keys.public_key.hex()) for plan in plans if plan.consensus_keys],
        lines_percent,
    )
    _write(folder / "genesis.toml", msgspec.toml.encode(document).decode())
    _write(folder / "network.key", generate().seed.hex(), 0o600)
    for plan in plans:
        _write_node(plan, plans)
    _write_keystores(folder, accounts, plans)
    validators, spare = tuple(plans[: len(names)]), tuple(plans[len(names) :])
    return NetworkPlan(folder, chain_id, validators, spare, first_mtu, mtu_ms)


def _institutions(validators: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*AUTHORITIES, REGULATOR, ISSUER, *validators]))


def _write_node(plan: NodePlan, everyone: Sequence[NodePlan]) -> None:
    (plan.folder / "data").mkdir(parents=True)
    _write(plan.folder / "node.key", plan.node_keys.seed.hex(), 0o600)
    config: dict[str, Any] = {
        "name": plan.name,
        "type": "authority" if plan.consensus_keys else "observer",
        "data_dir": "data",
        "genesis": "../genesis.toml",
        "network": {
            "listen": f"127.0.0.1:{plan.peer_port}",
            "node_key": "node.key",
            "network_key": "../network.key",
            "peers": [_peer(other) for other in everyone if other is not plan],
        },
        "api": {"listen": f"127.0.0.1:{plan.api_port}"},
        "log": {"level": "info", "format": "text"},
    }
    if plan.consensus_keys:
        config["validator"] = {"keystore": "validator.json", "password_file": "validator.password"}
        mark_new(plan.folder / "data")
    _write(plan.config, msgspec.toml.encode(config).decode())


def _peer(plan: NodePlan) -> dict[str, str]:
    entry = {"name": plan.name, "key": plan.node_keys.public_key.hex()}
    if plan.consensus_keys:
        entry["address"] = f"127.0.0.1:{plan.peer_port}"
    return entry


def _write_keystores(folder: Path, accounts: dict[str, KeyPair], plans: Sequence[NodePlan]) -> None:
    """Sealing a key is slow on purpose, so the files are written side by side."""
    (folder / "keys").mkdir()
    jobs = [(folder / "keys" / name, keys) for name, keys in accounts.items()]
    jobs += [(plan.folder / "validator", plan.consensus_keys) for plan in plans if plan.consensus_keys]
    for path, _ in jobs:
        _write(path.with_suffix(".password"), PASSWORD, 0o600)
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(lambda job: write_keystore(job[0].with_suffix(".json"), job[1], PASSWORD), jobs):
            pass  # what one of them raises is raised here


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.touch(mode)
    path.write_text(text + ("" if text.endswith("\n") else "\n"), encoding="utf-8")


def _free_ports(base: int, count: int) -> list[int]:
    """The first run of `count` ports from `base` on that are all free on loopback, trying in steps of 100."""
    for attempt in range(_PORT_TRIES):
        ports = [base + 100 * attempt + offset for offset in range(count)]
        if all(_is_free(port) for port in ports):
            return ports
    raise OperatorError(f"no {count} free ports in a row from {base} on")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
