"""The state as it is stored: roots of the modules' trees, digests of runs of rows, rows as bytes. For those who compare two nodes.

`gridnode.state.digests` says what a run is. `column` is `state` (rows of the tables, the default) or `trees` (rows of their trees).
"""

from __future__ import annotations

from typing import Any, Final

from gridnode.api.problems import bad_parameter
from gridnode.api.reading import Ask
from gridnode.chain.block import header_hash
from gridnode.primitives.limits import MAX_DIGESTED_ROWS, MAX_KEY_BYTES, MAX_RAW_BYTES, MAX_RAW_ROWS
from gridnode.state.commitment import read_roots, state_root
from gridnode.state.digests import END, runs_from
from gridnode.state.kv import Reader
from gridnode.state.prefixes import NAMES

COLUMNS: Final = ("state", "trees")
_COUNT_BYTES = 4  # of a root row: how many leaves there are


def roots(ask: Ask) -> dict[str, Any]:
    """Root of each module's tree with its number of rows, and the state root that they make."""
    found = read_roots(ask.view.pages)
    return _at(ask) | {
        "state_root": state_root(found).hex(),
        "modules": [
            {
                "number": module,
                "name": NAMES[module],
                "rows": int.from_bytes(root[:_COUNT_BYTES], "big"),
                "root": root[_COUNT_BYTES:].hex(),
            }
            for module, root in found.items()
        ],
    }


def digests(ask: Ask) -> dict[str, Any]:
    """Digests of the runs of rows behind the key `after` (hex), of some thousand rows in one answer."""
    found = runs_from(_column(ask), _key(ask, "after"), MAX_DIGESTED_ROWS)
    rows = [{"last": run.last.hex(), "rows": run.rows, "digest": run.digest.hex()} for run in found.runs]
    return _at(ask) | {"runs": rows, "finished": found.finished}


def rows(ask: Ask) -> dict[str, Any]:
    """Rows as bytes (hex), those behind the key `after` up to and with the key `until`; fewer when they are large."""
    after, until = _key(ask, "after"), _key(ask, "until")
    found: list[list[str]] = []
    size = 0
    finished = True
    for key, value in _column(ask).scan(after + b"\0" if after else b"", until + b"\0" if until else END):
        size += len(key) + len(value)
        if found and (len(found) >= MAX_RAW_ROWS or size > MAX_RAW_BYTES):
            finished = False
            break
        found.append([key.hex(), value.hex()])
    return _at(ask) | {"rows": found, "finished": finished}


def _at(ask: Ask) -> dict[str, Any]:
    header = ask.view.header
    return {"height": ask.view.height, "hash": None if header is None else header_hash(header).hex()}


def _column(ask: Ask) -> Reader:
    return ask.view.pages if ask.parameters.choice("column", COLUMNS) == "trees" else ask.view.reader


def _key(ask: Ask, name: str) -> bytes:
    text = ask.parameters.text(name) or ""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b"\xff" * (MAX_KEY_BYTES + 1)
    if len(key) > MAX_KEY_BYTES or 2 * len(key) != len(text) or key.startswith(END):
        raise bad_parameter(name, f"a key of at most {MAX_KEY_BYTES} bytes in hex, below {END.hex()}", text)
    return key
