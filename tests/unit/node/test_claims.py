"""What a peer says of its height: one liar keeps no validator from voting, and does not hold up the blocks that others have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import trio

from gridnode.chain.validators import validator_set
from gridnode.node.block_sync import ASK_TIMEOUT_MS
from gridnode.node.hearing import told_by_a_third
from gridnode.primitives.ids import Address
from gridnode.sync.messages import Status
from tests.chain_in_memory import genesis, validators
from tests.unit.node.peers_in_memory import GrownChain, silent
from tests.unit.node.test_catch_up import BLOCKS, HONEST, LIAR, late, play

CLAIM = 10**15
OWN, FIRST, SECOND = (member.address for member in validator_set(validators()).members)
NODES: dict[Address, bytes] = {FIRST: HONEST, SECOND: LIAR}
"""Which peers are the two other validators'."""


def at_start(chain: GrownChain) -> Status:
    """A peer without blocks."""
    return replace(chain.status(), height=0, block_hash=b"")


def test_one_liar_stops_no_consensus(tmp_path: Path) -> None:
    """It claims a great height again and again, and never answers; an honest validator stands where this one does."""
    chain = GrownChain(BLOCKS)
    with late(tmp_path, NODES) as node:
        node.peers.answers[LIAR] = silent
        was_syncing: list[bool] = []

        async def script() -> None:
            node.sync.heard(HONEST, at_start(chain))
            for _ in range(5 * ASK_TIMEOUT_MS // 500):
                node.sync.heard(LIAR, replace(chain.status(), height=CLAIM))
                await trio.sleep(0.5)
                was_syncing.append(node.sync.syncing)

        play(node, script)
        assert node.began == [1]
        assert not any(was_syncing)


def test_the_blocks_come_from_others_while_the_liar_is_silent(tmp_path: Path) -> None:
    """It was asked for them first, and has ten seconds; nobody waits for that."""
    chain = GrownChain(BLOCKS)
    with late(tmp_path, NODES) as node:
        node.peers.answers |= {LIAR: silent, HONEST: chain.honest}

        async def script() -> None:
            node.sync.heard(HONEST, at_start(chain))
            node.sync.heard(LIAR, replace(chain.status(), height=CLAIM))
            await node.until(lambda: bool(node.peers.asked))
            began = trio.current_time()
            node.sync.heard(HONEST, chain.status())
            await node.until(lambda: node.store.height == BLOCKS)
            assert trio.current_time() - began < ASK_TIMEOUT_MS / 2_000  # of virtual time

        play(node, script)
        assert node.stored == list(range(1, BLOCKS + 1))


def test_a_claim_that_enough_make_is_believed(tmp_path: Path) -> None:
    """Both others say it: consensus begins above what they have."""
    chain = GrownChain(BLOCKS)
    with late(tmp_path, NODES) as node:
        node.peers.answers |= {LIAR: chain.honest, HONEST: chain.honest}

        async def script() -> None:
            for peer in (HONEST, LIAR):
                node.sync.heard(peer, chain.status())
            await node.until(lambda: bool(node.began))

        play(node, script)
        assert node.began == [BLOCKS + 1]


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ({}, None),
        ({FIRST: 9}, None),
        ({FIRST: 9, SECOND: 4}, 4),
        ({FIRST: 9, SECOND: 9}, 9),
        ({FIRST: CLAIM, SECOND: 0}, 0),
        ({OWN: 7, FIRST: CLAIM, SECOND: 3}, 7),
    ],
)
def test_the_height_that_somebody_honest_has(told: dict[Address, int], believed: int | None) -> None:
    """Three of equal power: what two of them say, at the least."""
    nodes = {address: address[:8] for address in (OWN, FIRST, SECOND)}
    assert told_by_a_third(genesis().validators, nodes, {nodes[address]: height for address, height in told.items()}) == believed
