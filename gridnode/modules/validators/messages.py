"""Messages of the module; the lease's is declared beside its rule."""

from __future__ import annotations

from typing import Any, Final

from gridnode.modules.validators.lease import TakeLease

MESSAGES: Final[tuple[type[Any], ...]] = (TakeLease,)
"""Every message of the module."""
