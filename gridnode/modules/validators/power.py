"""Power: who has how much of it, from weights and bonds alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gridnode.primitives.limits import MAX_VALIDATORS, MAX_WEIGHT
from gridnode.primitives.units import PPM

SCALE: Final = 4_096
"""Power of a weight of one once anybody is bonded: how finely the power of stake is told apart."""

MAX_TOTAL: Final = 3 * MAX_VALIDATORS * MAX_WEIGHT * SCALE
"""No set has so much power: authorities, and less than twice as much in stake."""
assert MAX_WEIGHT * SCALE * (MAX_VALIDATORS - 1) * 2 < 2**40 + 1  # what one staked validator may come to is a power


def authority_powers(weights: Sequence[int], has_stake: bool) -> list[int]:
    """Power of each active authority, by its weight."""
    return [weight * SCALE for weight in weights] if has_stake else list(weights)


def stake_powers(bonds: Sequence[int], authority_power: int, share_ppm: int) -> list[int]:
    """Power of each staked validator, by its bond (> 0): what `share_ppm` leaves beside `authority_power`, by bond, rounded down.

    The authorities' power over all of it is at least `share_ppm`, and by less than one a validator more.
    """
    room = authority_power * (PPM - share_ppm) // share_ppm
    total = sum(bonds)
    return [room * bond // total for bond in bonds]
