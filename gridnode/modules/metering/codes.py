"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class MeteringCode(IntEnum):
    """Why a reading was refused; the first that applies. Consensus data: never renumbered, never reused."""

    UNKNOWN_DEVICE = 601  # no meter is bound to this device key
    TOO_EARLY = 602  # the MTU has not ended by chain time
    WINDOW_CLOSED = 603  # the MTU ended longer ago than readings are taken
    DUPLICATE_READING = 604  # this meter and MTU have a reading
    WRONG_DIRECTION = 605  # a generation meter reports consumption, or the reverse
    IMPLAUSIBLE = 606  # more than the meter can measure in an MTU
    TOO_MANY_LOTS = 607  # the connection point has MAX_POINT_LOTS lots in this MTU
