"""Which nodes may be on the network, by their Ed25519 key.

libp2p names a peer by a multihash of its serialized public key. For Ed25519 that is the identity hash, so the name
holds the key itself (libp2p specs, peer-ids.md): 00 24 | 08 01 12 20 | key. The two forms convert without a table.
"""

from __future__ import annotations

from collections.abc import Mapping

from gridnode.network.config import KEY_BYTES
from gridnode.primitives.errors import OperatorError

_PREFIX = bytes.fromhex("002408011220")
"""Multihash: identity, 36 bytes. Protobuf: field 1 (type) Ed25519, field 2 (data) of 32 bytes."""


def peer_id_of(peer_key: bytes) -> bytes:
    """The libp2p peer id, 38 bytes, of an Ed25519 public key of 32 bytes."""
    return _PREFIX + peer_key


def peer_key_of(peer_id: bytes) -> bytes | None:
    """The Ed25519 public key in a libp2p peer id, or None when the id is of another kind of key."""
    if len(peer_id) != len(_PREFIX) + KEY_BYTES or not peer_id.startswith(_PREFIX):
        return None
    return peer_id[len(_PREFIX) :]


class AdmittedPeers:
    """The licensed keys and the names their owners go by; replaced as a whole when licences change."""

    def __init__(self, admitted: Mapping[bytes, str], own_key: bytes) -> None:
        """Start with `admitted` (key -> name); `own_key` is left out, a node is no peer of itself."""
        self._own_key = own_key
        self._names: dict[bytes, str] = {}
        self.replace(admitted)

    def replace(self, admitted: Mapping[bytes, str]) -> list[bytes]:
        """Admit exactly `admitted`; returns the keys that lost their licence, sorted.

        Raises `OperatorError` when a key is not 32 bytes; nothing has changed then.
        """
        for peer_key, name in admitted.items():
            if len(peer_key) != KEY_BYTES:
                raise OperatorError(f"network: the key of peer {name} is not 32 bytes")
        names = {peer_key: name for peer_key, name in admitted.items() if peer_key != self._own_key}
        removed = sorted(self._names.keys() - names.keys())
        self._names = names
        return removed

    def __contains__(self, peer_key: object) -> bool:
        """Whether the node with this key may be spoken to."""
        return peer_key in self._names

    def name(self, peer_key: bytes) -> str:
        """The name of an admitted key; its hex form for any other."""
        return self._names.get(peer_key) or peer_key.hex()
