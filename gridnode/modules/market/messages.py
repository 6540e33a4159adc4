"""Messages of the module."""

from __future__ import annotations

from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import I64, NAME, U64, ListOf
from gridnode.codec.records import Nested, record
from gridnode.modules.market.tables import SIDE, SOURCES, Side
from gridnode.primitives.ids import PointId
from gridnode.primitives.limits import MAX_SHEET_ORDERS
from gridnode.primitives.units import EnergyWh, Mtu, PriceMicro


@record
class SheetEntry:
    """One order of a sheet. Energy and limit are checked against the market's parameters, so that the sender is told which."""

    mtu: Annotated[Mtu, U64]
    side: Annotated[Side, SIDE]
    energy_wh: Annotated[EnergyWh, I64]
    limit_micro: Annotated[PriceMicro, I64]  # per kWh; of a bid: delivered, wheeling included, fee not
    sources: Annotated[int, SOURCES]  # bits, `source_bit`: the one offered, all that a bid accepts


@message("market.place_sheet")
class PlaceSheet:
    """Order for one of the sender's connection points; all entries or none. The sender numbers its own sheets."""

    sheet_id: Annotated[int, U64]
    point: Annotated[PointId, NAME]
    entries: Annotated[tuple[SheetEntry, ...], ListOf(Nested(SheetEntry), MAX_SHEET_ORDERS, 1)]


@message("market.cancel_order")
class CancelOrder:
    """Take back what is left of one of the sender's orders."""

    order: Annotated[int, U64]


@message("market.cancel_sheet")
class CancelSheet:
    """Take back what is left of every order of one of the sender's sheets whose gate is open."""

    sheet_id: Annotated[int, U64]


MESSAGES: Final[tuple[type[Any], ...]] = (PlaceSheet, CancelOrder, CancelSheet)
"""Every message of the module."""
