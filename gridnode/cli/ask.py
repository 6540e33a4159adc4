"""One conversation with a node's API, from a command that is not asynchronous."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from gridnode.client.remote import Remote

T = TypeVar("T")
DEFAULT_API = "http://127.0.0.1:26700"

Api = Annotated[str, typer.Option("--api", envvar="GRIDNODE_API", help="URL of the node to talk to.")]
"""Option: which node."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]
"""Option: JSON instead of tables."""


def with_remote(url: str, talk: Callable[[Remote], Awaitable[T]], timeout_s: float = 30.0) -> T:
    """What `talk` returns for the node at `url`. Raises RemoteProblem; OperatorError when `url` is no URL."""
    import trio

    from gridnode.client.remote import Remote

    async def conversation() -> T:
        async with Remote(url, timeout_s) as remote:
            return await talk(remote)

    return trio.run(conversation)


def get(url: str, path: str, **parameters: Any) -> Any:
    """Data of one GET. Raises RemoteProblem."""
    return with_remote(url, lambda remote: remote.get(path, **parameters))
