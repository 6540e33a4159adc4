"""Opens the sides of a comparison from what the command was given: a URL, a configuration file, a node's folder, or a data folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gridnode.client.remote import Remote
from gridnode.operations.place import Place, place_of, stopped_database
from gridnode.operations.remote_side import RemoteSide
from gridnode.operations.side import Side
from gridnode.operations.stored_side import StoredSide
from gridnode.primitives.errors import OperatorError

TIMEOUT_S = 60.0
"""For one answer of a node."""


@asynccontextmanager
async def opened_side(named: str, genesis: Path | None) -> AsyncIterator[Side]:
    """The side that `named` names; closed at the end.

    genesis  genesis file for a data folder, which holds none itself

    Raises OperatorError when there is nothing of that name, or a node runs on the data.
    """
    if named.startswith(("http://", "https://")):
        async with Remote(named, TIMEOUT_S) as remote:
            yield RemoteSide(remote)
        return
    place = _place(Path(named), genesis)
    with stopped_database(place) as database:
        yield StoredSide(named, place, database)


def _place(path: Path, genesis: Path | None) -> Place:
    if path.is_file():
        return place_of(path)
    if (path / "config.toml").is_file():
        return place_of(path / "config.toml")
    if (path / "chain").is_dir():
        if genesis is None:
            raise OperatorError(f"{path}: a data folder names no chain; expected --genesis FILE with it")
        return place_of(None, path, genesis)
    raise OperatorError(f"{path}: expected the URL of a node, a configuration file, a node's folder or a data folder")
