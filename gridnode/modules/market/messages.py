"""Messages of the module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from gridnode.chain.kinds import message
from gridnode.codec.fields import I64, NAME, U32, U64, ListOf
from gridnode.codec.records import Nested, record
from gridnode.modules.market.tables import SIDE, SOURCES, TERMS, Bounds, Preference, Side, Terms
from gridnode.primitives.ids import PointId
from gridnode.primitives.limits import MAX_PREFERENCES, MAX_SHEET_ORDERS
from gridnode.primitives.units import EnergyWh, Mtu, PriceMicro, TimeMs


@record
class SheetEntry:
    """One order of a sheet. Energy and limit are checked against the market's parameters, so that the sender is told which."""

    mtu: Annotated[Mtu, U64]
    side: Annotated[Side, SIDE]
    energy_wh: Annotated[EnergyWh, I64]
    limit_micro: Annotated[PriceMicro, I64]  # per kWh; of a bid: delivered, wheeling included, fee not
    sources: Annotated[int, SOURCES]  # bits, `source_bit`: the one offered, all that a bid accepts
    terms: Annotated[Terms, TERMS] = Terms.REST
    preferences: Annotated[tuple[Preference, ...], ListOf(Nested(Preference), MAX_PREFERENCES)] = ()  # tried first, in this order
    good_until_ms: Annotated[TimeMs, U64] = TimeMs(0)  # chain time at which it ends; 0 for the gate closure


@message("market.place_sheet")
class PlaceSheet:
    """Order for one of the sender's connection points; all entries or none. The sender numbers its own sheets."""

    sheet_id: Annotated[int, U64]
    point: Annotated[PointId, NAME]
    entries: Annotated[tuple[SheetEntry, ...], ListOf(Nested(SheetEntry), MAX_SHEET_ORDERS, 1)]


@message("market.replace_sheet")
class ReplaceSheet:
    """Take back what is left of a sheet and place these entries under its id; both or neither. Names the revision it makes."""

    sheet_id: Annotated[int, U64]
    revision: Annotated[int, U32]  # one more than the sheet has now, so that a replayed or late replacement does nothing
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


@message("market.cancel_all")
class CancelAll:
    """Take back what is left of every order of the sender whose gate is open, for an MTU and all later ones."""

    from_mtu: Annotated[Mtu, U64]  # 0 for all


@message("market.set_bounds")
class SetBounds:
    """Say what orders may say from an MTU on that is not open yet. From the regulator."""

    from_mtu: Annotated[Mtu, U64]
    bounds: Annotated[Bounds, Nested(Bounds)]


@message("market.acknowledge_lock")
class AcknowledgeLock:
    """A gateway's word that a point's device holds energy for an MTU, so that locked offers of it are paid. From a gateway."""

    mtu: Annotated[Mtu, U64]
    point: Annotated[PointId, NAME]
    energy_wh: Annotated[EnergyWh, U64]  # held in all; never less than acknowledged before


MESSAGES: Final[tuple[type[Any], ...]] = (
    PlaceSheet,
    ReplaceSheet,
    CancelOrder,
    CancelSheet,
    CancelAll,
    SetBounds,
    AcknowledgeLock,
)
"""Every message of the module."""

ENTRY_BYTES: Final = 12
"""Less than an entry takes whose MTU lies in this century, so a sheet counts as at least its orders."""
CANCEL_ALL_WORK: Final = 100


def _sheet_work(body: bytes) -> int:
    return 1 + len(body) // ENTRY_BYTES


def _cancel_all_work(_: bytes) -> int:
    return CANCEL_ALL_WORK


WORK: Final[dict[type[Any], Callable[[bytes], int]]] = {
    PlaceSheet: _sheet_work,
    ReplaceSheet: _sheet_work,
    CancelAll: _cancel_all_work,
}
"""How many ordinary messages a message works as much as; what a block takes is bounded by it. A sheet is as many as it has orders, for
each costs as much as a reading; taking orders back costs less than placing them and happens once to each."""
