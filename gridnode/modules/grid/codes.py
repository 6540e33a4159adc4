"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class GridCode(IntEnum):
    """Why a message was refused; the first that applies. Consensus data: never renumbered, never reused.

    The first two are raised by rules of later modules, in the name of the grid.
    """

    UNKNOWN_ZONE = 401  # no zone of this name
    NO_WAY = 402  # no way of at most MAX_PATH_LINES lines leads from the one zone to the other
    NOT_REGULATOR = 403  # the sender is no regulator
    TOO_SOON = 404  # it would change an MTU within the notice
    TOO_MANY_TARIFFS = 405  # as many tariffs as may wait are waiting to come into force
    BAND_TWICE = 406  # two bands of a tariff have one name
    UNKNOWN_BAND = 407  # the schedule names a band that the tariff has not
    WRONG_HOURS = 408  # hours end before they begin
    UNKNOWN_CHARGE = 409  # a charge for a zone or line that is not there
    CHARGE_TWICE = 410  # two charges for one zone or line
    WRONG_CHARGES = 411  # not one charge for each band
    CHARGE_MISSING = 412  # no charge for a zone or line
    NEGATIVE_RETAIL = 413  # energy with Ft and VAT would cost less than nothing
    FEED_IN_ABOVE_RETAIL = 414  # excess would be paid more than energy costs
    WRONG_DAYS = 415  # holidays are not ascending, or one is before the first day to change
    TOO_MANY_HOLIDAYS = 416  # more holidays ahead than are kept
