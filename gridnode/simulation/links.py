"""The network between simulated nodes: bytes that are late, lost, doubled, or on a link that is down, as the plan says.

It offers what `gridnode.network` offers a node: flood and send, status to all, gossip, requests with a timeout. Floods are not
relayed, so a link that is down loses more here than in the real network.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Final, Protocol

from gridnode.primitives.errors import GridnodeError, PeerFault
from gridnode.simulation.kernel import Clock, Life, Promise
from gridnode.simulation.plan import Fault, Plan

SECLUDED_MS: Final = 2_500
"""How long a secluded message stays away: longer than a round, however well nodes exchange what they have. Then locks matter."""
WEATHER_MS: Final = 400
"""So long, then other links are down."""


class NoLink(GridnodeError):
    """The peer cannot be reached now."""


class Station(Protocol):
    """A node as the network sees it."""

    @property
    def peer_key(self) -> bytes:
        """Its network key."""
        ...

    @property
    def number(self) -> int:
        """Of the machine."""
        ...

    @property
    def side(self) -> int:
        """Which part of a network that liars split it is in."""
        ...

    @property
    def life(self) -> Life | None:
        """What runs there now; None while it is down."""
        ...

    def receive(self, peer: bytes, payload: bytes) -> None:
        """A message of consensus or sync."""
        ...

    def receive_gossip(self, peer: bytes, payload: bytes) -> None:
        """Gossiped transactions."""
        ...

    def answer(self, peer: bytes, kind: int, payload: bytes) -> Awaitable[bytes]:
        """Answer a request. Raises PeerFault."""
        ...

    def receive_linked(self, peer: bytes) -> None:
        """A peer can be reached."""
        ...

    def receive_lost(self, peer: bytes) -> None:
        """A peer cannot be reached any more."""
        ...


class Links:
    """All links of the network."""

    def __init__(self, clock: Clock, random: Random, plan: Plan) -> None:
        self._clock = clock
        self._random = random
        self._plan = plan
        self._stations: dict[bytes, Station] = {}
        self._down: dict[tuple[int, int], None] = {}
        self._fate: dict[tuple[int, bytes], tuple[bool, int]] = {}
        self.on_send: Callable[[bytes], None] = _nothing
        """Sees each message of consensus and sync that is put on a link."""
        self.holds_back: Callable[[Station, bytes], bool] = _never
        """Whether a liar, to whom the network belongs until the world heals, keeps a message from a peer."""
        self.is_split = not plan.is_safe
        """Whether liars, too many, keep the honest apart."""
        if Fault.PARTITION in plan.percent:
            clock.at(0, self._weather)

    @property
    def is_healed(self) -> bool:
        """Whether nothing is lost any more."""
        return self._clock.now_ms >= self._plan.heal_ms

    def join(self, station: Station) -> None:
        """Add a node."""
        self._stations[station.peer_key] = station

    def others(self, station: Station) -> list[Station]:
        """All other nodes."""
        return [other for other in self._stations.values() if other is not station]

    def number_of(self, peer: bytes) -> int:
        """Number of the machine with this network key."""
        return self._stations[peer].number

    # What nodes do

    def flood(self, sender: Station, payload: bytes, only: Callable[[Station], bool] | None = None) -> None:
        """Send to all others; with `only`, to those it picks."""
        for other in self.others(sender):
            if only is None or only(other):
                self._send(sender, other, payload)

    def send(self, sender: Station, peer: bytes, payload: bytes) -> None:
        """Send to one."""
        self._send(sender, self._stations[peer], payload)

    def gossip(self, sender: Station, payload: bytes) -> None:
        """Give transactions to all others."""
        for other in self.others(sender):
            if self._passes(sender, other, payload):
                self._deliver(other, partial(other.receive_gossip, sender.peer_key, payload), self._delay())

    def link(self, station: Station) -> None:
        """A node has started: it and the others learn that they can reach each other."""
        for other in self.others(station):
            if other.life is not None:
                self._deliver(other, partial(other.receive_linked, station.peer_key), self._delay())
                self._deliver(station, partial(station.receive_linked, other.peer_key), self._delay())

    def unlink(self, station: Station) -> None:
        """A node is down: the others learn it."""
        for other in self.others(station):
            if other.life is not None:
                self._deliver(other, partial(other.receive_lost, station.peer_key), self._delay())

    async def request(self, sender: Station, peer: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """Ask a peer. Raises NoLink, PeerFault when no answer comes in time."""
        holder = self._stations[peer]
        if holder.life is None or sender.life is None:
            raise NoLink("not linked")
        answered = Promise()
        sender.life.at(timeout_ms, lambda: answered.fail(PeerFault(f"no answer within {timeout_ms} ms", 1)))
        if self._passes(sender, holder, payload):
            life = holder.life
            life.at(self._delay(), lambda: life.spawn(self._answer(sender, holder, kind, payload, answered)))
        answer: bytes = await answered
        return answer

    async def _answer(
        self, sender: Station, holder: Station, kind: int, payload: bytes, answered: Promise
    ) -> None:
        try:
            answer = await holder.answer(sender.peer_key, kind, payload)
        except PeerFault:
            answered.fail(PeerFault("refused", 1))
            return
        if self._passes(holder, sender, answer):
            self._clock.at(self._delay(), lambda: answered.keep(answer))

    # What becomes of it

    def _send(self, sender: Station, receiver: Station, payload: bytes) -> None:
        self.on_send(payload)
        if not self._passes(sender, receiver, payload) or (not self.is_healed and self.holds_back(receiver, payload)):
            return
        self._deliver(receiver, partial(receiver.receive, sender.peer_key, payload), self._delay())
        repeat = self._plan.percent.get(Fault.REPEAT, 0)
        if repeat and not self.is_healed and self._random.randrange(100) < repeat:
            self._deliver(receiver, partial(receiver.receive, sender.peer_key, payload), self._delay())

    def _deliver(self, receiver: Station, action: Callable[[], None], after_ms: int) -> None:
        """Hand over to whatever runs at the receiver when the message comes."""

        def arrive() -> None:
            if receiver.life is not None:
                receiver.life.guarded(action)

        self._clock.at(after_ms, arrive)

    def _passes(self, sender: Station, receiver: Station, payload: bytes) -> bool:
        if self.is_split and sender.side != receiver.side:
            return False
        if self.is_healed:
            return True
        if (sender.number, receiver.number) in self._down:
            return False
        loss = self._plan.percent.get(Fault.LOSS, 0)
        if loss and self._random.randrange(100) < loss:
            return False
        seclude = self._plan.percent.get(Fault.SECLUDE, 0)
        return not seclude or not self._is_secluded(receiver, payload, seclude)

    def _is_secluded(self, receiver: Station, payload: bytes, percent: int) -> bool:
        now_ms = self._clock.now_ms
        fate = (self._random.randrange(100) < percent, now_ms)
        secluded, since_ms = self._fate.setdefault((receiver.number, payload), fate)
        return secluded and now_ms < since_ms + SECLUDED_MS

    def _delay(self) -> int:
        return self._random.randint(1, self._plan.delay_ms if self.is_healed else self._plan.bad_delay_ms)

    def _weather(self) -> None:
        """Now and then other links are down, each way by itself; or the nodes are in two parts."""
        self._down = {}
        if self.is_healed:
            return
        percent = self._plan.percent[Fault.PARTITION]
        numbers = [station.number for station in self._stations.values()]
        links = [(one, other) for one in numbers for other in numbers if one != other]
        if self._random.randrange(4) == 0:
            part = [self._random.randrange(2) for _ in range(max(numbers) + 1)]
            cut = [link for link in links if part[link[0]] != part[link[1]]]
        else:
            cut = [link for link in links if self._random.randrange(100) < percent]
        self._down = dict.fromkeys(cut)
        self._clock.at(WEATHER_MS, self._weather)


def _nothing(_payload: bytes) -> None:
    pass


def _never(_receiver: Station, _payload: bytes) -> bool:
    return False
