"""Numbers of the modules: the first byte of every state key. Given out once, never reused."""

from __future__ import annotations

from typing import Final

TOKEN: Final = 1
REGISTRY: Final = 2
VALIDATORS: Final = 3
GRID: Final = 4
LOTS: Final = 5
METERING: Final = 6
MARKET: Final = 7
SETTLEMENT: Final = 8
CARBON: Final = 9

NAMES: Final[dict[int, str]] = {
    TOKEN: "token",
    REGISTRY: "registry",
    VALIDATORS: "validators",
    GRID: "grid",
    LOTS: "lots",
    METERING: "metering",
    MARKET: "market",
    SETTLEMENT: "settlement",
    CARBON: "carbon",
}
