"""Messages of the module: none, the network stays as genesis has it."""

from __future__ import annotations

from typing import Any, Final

MESSAGES: Final[tuple[type[Any], ...]] = ()
"""Every message of the module."""
