"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class CarbonCode(IntEnum):
    """Why a carbon message was refused; the first that applies. Consensus data: never renumbered, never reused."""

    AMOUNT_TOO_SMALL = 901  # below the least amount of an order; zero and negative too
    AMOUNT_TOO_LARGE = 902  # above the greatest amount of an order
    AMOUNT_OFF_STEP = 903  # not a multiple of the amount step
    PRICE_OUT_OF_RANGE = 904  # below the floor or above the cap; zero and negative too
    PRICE_OFF_TICK = 905  # not a multiple of the price tick
    SUSPENDED = 906  # the sender is a participant that may not trade now
    IN_ARREARS = 907  # the sender owes money from settlements and may not bid
    TOO_MANY_ORDERS = 908  # the sender has as many open orders as an account may have
    OWN_ORDERS_CROSS = 909  # the order would reach an open order of the sender
    ESCROW_UNPAID = 910  # the balance does not cover what the order may have to hand over
    UNKNOWN_ORDER = 911  # there is no order of this number
    NOT_OWNER = 912  # the order is another account's
    ORDER_DONE = 913  # filled or cancelled already
    ZERO_AMOUNT = 914  # nothing to retire
    RESERVED_ACCOUNT = 915  # the beneficiary belongs to a module's rules
    CREDITS_UNPAID = 916  # the balance does not cover what is retired
