"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class TokenCode(IntEnum):
    """Why a token message was refused; the first that applies. Consensus data: never renumbered, never reused."""

    ZERO_AMOUNT = 101  # the amount is zero
    SAME_ACCOUNT = 102  # source and target are one account
    RESERVED_ACCOUNT = 103  # the target belongs to a module's rules
    NOT_MINTER = 104  # the sender has no minter role for the denomination
    NOT_BURNER = 105  # the sender has no burner role for the denomination
    INSUFFICIENT_ALLOWANCE = 106  # the owner has not allowed the sender that much
    INSUFFICIENT_BALANCE = 107  # the source does not hold that much
    SUPPLY_OVERFLOW = 108  # the supply would pass 2**128 - 1
