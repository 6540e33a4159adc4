"""Events of the module: none, the network stays as genesis has it."""

from __future__ import annotations

from typing import Any, Final

EVENTS: Final[tuple[type[Any], ...]] = ()
"""Every event of the module."""
