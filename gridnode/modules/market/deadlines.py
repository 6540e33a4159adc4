"""Orders that are good until a time end when it has come, in the block's hook."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.market.cancels import take_back
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.events import OrderEnded
from gridnode.modules.market.tables import DEADLINES, ORDERS, Ending, MarketGenesis
from gridnode.primitives.units import Mtu


def end_due(context: Context, params: MarketGenesis, releases: Releases) -> bool:
    """End orders whose time has come, by time and number, at most `expiries_per_block`; whether all of them have ended."""
    state = context.state
    due = (context.time_ms + 1,)
    for (_, number), mtu in DEADLINES.scan(state, stop=due, limit=params.expiries_per_block):
        order = ORDERS.require(state, mtu, number)
        take_back(context, params, releases, (mtu, number), Ending.DATE)
        context.emit(OrderEnded(number, Mtu(mtu), Ending.DATE, order.remaining_wh))
    return not any(True for _ in DEADLINES.scan(state, stop=due, limit=1))
