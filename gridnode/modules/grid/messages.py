"""Messages of the module. Both are of the regulator, and both are for the future only."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import U64
from gridnode.codec.records import Nested
from gridnode.modules.grid.tables import DAY, HOLIDAYS_LIST, Holiday
from gridnode.modules.grid.tariffs import Tariff
from gridnode.primitives.units import Mtu


@message("grid.set_tariff")
class SetTariff:
    """A regulator sets the tariff from an MTU on, or replaces the one that was to come into force with that MTU."""

    from_mtu: Annotated[Mtu, U64]  # beyond the notice
    tariff: Annotated[Tariff, Nested(Tariff)]


@message("grid.set_holidays")
class SetHolidays:
    """A regulator sets the holidays of all days from a day on; those set before for these days are forgotten."""

    from_day: Annotated[int, DAY]  # it begins beyond the notice
    holidays: Annotated[tuple[Holiday, ...], HOLIDAYS_LIST]  # ascending


MESSAGES: Final[tuple[type[Any], ...]] = (SetTariff, SetHolidays)
"""Every message of the module."""
