"""Runs a driver of the light client against peers: one that lies is blamed and left, one that lacks a block is left, until
one leads to the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from gridnode.chain.genesis import Genesis
from gridnode.chain.light_block import LightBlock, LightBlocks
from gridnode.codec.records import decode, encode
from gridnode.execution.genesis import evidence_period_ms
from gridnode.light.asking import Answer, Asking
from gridnode.light.terms import BlockMissing, LightBlockInvalid, Terms
from gridnode.node.config import SyncSection
from gridnode.node.log import Log
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import GridnodeError, Malformed, OperatorError, PeerFault
from gridnode.sync.messages import LightRequest

T = TypeVar("T")
TIMEOUT_MS = 10_000
_log = Log("light")


def terms_of(genesis: Genesis, sync: SyncSection) -> Terms:
    """How long blocks are trusted. Raises OperatorError for longer than the chain takes evidence."""
    period_ms = sync.trusting_period_hours * 3_600_000
    return Terms.within(genesis.chain_id, period_ms, evidence_period_ms(genesis), "sync.trusting_period_hours")


class AsksPeers(Protocol):
    """How peers are asked and blamed; the network."""

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """A peer's answer. Raises GridnodeError."""
        ...

    def report(self, peer_key: bytes, fault: PeerFault) -> None:
        """A peer is at fault."""
        ...


async def light_blocks(network: AsksPeers, peer: bytes, heights: Sequence[int]) -> tuple[LightBlock, ...]:
    """Light blocks of a peer. Raises LightBlockInvalid when its answer is malformed, GridnodeError when it gives none."""
    payload = await network.request(peer, RequestKind.LIGHT, encode(LightRequest(tuple(heights))), TIMEOUT_MS)
    try:
        return decode(LightBlocks, payload).blocks
    except Malformed as error:
        raise LightBlockInvalid(f"light blocks: {error}") from None


async def led_by_peers(
    network: AsksPeers, peers: Sequence[bytes], begin: Callable[[], Asking[T]], now_ms: Callable[[], int]
) -> T | None:
    """What a driver that is begun anew for each peer returns with the first that leads it to the end; None when nobody does.

    Raises OperatorError when the driver cannot go on whoever is asked: what is trusted is too old or too far.
    """
    for peer in peers:
        try:
            return await _led_by(network, peer, begin(), now_ms)
        except BlockMissing as missing:
            _log.info("a peer lacks a light block", peer=peer, reason=str(missing))
        except LightBlockInvalid as fault:
            _log.warning("a wrong light block", peer=peer, reason=str(fault))
            network.report(peer, fault)
        except OperatorError:
            raise
        except GridnodeError as error:
            _log.info("no answer", peer=peer, reason=str(error))
    return None


async def _led_by(network: AsksPeers, peer: bytes, driver: Asking[T], now_ms: Callable[[], int]) -> T:
    heights = next(driver)
    while True:
        blocks = await light_blocks(network, peer, heights)
        try:
            heights = driver.send(Answer(blocks, now_ms()))
        except StopIteration as stop:
            result: T = stop.value
            return result
