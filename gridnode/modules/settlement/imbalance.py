"""What an imbalance costs or earns: dual price, one for excess and one for lack."""

from __future__ import annotations

from gridnode.modules.grid.clock import Prices
from gridnode.modules.grid.tariffs import vat_part
from gridnode.primitives.units import cost


def due(prices: Prices, imbalance_wh: int) -> int:
    """1e-9 THB due to the owner for excess (imbalance above zero), from it for lack (the result is then below zero)."""
    if imbalance_wh > 0:
        return cost(imbalance_wh, prices.feed_in_micro_per_kwh)
    return -cost(-imbalance_wh, prices.retail_micro_per_kwh)


def vat_of(prices: Prices, imbalance_wh: int) -> int:
    """Value-added tax contained in what lack costs, 1e-9 THB, rounded down; 0 for excess, on which the utility charges none."""
    return vat_part(max(0, -due(prices, imbalance_wh)), prices.vat_ppm)
