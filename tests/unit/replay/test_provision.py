"""A network on disk: every file is one that a node accepts, secrets are its owner's alone, and no two nodes share a port."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gridnode.node.config import load_config
from gridnode.node.genesis_file import load_genesis
from gridnode.primitives.errors import OperatorError
from gridnode.replay.provision import AUTHORITIES, NetworkPlan, validator_names, write_network
from gridnode.storage.keystore import read_keystore

MTU_MS, START_MS, LEAD_MS = 1_000, 1_700_000_000_500, 20_000
BASE_PORT = 38_100


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> NetworkPlan:
    """Two validators and the spare observer; the first quarter hour played is number 40."""
    folder = tmp_path_factory.mktemp("net") / "n"
    return write_network(folder, 2, 1, MTU_MS, START_MS, LEAD_MS, 40, BASE_PORT)


def test_the_day_begins_after_the_lead(plan: NetworkPlan) -> None:
    """The quarter hour that is played first begins at the next whole MTU; midnight lies before it."""
    begins_ms = (plan.first_mtu + 40) * MTU_MS
    assert START_MS + LEAD_MS <= begins_ms < START_MS + LEAD_MS + MTU_MS


def test_every_node_is_what_its_files_say(plan: NetworkPlan) -> None:
    """Configurations hold, name each other by key, and the genesis names the validators by theirs."""
    genesis = load_genesis(plan.folder / "genesis.toml")
    assert genesis.chain_id == plan.chain_id
    assert {member.name: member.key for member in genesis.validators.members} == {
        node.name: node.consensus_keys.public_key for node in plan.nodes if node.consensus_keys
    }
    everyone = (*plan.nodes, plan.observer)
    keys = {node.node_keys.public_key.hex() for node in everyone}
    for node in everyone:
        config = load_config(node.config)
        assert config.name == node.name
        assert {peer.key for peer in config.network.peers} == keys - {node.node_keys.public_key.hex()}
        assert (config.validator is None) == (node is plan.observer)
    observed = load_config(plan.observer.config)
    assert all(peer.address for peer in observed.network.peers)


def test_keystores_open_and_secrets_are_private(plan: NetworkPlan) -> None:
    """With the password beside them."""
    for node in plan.nodes:
        password = (node.folder / "validator.password").read_text().strip()
        assert read_keystore(node.folder / "validator.json", password) == node.consensus_keys
    secret = [*plan.folder.glob("**/*.key"), *plan.folder.glob("**/*.password"), *plan.folder.glob("**/*.json")]
    assert len(secret) > 10
    assert [path for path in secret if path.stat().st_mode & 0o077] == []


def test_ports_are_distinct_and_free(plan: NetworkPlan) -> None:
    """Also of ports that somebody else holds."""
    ports = [port for node in (*plan.nodes, plan.observer) for port in (node.peer_port, node.api_port)]
    assert len(set(ports)) == 6
    with socket.create_server(("127.0.0.1", BASE_PORT + 2)):
        other = write_network(plan.folder / "other", 1, 1, MTU_MS, START_MS, LEAD_MS, 0, BASE_PORT)
    assert BASE_PORT + 2 not in [port for node in (*other.nodes, other.observer) for port in (node.peer_port, node.api_port)]


def test_a_folder_in_use_is_left_alone(plan: NetworkPlan, tmp_path: Path) -> None:
    """Nothing is written over."""
    with pytest.raises(OperatorError, match="empty or new folder"):
        write_network(plan.folder, 1, 1, MTU_MS, START_MS, LEAD_MS)
    (tmp_path / "mine").write_text("x")
    with pytest.raises(OperatorError):
        write_network(tmp_path, 1, 1, MTU_MS, START_MS, LEAD_MS)


def test_names() -> None:
    """The authorities come first."""
    assert validator_names(2) == list(AUTHORITIES[:2])
    assert validator_names(6) == [*AUTHORITIES, "VALIDATOR-5", "VALIDATOR-6"]
