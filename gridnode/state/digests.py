"""Digests of runs of rows, so that two nodes find the rows in which they differ without sending each other all of them.

Rows in the order of their keys fall into runs: a run ends with a row whose key's SHA-256 begins with a zero byte, so with one row in 256.
Where runs end depends on the keys themselves and not on their number, so a row more or less changes the digest of one run (or splits
it), and all others stay as they are.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from gridnode.state.kv import Reader

END = b"\xff"
"""Above every key: keys begin with a module's number, which is far below 0xff."""


class Run(NamedTuple):
    """Some successive rows."""

    last: bytes
    """Key of the last row."""
    rows: int
    """Rows."""
    digest: bytes
    """SHA-256 over each row: length of the key (4 bytes), key, length of the value (4 bytes), value."""


class Runs(NamedTuple):
    """Successive runs from a key on."""

    runs: list[Run]
    """In the order of keys; the last one may be cut short by the bound on rows."""
    finished: bool
    """Whether there are no more rows behind them."""


def ends_run(key: bytes) -> bool:
    """Whether a run ends with this key."""
    return sha256(key).digest()[0] == 0


def runs_from(reader: Reader, after: bytes, most_rows: int) -> Runs:
    """Runs of the rows behind the key `after` (empty: from the first one), of at most `most_rows` rows in all."""
    found: list[Run] = []
    hasher, rows, last = sha256(), 0, b""
    for number, (key, value) in enumerate(reader.scan(after + b"\0" if after else b"", END)):
        if number == most_rows:
            return Runs([*found, Run(last, rows, hasher.digest())] if rows else found, finished=False)
        rows += 1
        last = key
        hasher.update(len(key).to_bytes(4, "big") + key + len(value).to_bytes(4, "big") + value)
        if ends_run(key):
            found.append(Run(last, rows, hasher.digest()))
            hasher, rows = sha256(), 0
    if rows:
        found.append(Run(last, rows, hasher.digest()))
    return Runs(found, finished=True)
