"""Physical locks: a device must hold the energy of a large sale before settlement pays for it. Also what of a trade is void without.

Offers of at least `lock_from_wh` (0: none) need one. Each trade of such an offer raises what the device of the seller's point is asked
to hold for the MTU; a gateway, which has the device behind it, says how much it holds. When settlement of the MTU starts it counts:
trades are covered in their order, and one that is not covered whole is void.
"""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.codec.fields import BOOL, U64
from gridnode.codec.records import record
from gridnode.modules.context import Context
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.events import LockAcknowledged, LockReleased, LockRequested
from gridnode.modules.market.messages import AcknowledgeLock
from gridnode.modules.market.tables import ORDERS, PARAMS, POSITIONS, MarketGenesis, Order, Position, Trade
from gridnode.modules.registry.standing import has_role
from gridnode.modules.registry.tables import Role
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, PointId
from gridnode.primitives.units import EnergyWh, Mtu
from gridnode.state.key_parts import NAME_PART, U64_PART
from gridnode.state.kv import Reader
from gridnode.state.overlay import State
from gridnode.state.prefixes import MARKET as MODULE
from gridnode.state.table import Table


@record
class Lock:
    """What the device of a point is to hold for an MTU, and what it does."""

    requested_wh: Annotated[EnergyWh, U64]  # by all trades of offers that need a lock
    acknowledged_wh: Annotated[EnergyWh, U64]  # by gateways; never falls


LOCKS: Final[Table[Lock]] = Table(module=MODULE, number=28, name="locks", key=(U64_PART, NAME_PART), value=Lock)
"""(MTU, connection point) -> its lock, until the point is settled."""

LOCKS_CLOSED: Final[Table[int]] = Table(module=MODULE, number=29, name="locks_closed", key=(), value=U64)
"""() -> no lock of this MTU or an earlier one is acknowledged any more; no row before the first."""

VOIDED: Final[Table[bool]] = Table(
    module=MODULE, number=30, name="voided", key=(U64_PART, U64_PART), value=BOOL
)
"""(MTU, trade number) -> true: it was never paid, because its lock was missing; stays."""


def needs_lock(params: MarketGenesis, offer: Order) -> bool:
    """Whether sales of an offer are paid only under a lock: by its size when it was placed, so that small fills do not evade it.

    `lock_from_wh` comes from genesis and stays, so the answer does, too.
    """
    return 0 < params.lock_from_wh <= offer.energy_wh


def request_lock(context: Context, params: MarketGenesis, mtu: int, offer: Order, energy_wh: int) -> None:
    """Ask for a lock of what was just sold of `offer`, if it needs one."""
    if not needs_lock(params, offer):
        return
    lock = LOCKS.get(context.state, mtu, offer.point) or Lock(EnergyWh(0), EnergyWh(0))
    requested_wh = EnergyWh(lock.requested_wh + energy_wh)
    LOCKS.put(context.state, mtu, offer.point, Lock(requested_wh, lock.acknowledged_wh))
    context.emit(LockRequested(Mtu(mtu), offer.point, requested_wh))


def acknowledge_lock(context: Context, sender: Address, message: AcknowledgeLock) -> None:
    """Handler of `market.acknowledge_lock`."""
    state, mtu, point = context.state, message.mtu, message.point
    if not has_role(state, sender, Role.GATEWAY):
        raise Rejected(MarketCode.NOT_GATEWAY, "expected a gateway as sender")
    lock = LOCKS.get(state, mtu, point)
    if lock is None or mtu <= (LOCKS_CLOSED.get(state) or 0):
        raise Rejected(MarketCode.NO_LOCK_REQUESTED, f"no lock of {point} is waited for in MTU {mtu}", "point")
    if message.energy_wh < lock.acknowledged_wh:
        raise Rejected(MarketCode.LOCK_FALLS, f"expected at least {lock.acknowledged_wh} Wh", "energy_wh")
    LOCKS.put(state, mtu, point, Lock(lock.requested_wh, message.energy_wh))
    context.emit(LockAcknowledged(mtu, point, message.energy_wh, sender))


def close_locks(state: State, mtu: int) -> None:
    """Settlement of an MTU starts: what is acknowledged for it now is what counts."""
    if any(LOCKS.scan(state, mtu, limit=1)):
        LOCKS_CLOSED.put(state, mtu)


def locked_wh(reader: Reader, mtu: int, trade: Trade) -> int | None:
    """Wh acknowledged for the seller's point of a trade that needs a lock; None when it needs none."""
    lock = LOCKS.get(reader, mtu, trade.seller_point)
    if lock is None or not needs_lock(PARAMS.require(reader), ORDERS.require(reader, mtu, trade.seller_order)):
        return None
    return lock.acknowledged_wh


def void_trade(state: State, mtu: int, number: int, trade: Trade) -> None:
    """Take a trade out of both positions; moves no money. It stays in statistics and flows: it was made, and its capacity was taken."""
    VOIDED.put(state, mtu, number, True)
    seller = POSITIONS.require(state, mtu, trade.seller_point)
    less = Position(EnergyWh(seller.sold_wh - trade.energy_wh), seller.bought_wh)
    POSITIONS.put(state, mtu, trade.seller_point, less)
    buyer = POSITIONS.require(state, mtu, trade.buyer_point)
    less = Position(buyer.sold_wh, EnergyWh(buyer.bought_wh - trade.energy_wh))
    POSITIONS.put(state, mtu, trade.buyer_point, less)


def release_lock(context: Context, mtu: int, point: PointId) -> None:
    """A point is settled for an MTU: its device need not hold energy for it any longer."""
    if LOCKS.has(context.state, mtu, point):
        LOCKS.delete(context.state, mtu, point)
        context.emit(LockReleased(Mtu(mtu), point))


def is_void(reader: Reader, mtu: int, number: int) -> bool:
    """Whether a trade was undone for want of its lock."""
    return VOIDED.has(reader, mtu, number)


def locks(reader: Reader, mtu: int, limit: int, after: PointId | None = None) -> list[tuple[PointId, Lock]]:
    """At most `limit` locks of an MTU that is not settled, behind point `after`, by name: (point, lock)."""
    behind = None if after is None else (mtu, after)
    return [(point, lock) for (_, point), lock in LOCKS.scan(reader, mtu, after=behind, limit=limit)]
