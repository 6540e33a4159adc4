"""Serving the application: hypercorn on trio, in the node's own loop."""

from __future__ import annotations

import socket
from typing import Protocol

import trio
from hypercorn.config import Config as HypercornConfig
from hypercorn.trio import serve
from starlette.types import ASGIApp

from gridnode.api.app import make_app
from gridnode.api.parameters import MAX_WAIT_MS
from gridnode.api.reading import Served
from gridnode.node.config import ApiSection, split_address
from gridnode.node.log import Log
from gridnode.primitives.errors import OperatorError

GRACE_S = 2.0
"""How long what is under way may take when the node stops."""
IDLE_S = 60
"""A connection between two requests is closed after so long."""
SILENT_S = MAX_WAIT_MS // 1000 + 15
"""So is one that sends nothing in the middle of a request; more than the longest wait for an answer, which is silent too."""
BACKLOG = 512
_log = Log("api")


class TaskStatus(Protocol):
    """How trio's `nursery.start` learns that a task is ready. (The stubs that come with libp2p lack trio's own type.)"""

    def started(self, value: list[str]) -> None:
        """Tell the value `nursery.start` returns."""


async def serve_node(node: Served, stopping: trio.Event) -> None:
    """The node's API until `stopping` is set. Raises OperatorError when its address cannot be listened on."""
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(serve_api, make_app(node), node.config.api, stopping)
        _log.info("listening for clients", addresses=addresses)


async def serve_api(
    app: ASGIApp,
    section: ApiSection,
    stopping: trio.Event,
    *,
    task_status: TaskStatus = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen and answer until `stopping` is set, then finish what is under way within GRACE_S seconds.

    Reports the addresses listened on, so a port 0 in the configuration becomes known. Raises OperatorError when it cannot listen.
    """
    listener = _listen(section.listen)
    config = HypercornConfig()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = IDLE_S
    config.read_timeout = SILENT_S
    config.graceful_timeout = GRACE_S
    config.shutdown_timeout = GRACE_S
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    await serve(app, config, shutdown_trigger=stopping.wait, task_status=task_status)  # type: ignore[arg-type]


def _listen(address: str) -> socket.socket:
    """A listening socket; made here, so that a port that is taken is one clear line."""
    host, port = split_address(address)
    try:
        listener = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise OperatorError(f"api.listen: cannot listen on {address}: {error.strerror or error}") from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    return listener
