"""Serving the application: hypercorn on trio, in the node's own loop."""

from __future__ import annotations

import trio
from hypercorn.config import Config as HypercornConfig
from hypercorn.trio import serve
from starlette.applications import Starlette

from gridnode.node.config import ApiSection

GRACE_S = 2.0


async def serve_api(
    app: Starlette,
    section: ApiSection,
    stopping: trio.Event,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen and answer until `stopping` is set, then finish what is under way within GRACE_S seconds.

    Reports the addresses listened on, so a port 0 in the configuration becomes known. Raises OSError when the port is taken.
    """
    config = HypercornConfig()
    config.bind = [section.listen]
    config.graceful_timeout = GRACE_S
    config.shutdown_timeout = GRACE_S
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.wsgi_max_body_size = section.max_body_bytes
    await serve(app, config, shutdown_trigger=stopping.wait, task_status=task_status)  # type: ignore[arg-type]
