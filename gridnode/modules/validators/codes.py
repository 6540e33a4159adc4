"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class ValidatorsCode(IntEnum):
    """Why a validators message was refused; the first that applies. Numbers up to 399 are kept; 350 to 359 are the signing lease's."""

    LEASE_NOT_OWN = 350  # the sender is not the consensus key of the validator
    LEASE_NO_VALIDATOR = 351  # the validator has no seat
    LEASE_WRONG_EPOCH = 352  # the epoch is not the next one: somebody was faster
    LEASE_HELD = 353  # the machine holds the lease already
