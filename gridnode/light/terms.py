"""On which terms a light client trusts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gridnode.primitives.errors import OperatorError, PeerFault
from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS

DEFAULT_TRUSTING_PERIOD_MS: Final = 7 * 24 * 3_600_000
"""A week: a client that asks once a week never needs a new base."""
DEFAULT_SHARE: Final = (2, 3)
"""Of the time for which evidence counts: the rest is there to find a lie, to tell it, and to have it in a block."""


class LightBlockInvalid(PeerFault):
    """A light block that no correct node gives; the reason says what was expected."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, 100)


class BlockMissing(PeerFault):
    """The provider was asked for a height and gave none: it lags, or it has pruned it."""

    def __init__(self, height: int) -> None:
        super().__init__(f"expected a light block of height {height}, got none", 1)
        self.height = height


class Expired(OperatorError):
    """The trusted header is older than the trusting period: those who signed it may have left, and may lie for free."""


class TooFar(OperatorError):
    """The way from the trusted header to the one asked for takes more steps than are allowed."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What makes a header of this chain trusted."""

    chain_id: str
    """The chain."""
    trusting_period_ms: int = DEFAULT_TRUSTING_PERIOD_MS
    """How long after its time a header is a base for others; shorter than validators that left can be slashed."""
    max_drift_ms: int = MAX_CLOCK_DRIFT_MS
    """How far a header's time may be ahead of this client's clock."""

    def __post_init__(self) -> None:
        """Raises OperatorError for a period or drift that is not positive."""
        if self.trusting_period_ms <= 0 or self.max_drift_ms <= 0:
            raise OperatorError("light client: expected a trusting period and a clock drift above 0 ms")

    @classmethod
    def within(cls, chain_id: str, period_ms: int, evidence_ms: int, setting: str) -> Terms:
        """Terms whose period ends before evidence of what was signed in it is too old; whoever has left would lie for free afterwards.

        period_ms    as the operator wishes, 0: two thirds of `evidence_ms`, a week at most
        evidence_ms  for how long the chain takes evidence
        setting      name of what the operator has set, for the error

        Raises OperatorError for a period that is not shorter than `evidence_ms`.
        """
        share, of = DEFAULT_SHARE
        period_ms = period_ms or min(DEFAULT_TRUSTING_PERIOD_MS, max(1, evidence_ms * share // of))
        if period_ms >= evidence_ms:
            raise OperatorError(
                f"{setting}: expected less than {evidence_ms} ms, for which chain {chain_id} takes evidence (the less of evidence_ms and "
                f"evidence_blocks at their fastest, of its genesis), got {period_ms} ms; make {setting} shorter, or leave it out"
            )
        return cls(chain_id, period_ms)

    def is_expired(self, time_ms: int, now_ms: int) -> bool:
        """Whether a header of chain time `time_ms` is no base any more at `now_ms` [LCV-FUNC-VALID.2: isWithinTrustedPeriod]."""
        return time_ms + self.trusting_period_ms <= now_ms
