"""What the market's hook tells in order, and how one telling differs from another."""

from __future__ import annotations

from typing import Final

from gridnode.audit.findings import Fault, Finding
from gridnode.codec.records import layout
from gridnode.modules.market.events import (
    AuctionHeld,
    AuctionRow,
    AuctionRows,
    CallStarted,
    OrderEnded,
    OrderExpired,
    PeriodClosed,
    Traded,
)

Event = OrderEnded | OrderExpired | CallStarted | PeriodClosed | AuctionRows | AuctionHeld | Traded
"""Events that the rules of trading give; what devices are asked to hold is settlement's business."""
COMPARED: Final = (OrderEnded, OrderExpired, CallStarted, PeriodClosed, AuctionRows, AuctionHeld, Traded)
"""Their classes."""
_FAULTS: Final[dict[type[object], Fault]] = {
    OrderEnded: Fault.ENDING,
    OrderExpired: Fault.ENDING,
    CallStarted: Fault.PHASE,
    PeriodClosed: Fault.PHASE,
    AuctionRows: Fault.ROWS,
    AuctionHeld: Fault.CLEARING,
    Traded: Fault.FILL,
}


def difference(height: int, right: Event | None, claimed: Event | None) -> Finding:
    """What is wrong when `claimed` was told where the rules give `right`; None stands for nothing."""
    same = right is not None and type(right) is type(claimed)
    shown = claimed if same else right or claimed
    if shown is None:
        raise ValueError("expected something that was told, or ought to be")
    if same:
        text = _fields(right, claimed)
    elif right is None:
        text = f"the rules give nothing here, got {_told(shown)}"
    else:
        text = f"expected {_told(right)}, got {'nothing' if claimed is None else _told(claimed)}"
    order = shown.order if isinstance(shown, OrderEnded | OrderExpired) else None
    fault, trade = _FAULTS[type(shown)], None
    if isinstance(shown, Traded):
        trade, fault = shown.trade, Fault.AWARD if shown.path else fault
    return Finding(height, fault, text, shown.mtu, order, trade)


def _fields(right: object, claimed: object) -> str:
    """Which fields differ, and how; of rows of an auction the first one that does."""
    if isinstance(right, AuctionRows) and isinstance(claimed, AuctionRows) and len(right.rows) == len(claimed.rows):
        for one, two in zip(right.rows, claimed.rows, strict=True):
            if one != two:
                return f"row of order {one.order}: {_row(one, two)}"
    return _row(right, claimed)


def _row(right: object, claimed: object) -> str:
    names = [name for name in layout(type(right)).kinds if getattr(right, name) != getattr(claimed, name)]
    return "; ".join(f"{name}: expected {_short(right, name)}, got {_short(claimed, name)}" for name in names)


def _short(record: object, name: str) -> str:
    value = getattr(record, name)
    if isinstance(value, tuple):
        orders = [str(row.order) for row in value if isinstance(row, AuctionRow)]
        return f"{len(value)} rows ({', '.join(orders[:5])}{', ...' if len(orders) > 5 else ''})"
    return str(value)


def _told(event: Event) -> str:
    """An event in a few words."""
    if isinstance(event, Traded):
        return f"a trade of bid {event.buyer_order} and offer {event.seller_order}, {event.energy_wh} Wh at {event.price_micro}"
    if isinstance(event, OrderEnded):
        return f"the end of order {event.order} ({event.ending.name.lower()})"
    if isinstance(event, OrderExpired):
        return f"the expiry of order {event.order}"
    names = {
        CallStarted: "the start of the call phase",
        PeriodClosed: "the gate closure",
        AuctionRows: "rows of the auction",
        AuctionHeld: "the auction",
    }
    return f"{names[type(event)]} of MTU {event.mtu}"
