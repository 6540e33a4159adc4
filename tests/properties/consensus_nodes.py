"""What the seeded network of engines consists of: nodes, and how good or bad the network is to them."""

from __future__ import annotations

from dataclasses import dataclass, field

from gridnode.chain.commit import Commit
from gridnode.chain.vote import Proposal, Vote
from gridnode.consensus.engine import Engine
from gridnode.primitives.ids import Address, Hash
from gridnode.storage.sign_guard import LastSigned
from tests.unit.consensus.setting import address

SECLUDED_MS = 1_000
"""How long a secluded message stays away."""


@dataclass
class Faults:
    """What the network does until it heals."""

    heal_ms: int = 0
    """From then on nothing is lost, nobody crashes and messages take at most `delay_ms`."""
    loss_percent: int = 0
    """Messages lost."""
    secluded_percent: int = 0
    """Messages that one receiver does not get for SECLUDED_MS however often they are sent, and commits not at all. Then locks matter."""
    link_loss_percent: int = 0
    """Share of links that are down, one way; drawn anew every 300 ms."""
    twice_percent: int = 0
    """Messages that come twice."""
    delay_ms: int = 20
    """Longest delay in good times."""
    bad_delay_ms: int = 20
    """Longest delay until the network heals."""
    forgetful: int = -1
    """Node whose log may lose what was on disk when it crashes."""
    crash_percent: int = 0
    """Chance of each honest node to crash, per 100 ms until the network heals."""


@dataclass
class Node:
    """One validator: what survives a crash, and the engine that does not."""

    index: int
    """Its number."""
    faulty: bool = False
    """Whether it signs what it likes."""
    engine: Engine | None = None
    """None while it is down."""
    log: list[bytes] = field(default_factory=list)
    """Log entries of the height under way."""
    synced: int = 0
    """How many of them are surely on disk."""
    guard: LastSigned | None = None
    """Its sign guard's record."""
    last_said: Proposal | Vote | None = None
    """What that record stands for."""
    blocks: dict[Hash, bytes] = field(default_factory=dict)
    """Blocks it could execute now; lost in a crash."""
    stored: dict[Hash, bytes] = field(default_factory=dict)
    """Blocks it has committed; peers that are behind ask for them."""
    chain: list[Commit] = field(default_factory=list)
    """What it has committed, height 1 first."""
    life: int = 0
    """Number of starts; timeouts of an earlier life do not ring."""

    @property
    def address(self) -> Address:
        """Its validator address."""
        return address(self.index)
