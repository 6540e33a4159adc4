"""An ordinary py-libp2p host with the private network key and a licence speaks to us: the stack is libp2p on the wire."""

from __future__ import annotations

import multiaddr
import pytest
import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.custom_types import TProtocol
from libp2p.network.exceptions import SwarmException
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import PeerInfo

from gridnode.network.config import Channel
from gridnode.network.frames import FrameKind, FrameReader, encode_frame
from gridnode.network.host import PROTOCOL
from gridnode.network.permission import peer_id_of, peer_key_of
from tests.integration.network.nodes import PSK, Node, key, licensed, running, seed, until


def test_peer_ids_are_libp2ps() -> None:
    public = create_new_key_pair(seed(3)).public_key
    assert ID.from_pubkey(public).to_bytes() == peer_id_of(key(3))
    assert peer_key_of(ID.from_pubkey(public).to_bytes()) == key(3)


def test_a_foreign_host_talks_over_our_protocol() -> None:
    async def scene() -> None:
        node = Node(0, licensed(0, 1))
        async with running(node):
            host = new_host(key_pair=create_new_key_pair(seed(1)), psk=PSK.hex())
            async with host.run(listen_addrs=[]):
                address = multiaddr.Multiaddr(f"/ip4/127.0.0.1/tcp/{node.network.port}")
                await host.connect(PeerInfo(ID(peer_id_of(key(0))), [address]))
                stream = await host.new_stream(ID(peer_id_of(key(0))), [TProtocol(PROTOCOL)])
                await until(lambda: node.network.connected() == [key(1)])
                await stream.write(encode_frame(FrameKind.MESSAGE, bytes((Channel.SYNC,)), b"from abroad"))
                await until(lambda: node.messages == [(key(1), Channel.SYNC, b"from abroad")])
                reader = FrameReader()
                kinds = set()
                node.network.send(key(1), Channel.CONSENSUS, b"welcome")
                with trio.fail_after(10):
                    while FrameKind.MESSAGE not in kinds:
                        kinds |= {kind for kind, _ in reader.feed(await stream.read(65_536))}

    trio.run(scene)


def test_a_foreign_host_without_licence_does_not() -> None:
    async def scene() -> None:
        node = Node(0, licensed(0, 1))
        async with running(node):
            host = new_host(key_pair=create_new_key_pair(seed(2)), psk=PSK.hex())
            async with host.run(listen_addrs=[]):
                address = multiaddr.Multiaddr(f"/ip4/127.0.0.1/tcp/{node.network.port}")
                with pytest.raises(SwarmException), trio.fail_after(20):
                    await host.connect(PeerInfo(ID(peer_id_of(key(0))), [address]))
            assert node.changes == []

    trio.run(scene)
