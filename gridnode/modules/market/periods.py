"""The life of an MTU's book by chain time: when orders are taken, when they are matched as they come, when they wait for the auction."""

from __future__ import annotations

from gridnode.modules.grid.clock import mtu_ms
from gridnode.modules.market.tables import MarketGenesis, Mode, Phase
from gridnode.primitives.units import TimeMs
from gridnode.state.kv import Reader


def gate_ms(reader: Reader, params: MarketGenesis, mtu: int) -> TimeMs:
    """Chain time from which no order for `mtu` is taken or cancelled."""
    return TimeMs(mtu * mtu_ms(reader) - params.gate_closure_ms)


def call_start_ms(reader: Reader, params: MarketGenesis, mtu: int) -> TimeMs:
    """Chain time from which orders for `mtu` are not matched as they come: the gate closure where there is no auction."""
    if params.mode is Mode.AUCTION:
        return TimeMs(0)
    ahead_ms = params.call_ms if params.mode is Mode.BOTH else 0
    return TimeMs(gate_ms(reader, params, mtu) - ahead_ms)


def first_change_ms(reader: Reader, params: MarketGenesis, mtu: int) -> TimeMs:
    """Chain time at which the first phase of a book ends: continuous matching, or where there is none, the call."""
    if params.mode is Mode.AUCTION:
        return gate_ms(reader, params, mtu)
    return call_start_ms(reader, params, mtu)


def phase_at(reader: Reader, params: MarketGenesis, mtu: int, time_ms: int) -> Phase:
    """Where the book of `mtu` stands by the clock: continuous, call, or, from the gate closure on, clearing.

    What the block's hook has still to do for a period that is past its gate stands in `periods`.
    """
    if time_ms >= gate_ms(reader, params, mtu):
        return Phase.CLEARING
    if time_ms >= call_start_ms(reader, params, mtu):
        return Phase.CALL
    return Phase.CONTINUOUS


def schedule_fault(params: MarketGenesis, period_ms: int) -> str | None:
    """What is wrong with the times of a market whose MTUs are `period_ms` long: field and what was expected; None when nothing is."""
    if params.mode is Mode.BOTH and not params.call_ms:
        return "call_ms: expected a call phase, above 0, in mode both"
    if params.mode is not Mode.BOTH and params.call_ms:
        return f"call_ms: expected 0 in mode {params.mode.name.lower()}, which has no call phase of its own"
    open_ms = params.open_ahead_mtus * period_ms - params.gate_closure_ms
    if open_ms <= params.call_ms:
        return f"gate_closure_ms: expected less than {params.open_ahead_mtus * period_ms - params.call_ms}: MTUs would never open"
    return None
