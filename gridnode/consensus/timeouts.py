"""How long each timeout lasts: linear in the round, capped. Grows so that at last even slow messages come in time.

Termination (arXiv:1807.04938, section 3.2) asks that timeouts grow until a round lasts longer than messages travel. The cap
ends growth where no network is slower, so that a chain that stood for hours goes on within seconds.
"""

from __future__ import annotations

from gridnode.chain.genesis import ChainParams
from gridnode.consensus.inputs import TimeoutKind
from gridnode.primitives.units import DurationMs


def timeout_ms(params: ChainParams, kind: TimeoutKind, round_: int) -> DurationMs:
    """Length in ms of a timeout in `round_`; for RESEND, `round_` is the number of times it was sent again already.

    First length plus `timeout_step_ms` a round, at most `timeout_cap_ms` (but at least the first length). INTERVAL, HEARTBEAT and RESEND
    do not grow: what is sent again is small, and after a long outage it is what the chain waits for.
    """
    match kind:
        case TimeoutKind.INTERVAL:
            return params.block_interval_ms
        case TimeoutKind.HEARTBEAT:
            return params.heartbeat_ms
        case TimeoutKind.RESEND:
            return params.propose_timeout_ms if round_ else params.vote_timeout_ms
        case TimeoutKind.PROPOSE:
            first = params.propose_timeout_ms
        case _:
            first = params.vote_timeout_ms
    return DurationMs(max(first, min(first + round_ * params.timeout_step_ms, params.timeout_cap_ms)))
