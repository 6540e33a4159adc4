"""Events of the module; the lease's is declared beside its rule."""

from __future__ import annotations

from typing import Any, Final

from gridnode.modules.validators.lease import LeaseTaken

EVENTS: Final[tuple[type[Any], ...]] = (LeaseTaken,)
"""Every event of the module."""
