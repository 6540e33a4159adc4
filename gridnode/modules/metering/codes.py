"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class MeteringCode(IntEnum):
    """Why a reading was refused; the first that applies. Consensus data: never renumbered, never reused."""

    UNKNOWN_DEVICE = 601  # no meter is bound to this device key
    UNKNOWN_METER = 602  # no meter has this name
    NOT_DSO = 603  # the sender is not the DSO of the meter's zone
    TOO_EARLY = 604  # the MTU has not ended by chain time
    WINDOW_CLOSED = 605  # the MTU ended longer ago than readings are taken, and the meter has none
    CORRECTION_CLOSED = 606  # the same, and the meter has one: it is final
    STALE_VERSION = 607  # a version with this number is there
    VERSION_GAP = 608  # the version before it is not there
    WRONG_DIRECTION = 609  # a generation meter reports consumption, or the reverse
    IMPLAUSIBLE = 610  # more than the meter can measure in an MTU
    NO_CHANGE = 611  # the latest version says the same and is as good
    TOO_MANY_LOTS = 612  # the connection point has MAX_POINT_LOTS lots in this MTU
