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
    TOO_MANY_ORDERS = 907  # the sender has as many open orders as an account may have
    OWN_ORDERS_CROSS = 908  # the order would reach an open order of the sender
    ESCROW_UNPAID = 909  # the balance does not cover what the order may have to hand over
    UNKNOWN_ORDER = 910  # there is no order of this number
    NOT_OWNER = 911  # the order is another account's
    ORDER_DONE = 912  # filled or cancelled already
    ZERO_AMOUNT = 913  # nothing to retire
    RESERVED_ACCOUNT = 914  # the beneficiary belongs to a module's rules
    CREDITS_UNPAID = 915  # the balance does not cover what is retired
