"""Configuration is checked where it is made; licences are replaced as a whole; importing the package stays cheap."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gridnode.network.config import Endpoint, NetworkConfig, NetworkLimits
from gridnode.network.permission import AdmittedPeers, peer_id_of, peer_key_of
from gridnode.primitives.errors import OperatorError

SECRET = b"s" * 32


def test_bad_values_are_named() -> None:
    with pytest.raises(OperatorError, match="seed and psk"):
        NetworkConfig("127.0.0.1", 0, b"short", SECRET, {})
    with pytest.raises(OperatorError, match="70000"):
        NetworkConfig("127.0.0.1", 70_000, SECRET, SECRET, {})
    with pytest.raises(OperatorError, match="needs a port"):
        NetworkConfig("127.0.0.1", 0, SECRET, SECRET, {}, (Endpoint("peer.example", 0, SECRET),))
    with pytest.raises(OperatorError, match="max_peers"):
        NetworkLimits(max_peers=0)


def test_secrets_are_not_shown() -> None:
    assert "ssss" not in repr(NetworkConfig("127.0.0.1", 0, SECRET, SECRET, {}))


def test_licences_are_replaced_as_a_whole() -> None:
    a, b, c, own = (bytes((n,)) * 32 for n in range(4))
    peers = AdmittedPeers({a: "A", b: "B", own: "us"}, own)
    assert a in peers
    assert own not in peers
    assert peers.replace({b: "B", c: "C"}) == [a]
    assert [key in peers for key in (a, b, c)] == [False, True, True]
    assert (peers.name(c), peers.name(a)) == ("C", a.hex())
    with pytest.raises(OperatorError, match="peer X"):
        peers.replace({b"short": "X"})
    assert b in peers


def test_peer_ids_hold_the_key() -> None:
    key = bytes(range(32))
    assert peer_key_of(peer_id_of(key)) == key
    assert peer_key_of(b"\x12\x20" + bytes(32)) is None
    assert peer_key_of(b"\x00\x24\x08\x02\x12\x20" + key) is None


def test_importing_the_network_does_not_import_libp2p() -> None:
    code = "import sys, gridnode.network.network; sys.exit('libp2p' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
