"""Evidence waits on disk, is told to all until a block has it, and is forgotten then; what does not hold never gets in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gridnode.chain.evidence import Evidence
from gridnode.modules.validators import offences
from gridnode.node import evidence_pool
from gridnode.primitives.errors import PeerFault, Rejected
from gridnode.primitives.ids import NO_HASH, PublicKey, Signature
from gridnode.primitives.limits import MAX_BLOCK_EVIDENCE
from tests.unit.node.evidence_node import Node
from tests.validators_world import A, address, double_proposal, double_vote, vote


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """At height 2."""
    made = Node(tmp_path / "db")
    made.block()
    made.block()
    yield made
    made.store.close()


def test_what_consensus_finds_is_told_and_goes_into_the_next_block(node: Node) -> None:
    node.pool.found(vote("mea", 2, NO_HASH), vote("mea", 2, A))
    assert node.told == [double_vote("mea", 2)]
    assert node.block().block.evidence == (double_vote("mea", 2),)
    assert (node.convicted(), len(node.pool)) == (["mea"], 0)
    assert node.block().block.evidence == ()
    node.reopen()
    assert len(node.pool) == 0


def test_it_outlives_a_restart_and_is_told_again(node: Node) -> None:
    node.pool.heard(double_vote("mea", 1))
    assert node.told == [], "the network passes on what others tell"
    node.reopen()
    assert node.pool.pending() == [double_vote("mea", 1)]
    node.pool.repeat()
    assert node.told == [double_vote("mea", 1)]
    node.block()
    assert node.convicted() == ["mea"]


def test_one_piece_a_key(node: Node) -> None:
    node.pool.heard(double_vote("mea", 1))
    node.pool.heard(double_vote("mea", 2))
    node.pool.heard(double_proposal("mea", 2))
    node.pool.found(vote("mea", 2, NO_HASH), vote("mea", 2, A))
    node.pool.heard(double_vote("pea", 2))
    assert sorted(piece.votes[0].height for piece in node.pool.pending()) == [1, 2]
    assert node.told == []
    assert len(node.pool.pending()) <= MAX_BLOCK_EVIDENCE


def test_what_another_proposer_has_carried_is_forgotten(node: Node) -> None:
    node.pool.heard(double_vote("mea", 1))
    node.block(evidence=False)
    assert len(node.pool) == 1
    node.block()
    node.pool.heard(double_vote("mea", 2))
    node.pool.found(vote("mea", 1, NO_HASH), vote("mea", 1, A))
    assert (len(node.pool), node.told) == (0, [])


def test_of_the_height_under_way_it_is_taken_and_of_later_ones_not_yet(node: Node) -> None:
    node.pool.heard(double_vote("mea", 4))
    assert len(node.pool) == 0
    node.pool.heard(double_vote("mea", 3))
    assert len(node.pool) == 1
    node.block()
    assert node.convicted() == ["mea"]


def wrong() -> list[tuple[str, Any]]:
    """What nobody honest tells."""
    good = double_vote("mea", 1)
    unsigned = tuple(replace(item, signature=Signature(bytes(64))) for item in good.votes)
    return [
        ("the same twice", Evidence((good.votes[0], good.votes[0]), ())),
        ("nothing", Evidence((), ())),
        ("two of different heights", Evidence(tuple(sorted((vote("mea", 1, A), vote("mea", 2, A)), key=str)), ())),
        ("unsigned", Evidence(unsigned, ())),
    ]


@pytest.mark.parametrize(("_", "piece"), wrong(), ids=[name for name, _ in wrong()])
def test_forged_evidence_is_the_senders_fault(node: Node, _: str, piece: Evidence) -> None:
    with pytest.raises(PeerFault, match="wrong evidence"):
        node.pool.heard(piece)
    assert len(node.pool) == 0


def test_what_is_only_of_no_use_blames_nobody(node: Node) -> None:
    """A stranger may be licensed by a block that is not here; what is late was true once."""
    for piece in (double_vote("stranger", 1), double_vote("mea", 99)):
        node.pool.heard(piece)
    assert len(node.pool) == 0


def test_a_known_piece_costs_no_signature(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heard again, another of the same key, or still waiting after a block: it was verified when it was let in."""
    verified: list[Evidence] = []
    check = offences.check_signatures

    def counted(evidence: Evidence, chain_id: str, key: PublicKey) -> None:
        verified.append(evidence)
        check(evidence, chain_id, key)

    monkeypatch.setattr(offences, "check_signatures", counted)
    for height in (1, 2, 1):
        node.pool.heard(double_vote("mea", height))
    node.pool.found(vote("mea", 2, NO_HASH), vote("mea", 2, A))
    node.block(evidence=False)
    assert verified == [double_vote("mea", 1)]
    assert node.pool.accuses(address("mea"))


def test_a_full_pool_says_so(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """To whom reports; whoever merely passes it on is not blamed, and what waits goes into blocks."""
    monkeypatch.setattr(evidence_pool, "MAX_EVIDENCE_POOL", 1)
    assert node.pool.report(double_vote("mea", 1))
    with pytest.raises(Rejected, match="POOL_FULL: expected at most 1"):
        node.pool.report(double_vote("pea", 1))
    node.pool.heard(double_vote("pea", 1))
    assert not node.pool.report(double_vote("mea", 2)), "known"
    node.block()
    assert node.pool.report(double_vote("pea", 1))
