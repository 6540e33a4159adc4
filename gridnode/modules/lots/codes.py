"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class LotsCode(IntEnum):
    """Why a lots message was refused; the first that applies. Consensus data: never renumbered, never reused."""

    SPENT_TWICE = 501  # the same lot is listed twice
    UNKNOWN_LOT = 502  # no such lot: never issued, or spent
    NOT_OWNER = 503  # the lot belongs to someone else, or to the hold until it is settled
    ALREADY_RETIRED = 504  # a certificate never moves again
    MIXED_LOTS = 505  # inputs of more than one meter, source or MTU
    ZERO_OUTPUT = 506  # an output without energy
    RESERVED_ACCOUNT = 507  # the recipient or beneficiary belongs to a module's rules
    UNEQUAL_ENERGY = 508  # outputs do not sum to the inputs
