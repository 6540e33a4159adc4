"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class SettlementCode(IntEnum):
    """Why a settlement message was refused; the first that applies. Consensus data: never renumbered, never reused."""

    ZERO_AMOUNT = 801  # the amount is zero
    NO_ARREARS = 802  # the sender owes this creditor nothing
    MORE_THAN_OWED = 803  # the amount is above what the sender owes this creditor
    NOT_REGULATOR = 804  # only a regulator spends congestion rent
    RESERVED_ACCOUNT = 805  # the recipient belongs to a module's rules
    MORE_THAN_THERE = 806  # the amount is above the congestion rent that is there
