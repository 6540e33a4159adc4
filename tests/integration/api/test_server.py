"""The API on real sockets: addresses, a port that is taken, large bodies, connections that are open when the node stops."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from gridnode.api.server import serve_api
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.config import ApiSection
from gridnode.primitives.errors import OperatorError
from tests.chain_in_memory import account
from tests.integration.api.served import ServedChain, served

Scene = Callable[[ServedChain, str, trio.Event], Awaitable[None]]


def play(folder: Path, scene: Scene) -> None:
    """Run a scene (chain, URL, event that stops the server); the server must then end by itself."""

    async def run() -> None:
        with served(folder) as chain:
            await chain.block()
            stopping = trio.Event()
            with trio.fail_after(30):
                async with trio.open_nursery() as nursery:
                    urls = await nursery.start(serve_api, chain.app, chain.config.api, stopping)
                    await scene(chain, urls[0], stopping)
                    stopping.set()

    trio.run(run)


def test_port_0_becomes_known_and_requests_are_answered(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, url: str, _: trio.Event) -> None:
        async with Remote(url) as remote:
            assert (await remote.status())["height"] == 1
            raws = [chain.raw("alice", Transfer(account("bob"), Denomination.THB, 5)) for _ in range(3)]
            assert [row["status"] for row in await remote.submit(raws)] == ["pending"] * 3
            await chain.block()
            rows = [row async for row in remote.pages("blocks", limit=1)]
            assert [row["height"] for row in rows] == [2, 1]
            with pytest.raises(RemoteProblem) as told:
                await remote.get("blocks/9")
            assert (told.value.status, told.value.code) == (404, "NOT_FOUND")

    play(tmp_path, scene)


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OperatorError, match=f"api.listen: cannot listen on {address}"):
            trio.run(serve_api, lambda *_: None, ApiSection(listen=address), trio.Event())


def test_an_idle_connection_does_not_hold_the_node_up(tmp_path: Path) -> None:
    with socket.socket() as idle:

        async def scene(_: ServedChain, url: str, __: trio.Event) -> None:
            host, port = url.removeprefix("http://").rsplit(":", 1)
            idle.connect((host, int(port)))
            idle.sendall(b"GET /api/v1/status HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"200" in await trio.to_thread.run_sync(idle.recv, 4096)

        play(tmp_path, scene)  # the connection stays open while the server ends


def test_what_is_under_way_is_answered_before_the_end(tmp_path: Path) -> None:
    async def scene(chain: ServedChain, url: str, stopping: trio.Event) -> None:
        raw = chain.raw("alice", Transfer(account("bob"), Denomination.THB, 5))
        answers: list[str] = []

        async def submit(remote: Remote) -> None:
            answers.append((await remote.submit([raw], 10_000))[0]["status"])

        async with Remote(url) as remote, trio.open_nursery() as nursery:
            nursery.start_soon(submit, remote)
            while not len(chain.pool):
                await trio.lowlevel.checkpoint()
            stopping.set()
            await trio.lowlevel.checkpoint()
            await chain.block()
        assert answers == ["committed"]

    play(tmp_path, scene)


def test_a_client_that_leaves_in_the_middle_harms_nobody(tmp_path: Path) -> None:
    async def scene(_: ServedChain, url: str, __: trio.Event) -> None:
        host, port = url.removeprefix("http://").rsplit(":", 1)
        stream = await trio.open_tcp_stream(host, int(port))
        head = "POST /api/v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-type: application/msgpack\r\ncontent-length: 500\r\n\r\n"
        await stream.send_all(head.encode() + b"half")
        await stream.aclose()
        async with Remote(url) as remote:
            assert (await remote.status())["height"] == 1

    play(tmp_path, scene)
