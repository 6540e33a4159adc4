"""Events of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import event
from gridnode.codec.fields import BOOL, U64, Int
from gridnode.modules.grid.tables import DAY
from gridnode.primitives.limits import MAX_HOLIDAYS
from gridnode.primitives.units import Mtu


@event("grid.tariff_set")
class TariffSet:
    """A tariff will come into force."""

    from_mtu: Annotated[Mtu, U64]  # with this MTU
    is_replaced: Annotated[bool, BOOL]  # instead of another one that was to


@event("grid.holidays_set")
class HolidaysSet:
    """The holidays from a day on are others."""

    from_day: Annotated[int, DAY]
    count: Annotated[int, Int(0, MAX_HOLIDAYS)]  # how many there are now


EVENTS: Final[tuple[type[Any], ...]] = (TariffSet, HolidaysSet)
"""Every event of the module."""
