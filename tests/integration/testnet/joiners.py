"""Nodes that join a running network, and operators' messages to it."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from gridnode.client.wallet import Wallet, id_of
from gridnode.codec.canonical import pack
from gridnode.crypto.keys import KeyPair
from gridnode.replay.cast import derived_key
from gridnode.replay.provision import NetworkPlan, NodePlan
from gridnode.storage.keystore import generate, write_keystore
from tests.integration.testnet.processes import SEED, NodeProcess, Testnet, until

PASSWORD = "joiner"
VALID_MS = 120_000


def give_grid(plan: NetworkPlan, account: str, amount: int) -> None:
    """Let an account have GRID from the start, before any node has read the genesis."""
    path = plan.folder / "genesis.toml"
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    document["token"]["balances"].append({"account": account, "denomination": "grid", "amount": str(amount)})
    path.write_text(msgspec.toml.encode(document).decode(), encoding="utf-8")


def joiner(
    net: Testnet, name: str, folder: str, ports: tuple[int, int], keys: KeyPair, node_keys: KeyPair | None = None
) -> NodeProcess:
    """A node of its own folder that knows the validators' addresses; nobody has it in a configuration unless `node_keys` says so."""
    plan = NodePlan(name, net.plan.folder / folder, *ports, node_keys or generate(), keys)
    (plan.folder / "data").mkdir(parents=True)
    document: dict[str, Any] = tomllib.loads(net.plan.observer.config.read_text(encoding="utf-8"))
    document |= {"name": name, "type": "validator"}
    document["validator"] = {"keystore": "validator.json", "password_file": "validator.password"}
    document["network"]["listen"] = f"127.0.0.1:{plan.peer_port}"
    document["api"]["listen"] = f"127.0.0.1:{plan.api_port}"
    plan.config.write_text(msgspec.toml.encode(document).decode(), encoding="utf-8")
    _secret(plan.folder / "node.key", plan.node_keys.seed.hex())
    _secret(plan.folder / "validator.password", PASSWORD)
    write_keystore(plan.folder / "validator.json", keys, PASSWORD)
    return NodeProcess(plan)


def send(net: Testnet, sender: str, *messages: Any) -> None:
    """A transaction of an institution's account; it must take effect."""
    wallet = Wallet(derived_key(SEED, f"institution/{sender}"), net.plan.chain_id)
    raw = wallet.sign(list(messages), time.time_ns() // 1_000_000, VALID_MS)
    node = next(node for node in net.validators if node.runs)
    answer = node.post(pack([raw])).json()["data"][0]
    assert answer["status"] != "rejected", answer
    found = until(
        lambda: (row := node.find(id_of(raw).hex(), 1_000)) is not None and row["status"] == "committed" and row,
        f"{messages} is in a block",
    )
    assert found["code"] == 0, found


def validator(node: NodeProcess, name: str) -> dict[str, Any]:
    """What a node says of a validator."""
    return next(row for row in node.get("validators") if row["name"] == name)


def events_of(node: NodeProcess, kind: str, start: int = 1) -> list[dict[str, Any]]:
    """Events of blocks' hooks of a kind, as far as a node has blocks."""
    found = []
    for height in range(start, node.height + 1):
        found += [event["body"] for event in node.get(f"blocks/{height}")["events"] if event["kind"] == kind]
    return found


def _secret(path: Path, text: str) -> None:
    path.touch(0o600)
    path.write_text(text + "\n", encoding="utf-8")
