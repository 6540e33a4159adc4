"""Units as types: one name for each unit, and the exact conversions between them.

Money is counted in the smallest unit of its denomination. A price is an integer of 1e-6 quote units per kWh, so
`energy_wh * price_micro_per_kwh` is an exact number of 1e-9 quote units: trade amounts never round.
"""

from __future__ import annotations

from typing import NewType

EnergyWh = NewType("EnergyWh", int)
"""Energy in watt hours, int64."""

PriceMicro = NewType("PriceMicro", int)
"""A price in 1e-6 quote units per kWh, int64; may be negative."""

Amount = NewType("Amount", int)
"""Money in the smallest unit of its denomination, 0 <= amount < 2**128."""

TimeMs = NewType("TimeMs", int)
"""Unix time in milliseconds; below `node` always chain time."""

DurationMs = NewType("DurationMs", int)
"""A span of time in milliseconds."""

Mtu = NewType("Mtu", int)
"""Number of a market time unit (delivery period): chain time // mtu_ms."""

Height = NewType("Height", int)
"""Number of a block; the first block after genesis has height 1."""

Round = NewType("Round", int)
"""Number of a consensus round within a height, from 0."""

Power = NewType("Power", int)
"""Voting power of a validator."""

THB_DECIMALS = 9
GRID_DECIMALS = 18
CO2_DECIMALS = 9

GRID_PER_WH = 10 ** (GRID_DECIMALS - 3)
"""Smallest units of GRID that one Wh is worth: 1 kWh = 1 GRID."""

PPM = 1_000_000
"""Shares are parts per million."""


def cost(energy_wh: int, price_micro_per_kwh: int) -> int:
    """Price of an amount of energy in 1e-9 quote units, exact (Wh x 1e-6/kWh = 1e-9)."""
    return energy_wh * price_micro_per_kwh


def grid_of(energy_wh: int) -> Amount:
    """GRID in its smallest unit that stands for `energy_wh`, exact."""
    return Amount(energy_wh * GRID_PER_WH)


def mtu_at(time_ms: int, mtu_ms: int) -> Mtu:
    """Number of the market time unit that chain time `time_ms` falls into."""
    return Mtu(time_ms // mtu_ms)


def mtu_start_ms(mtu: int, mtu_ms: int) -> TimeMs:
    """Chain time in ms at which market time unit `mtu` begins (it ends where the next begins)."""
    return TimeMs(mtu * mtu_ms)


def format_amount(amount: int, decimals: int) -> str:
    """Decimal string of an amount without loss: all whole digits, fraction without trailing zeros, no exponent."""
    sign = "-" if amount < 0 else ""
    whole, fraction = divmod(abs(amount), 10**decimals)
    digits = str(fraction).rjust(decimals, "0").rstrip("0") if decimals else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def parse_amount(text: str, decimals: int) -> int:
    """Smallest units of a decimal string such as `12.5`.

    Raises ValueError when it is not a plain decimal number or has more than `decimals` fraction digits.
    """
    body = text.removeprefix("-")
    whole, dot, fraction = body.partition(".")
    plain = whole.isascii() and whole.isdigit() and (not dot or (fraction.isascii() and fraction.isdigit()))
    if not plain or len(fraction) > decimals:
        raise ValueError(f"expected a decimal number with at most {decimals} fraction digits, got {text!r}")
    value: int = int(whole) * 10**decimals + int(fraction.ljust(decimals, "0") or "0")
    return -value if text.startswith("-") else value
