"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class ValidatorsCode(IntEnum):
    """Why a validators message was refused. The genesis set has no messages, so there is none; numbers 301 to 399 are kept."""
