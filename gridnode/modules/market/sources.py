"""Sources of energy as bits: the one that an offer is of, all that a bid accepts."""

from __future__ import annotations

from typing import Final

from gridnode.modules.market.tables import Order, Side
from gridnode.modules.registry.queries import meters_of_point
from gridnode.modules.registry.tables import Direction, Source
from gridnode.primitives.ids import PointId
from gridnode.primitives.limits import MAX_POINT_LOTS
from gridnode.state.kv import Reader


def source_bit(source: Source) -> int:
    """Bit that stands for a source in an order's `sources`."""
    return 1 << source


ANY_SOURCE: Final = sum(source_bit(source) for source in Source)
"""Sources of a bid that accepts all."""


def metered_sources(reader: Reader, point: PointId) -> int:
    """Bits of the sources that meters of a point generate from; of its first MAX_POINT_LOTS meters."""
    found = 0
    for _, meter in meters_of_point(reader, point, MAX_POINT_LOTS):
        if meter.direction is Direction.GENERATION:
            found |= source_bit(meter.source)
    return found


def takes_any_source(side: Side, sources: int) -> bool:
    """Whether an order fits a product that has no source, as in a call auction: every offer, and a bid that accepts all."""
    return side is Side.OFFER or sources == ANY_SOURCE


def accepted_sources(order: Order) -> int:
    """Bits of all sources that an order may trade in: its own and those of its preferences, which may name more."""
    accepted = order.sources
    for preference in order.preferences:
        accepted |= preferred_sources(order, preference.sources)
    return accepted


def preferred_sources(order: Order, named: int) -> int:
    """Bits of the sources that an order takes of a preferred counterparty: those named, else its own, else all."""
    return named or order.sources or ANY_SOURCE
