"""What lines carry for an MTU: one ledger for continuous trades and the auction."""

from __future__ import annotations

from gridnode.modules.market.tables import FLOWS
from gridnode.state.overlay import State


def put_flow(state: State, line: int, mtu: int, flow_wh: int) -> None:
    """Set the net flow of a line, Wh, positive forward."""
    if flow_wh:
        FLOWS.put(state, line, mtu, flow_wh)
    else:
        FLOWS.delete(state, line, mtu)


def add_flow(state: State, line: int, mtu: int, flow_wh: int) -> None:
    """Add to the net flow of a line, Wh, positive forward."""
    put_flow(state, line, mtu, (FLOWS.get(state, line, mtu) or 0) + flow_wh)
