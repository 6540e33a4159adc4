"""gridnode init, start, status: a node and its files."""

from __future__ import annotations

import gc
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson, get
from gridnode.cli.passwords import password_of
from gridnode.cli.show import show

if TYPE_CHECKING:
    import trio

    from gridnode.node.assemble import Node


class NodeType(StrEnum):
    """What a node is for; as in the configuration."""

    AUTHORITY = "authority"
    VALIDATOR = "validator"
    GRID_OPERATOR = "grid_operator"
    TRADER = "trader"
    OBSERVER = "observer"


def init(
    name: Annotated[str, typer.Option(help="Name of the node; a validator's as it stands in the genesis.")],
    type_: Annotated[NodeType, typer.Option("--type", help="What the node is for; the first two sign blocks.")],
    folder: Annotated[Path, typer.Option("--dir", help="New or empty folder for the node's files.")],
    genesis: Annotated[
        Path | None, typer.Option(help="Genesis file to copy; without it, put it there before the first start.")
    ] = None,
    network_key: Annotated[
        Path | None, typer.Option(help="Key of the private network to join; without it a new one is made.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password for the validator's keystore; else it is asked for.")
    ] = None,
    listen: Annotated[str, typer.Option(help="Address and port for peers.")] = "0.0.0.0:26600",
    api_listen: Annotated[str, typer.Option(help="Address and port for clients.")] = "127.0.0.1:26700",
    as_json: AsJson = False,
) -> None:
    """Make the folder of a new node: keys, configuration, genesis. Nothing that exists is written over."""
    from gridnode.node.config import SIGNING_TYPES
    from gridnode.node.provision import NewNode, provision

    new = NewNode(name, type_.value, folder, genesis, network_key, listen, api_listen)
    password = password_of(password_file, "New password", confirm=True) if type_.value in SIGNING_TYPES else None
    made = provision(new, password)
    show(made.public_facts(), as_json, "to hand to the other operators")


def start(
    config: Annotated[Path, typer.Option(help="Configuration file of the node.")],
) -> None:
    """Run a node until SIGINT or SIGTERM."""
    gc.disable()  # nothing of what is imported becomes garbage; a node that runs collects again
    from gridnode.node.runtime import run_node

    run_node(config, _serve)


async def _serve(node: Node, stopping: trio.Event) -> None:
    """The node's API. It is imported beside the node at work: a validator that comes back votes before it answers clients."""
    import trio

    server = await trio.to_thread.run_sync(import_module, "gridnode.api.server")
    await server.serve_node(node, stopping)


def status(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """What a node says of itself."""
    show(get(api, "status"), as_json)
