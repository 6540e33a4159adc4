"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class MarketCode(IntEnum):
    """Why a market message was refused; the first that applies. Consensus data: never renumbered, never reused."""

    NOT_OWNER = 701  # the connection point or order is someone else's
    IN_ARREARS = 702  # the participant owes money from settlements and may not bid
    SHEET_EXISTS = 703  # the sender has used this sheet id
    UNKNOWN_SHEET = 704  # the sender has no sheet of this id
    UNKNOWN_ORDER = 705  # there is no order of this number
    ENERGY_TOO_SMALL = 706  # below the least energy of an order; zero and negative too
    ENERGY_TOO_LARGE = 707  # above the greatest energy of an order
    PRICE_OUT_OF_RANGE = 708  # below the floor or above the cap
    PRICE_OFF_TICK = 709  # not a multiple of the price tick
    UNKNOWN_SOURCE = 710  # no source, or bits that stand for none
    NOT_ONE_SOURCE = 711  # an offer is of exactly one source
    SOURCE_NOT_METERED = 712  # the connection point has no meter that generates from this source
    MTU_NOT_OPEN = 713  # the MTU is further ahead than orders are taken
    GATE_CLOSED = 714  # the MTU starts too soon, or has started
    ORDER_DONE = 715  # filled, cancelled or expired already
    ESCROW_UNPAID = 716  # the balance does not cover the escrow of the sheet's bids
