"""What the terms of an order mean for the two ways in which orders meet."""

from __future__ import annotations

from typing import Final

from gridnode.modules.market.codes import MarketCode, Problem
from gridnode.modules.market.messages import SheetEntry
from gridnode.modules.market.sources import takes_any_source
from gridnode.modules.market.tables import Ending, MarketGenesis, Mode, Order, Phase, Terms

AT_ONCE: Final = (Terms.IOC, Terms.FOK, Terms.POST_ONLY)
"""Terms that speak of what happens at once, so they mean nothing where orders wait for an auction."""

NEVER_WAIT: Final = {Terms.IOC: Ending.IMMEDIATE, Terms.FOK: Ending.KILLED}
"""Terms of orders that end rather than wait, whatever became of continuous matching; and how they end."""


def terms_problem(params: MarketGenesis, phase: Phase, entry: SheetEntry) -> Problem:
    """Why an entry cannot have its terms in this phase of its MTU; None when it can."""
    if phase is Phase.CALL and entry.terms in AT_ONCE:
        return MarketCode.NO_CONTINUOUS_TRADING, f"MTU {entry.mtu} waits for its call auction"
    if entry.terms is Terms.AUCTION and params.mode is Mode.CONTINUOUS:
        return MarketCode.NO_AUCTION, "this market trades continuously only"
    if not takes_any_source(entry.side, entry.sources) and (phase is Phase.CALL or entry.terms is Terms.AUCTION):
        return MarketCode.SOURCES_IN_AUCTION, "expected all sources of a bid that trades in a call auction"
    return None


def takes_part(order: Order, time_ms: int) -> bool:
    """Whether an order that is open takes part in a call auction held at chain time `time_ms`.

    Bids that name sources stay out: an auction has one product and one price. So do orders that were to trade at once and were not
    reached while matching was continuous, and those that are good until a time that has come and have not been ended yet.
    """
    due = order.good_until_ms and order.good_until_ms <= time_ms
    return order.terms not in NEVER_WAIT and takes_any_source(order.side, order.sources) and not due


def ending_in_call(order: Order) -> Ending | None:
    """How an order ends that was not matched before its MTU's call phase began; None when it waits on, as one placed in it would."""
    if order.terms in NEVER_WAIT:
        return NEVER_WAIT[order.terms]
    if not order.sources or (order.terms is Terms.MARKET and not takes_any_source(order.side, order.sources)):
        return Ending.IMMEDIATE
    return None
