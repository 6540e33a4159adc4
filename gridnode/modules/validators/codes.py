"""Result codes of the module, in order of precedence."""

from __future__ import annotations

from enum import IntEnum


class ValidatorsCode(IntEnum):
    """Why a message or a piece of evidence was refused; the first that applies. Consensus data: never renumbered, never reused."""

    NOT_REGULATOR = 301  # the sender is no regulator
    UNKNOWN_VALIDATOR = 302  # no licence has this name
    NOT_OPERATOR = 303  # the sender is not the licence's operator
    RESERVED_ACCOUNT = 304  # the account belongs to a module's rules
    NAME_TAKEN = 305  # a licence of this name is active or jailed
    WRONG_KIND = 306  # an authority has no bond, a staked validator has no weight
    WRONG_WEIGHT = 307  # an authority has a weight above zero, a staked validator none
    NOT_LICENSED = 308  # the licence is revoked or convicted
    KEY_TAKEN = 309  # the consensus key belongs to another licence, is convicted, or is in use
    NODE_KEY_TAKEN = 310  # the node key belongs to another licence
    TOO_MANY = 311  # as many are licensed as a set may have
    LAST_AUTHORITY = 312  # one active authority must remain
    ZERO_AMOUNT = 313  # nothing to bond or unbond
    INSUFFICIENT_BOND = 314  # less is bonded
    TOO_MANY_UNBONDINGS = 315  # as many amounts as may are on their way home
    NOT_JAILED = 316  # it is not jailed
    STILL_JAILED = 317  # the pause is not over
    NO_CONTRADICTION = 320  # the two messages do not exclude each other, or stand in the wrong order
    UNKNOWN_KEY = 321  # the key was never licensed
    NO_SEAT = 322  # the key's owner had no seat at that height
    FROM_FUTURE = 323  # the height is not reached
    TOO_OLD = 324  # the offence lies too far back
    ALREADY_CONVICTED = 325  # the key is convicted
    FORGED = 326  # a signature does not verify
    LEASE_NOT_OWN = 350  # the sender is not the consensus key of the validator
    LEASE_NO_VALIDATOR = 351  # the key is of no licensed validator
    LEASE_WRONG_EPOCH = 352  # the epoch is not the next one: somebody was faster
    LEASE_HELD = 353  # the machine holds the lease already
