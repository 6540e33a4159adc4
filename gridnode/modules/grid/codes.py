"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class GridCode(IntEnum):
    """What rules of later modules refuse in the name of the grid; it has no messages of its own. Consensus data: never renumbered."""

    UNKNOWN_ZONE = 401  # no zone of this name
    NO_WAY = 402  # no way of at most MAX_PATH_LINES lines leads from the one zone to the other
