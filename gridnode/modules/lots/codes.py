"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class LotsCode(IntEnum):
    """Why a lots message was refused; the first that applies. Consensus data: never renumbered, never reused."""

    SPENT_TWICE = 501  # the same lot is listed twice
    UNKNOWN_LOT = 502  # no such lot: never issued, or spent
    IN_BUNDLE = 503  # the lot is inside of a bundle
    NOT_OWNER = 504  # the lot belongs to someone else, or to the hold until it is settled
    ALREADY_RETIRED = 505  # a certificate never moves again
    MIXED_LOTS = 506  # inputs of more than one origin
    ZERO_OUTPUT = 507  # an output, or a part to retire, without energy
    MORE_THAN_LOT = 508  # a part to retire has more energy than its lot
    RESERVED_ACCOUNT = 509  # the recipient or beneficiary belongs to a module's rules
    UNEQUAL_ENERGY = 510  # outputs do not sum to the inputs
    NO_TECHNOLOGY = 511  # energy from the grid has no origin to certify
    UNKNOWN_BUNDLE = 512  # no such bundle: never opened, or taken apart
    NOT_BUNDLE_OWNER = 513  # the bundle belongs to someone else
    BUNDLE_RETIRED = 514  # a bundle that is retired never changes again
    BUNDLE_SEALED = 515  # it has its 1 MWh
    BUNDLE_NOT_SEALED = 516  # only a certificate of 1 MWh is transferred and retired
    OTHER_SOURCE = 517  # the lot is of another technology than the bundle
    LOTS_LEFT_OVER = 518  # lots listed behind the one that fills the bundle
