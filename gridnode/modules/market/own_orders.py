"""Nobody trades with himself: all open bids of an account for an MTU lie strictly below all its open offers for that MTU.

Held when a sheet comes in, and for ever after, because limits never change. So the kernel needs no rule for it and no trade has to be
undone; an order cannot feed on its owner's other orders to move prices or volumes; and it holds in a call auction too: energy goes
there only from a zone to one whose price is no lower, so whoever sells at one price and buys at another of his own limits is
never at both ends of a path. Charges on the way are 0 or more, so limits alone are compared, whatever the zones.
"""

from __future__ import annotations

from gridnode.modules.market.lifecycle import open_count
from gridnode.modules.market.tables import OPEN_ORDERS, ORDERS, Side
from gridnode.primitives.ids import Address
from gridnode.state.kv import Reader


class OwnOrders:
    """The best limits of one account's open orders by MTU and side, and of the entries of a sheet that joins them."""

    def __init__(self, reader: Reader, owner: Address) -> None:
        self._reader, self._owner = reader, owner
        self._has_any = {side: open_count(reader, owner, side) > 0 for side in Side}
        self._open: dict[tuple[int, Side], int | None] = {}
        self._joined: dict[tuple[int, Side], int] = {}

    def crossed_by(self, mtu: int, side: Side, limit_micro: int) -> int | None:
        """Limit of an order of the account that an order with this limit would reach; None when it reaches none."""
        other = Side.OFFER if side is Side.BID else Side.BID
        best = _better(other, self._best_open(mtu, other), self._joined.get((mtu, other)))
        if best is None:
            return None
        crossed = limit_micro >= best if side is Side.BID else limit_micro <= best
        return best if crossed else None

    def join(self, mtu: int, side: Side, limit_micro: int) -> None:
        """Count an entry among the account's orders."""
        best = _better(side, self._joined.get((mtu, side)), limit_micro)
        if best is not None:
            self._joined[mtu, side] = best

    def _best_open(self, mtu: int, side: Side) -> int | None:
        if not self._has_any[side]:
            return None
        if (mtu, side) not in self._open:
            best: int | None = None
            for (_, _, number), found in OPEN_ORDERS.scan(self._reader, mtu, self._owner):
                if found is side:
                    best = _better(side, best, ORDERS.require(self._reader, mtu, number).limit_micro)
            self._open[mtu, side] = best
        return self._open[mtu, side]


def _better(side: Side, one: int | None, two: int | None) -> int | None:
    """The limit that reaches further: the higher bid, the lower offer."""
    if one is None or two is None:
        return two if one is None else one
    return max(one, two) if side is Side.BID else min(one, two)
