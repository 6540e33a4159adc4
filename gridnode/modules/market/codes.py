"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class MarketCode(IntEnum):
    """Why a market message was refused; the first that applies. Consensus data: never renumbered, never reused."""

    NOT_OWNER = 701  # the connection point or order is someone else's
    IN_ARREARS = 702  # the participant owes money from settlements and may not order
    SHEET_EXISTS = 703  # the sender has used this sheet id
    UNKNOWN_SHEET = 704  # the sender has no sheet of this id
    STALE_REVISION = 705  # the replacement is not the next revision of the sheet
    UNKNOWN_ORDER = 706  # there is no order of this number
    ENERGY_TOO_SMALL = 707  # below the least energy of an order; zero and negative too
    ENERGY_TOO_LARGE = 708  # above the greatest energy of an order
    LIMIT_OF_MARKET_ORDER = 709  # a market order has no limit of its own; expected 0
    PRICE_OUT_OF_RANGE = 710  # below the floor or above the cap
    PRICE_OFF_TICK = 711  # not a multiple of the price tick
    UNKNOWN_SOURCE = 712  # no source, or bits that stand for none
    NOT_ONE_SOURCE = 713  # an offer is of exactly one source
    SOURCE_NOT_METERED = 714  # the connection point has no meter that generates from this source
    BAD_PREFERENCE = 715  # names nobody and nothing, the sender itself, sources where none belong, or the terms take none
    MTU_NOT_OPEN = 716  # the MTU is further ahead than orders are taken
    GATE_CLOSED = 717  # the MTU starts too soon, or has started
    NO_CONTINUOUS_TRADING = 718  # these terms need matching at once, and the MTU waits for its call auction
    NO_AUCTION = 719  # there is no call auction in this market
    SOURCES_IN_AUCTION = 720  # only an order that takes any source can trade in a call auction
    BAD_DEADLINE = 721  # good until a time that has come, or after the gate closes
    OWN_ORDERS_CROSS = 722  # a bid of the sender would reach an offer of the sender for the same MTU
    BOOK_FULL = 723  # the MTU has as many open orders as a book may have
    TOO_MANY_ORDERS = 724  # the sender has as many open orders as an account may have
    ORDER_DONE = 725  # filled, cancelled or expired already
    ESCROW_UNPAID = 726  # the balance does not cover the escrow of the sheet's bids
    NOT_REGULATOR = 727  # only the regulator sets bounds
    BAD_BOUNDS = 728  # a least value above its greatest
    TOO_SOON = 729  # the MTU from which bounds hold may be open already
    NOT_GATEWAY = 730  # only a gateway acknowledges locks
    NO_LOCK_REQUESTED = 731  # no sale of the point for this MTU needs a lock, or it is settled
    LOCK_FALLS = 732  # less than was acknowledged before
    MORE_THAN_METERED = 733  # offers and sales of the point are above what its meters can generate and it bought


Problem = tuple[MarketCode, str] | None
"""Why something is refused, code and detail; None when it is not."""
