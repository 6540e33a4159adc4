"""Messages of the module: none, the genesis set stays."""

from __future__ import annotations

from typing import Any, Final

MESSAGES: Final[tuple[type[Any], ...]] = ()
"""Every message of the module."""
