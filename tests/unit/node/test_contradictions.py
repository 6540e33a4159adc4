"""A second message that comes when its height is decided convicts as one in time does; repeated, forged or too many ones do not pay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gridnode.chain.commit import Commit
from gridnode.chain.vote import Vote, VoteKind
from gridnode.crypto.keys import verify
from gridnode.node.checked import CheckedSignatures
from gridnode.node.contradictions import Contradictions
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.ids import NO_HASH, Hash, Signature
from gridnode.primitives.limits import MAX_LATE_LOOKS, MAX_SAID, PAST_HEIGHTS
from tests.unit.node.evidence_node import Node
from tests.validators_world import A, B, double_proposal, double_vote, proposal, vote

PEER = b"p" * 32


class Listener(Node):
    """A node that hears what others say."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.checked = CheckedSignatures(verify)
        self.ear = Contradictions(self.store, self.pool, self.checked)

    def precommit(self, name: str, height: int, block_hash: Hash = NO_HASH, round_: int = 0) -> Vote:
        """Not for the block that is stored."""
        return vote(name, height, block_hash, round_, VoteKind.PRECOMMIT)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Listener]:
    """At height 2."""
    made = Listener(tmp_path / "db")
    made.block()
    made.block()
    yield made
    made.store.close()


def test_a_vote_that_comes_when_all_is_over(node: Listener) -> None:
    """Heard in time: the first. The second comes a block later."""
    node.ear.heard(vote("mea", 3, A))
    node.ear.heard(vote("pea", 3, A))
    node.block()
    node.ear.late(PEER, vote("pea", 3, A))
    assert node.told == []
    node.ear.late(PEER, vote("mea", 3, NO_HASH))
    assert node.told == [double_vote("mea", 3)]
    node.block()
    assert node.convicted() == ["mea"]


def test_a_proposal_that_comes_when_all_is_over(node: Listener) -> None:
    node.ear.heard(proposal("mea", 3, A))
    node.block()
    node.ear.late(PEER, proposal("mea", 3, A))
    node.ear.late(PEER, proposal("mea", 3, B))
    assert node.told == [double_proposal("mea", 3)]


def test_both_may_be_late(node: Listener) -> None:
    """Neither was heard here before; each comes once more, too."""
    for _ in range(2):
        node.ear.late(PEER, vote("mea", 2, A))
        node.ear.late(PEER, vote("pea", 2, A, 1))
        node.ear.late(PEER, vote("pea", 2, NO_HASH, 2))
    assert (node.told, node.checked.verified) == ([], 3)
    node.ear.late(PEER, vote("mea", 2, NO_HASH))
    assert node.told == [double_vote("mea", 2)]


def test_what_waits_for_consensus_while_its_height_is_decided(node: Listener) -> None:
    """Two messages in time, of which consensus does not see the second any more."""
    node.ear.heard(vote("mea", 3, A))
    node.ear.heard(vote("mea", 3, NO_HASH))
    assert node.told == [double_vote("mea", 3)]


def test_a_precommit_against_a_stored_commit(node: Listener) -> None:
    """However far below, and though nothing of it was ever heard here: the blocks came by sync."""
    for _ in range(PAST_HEIGHTS + 3):
        node.block()
    node.ear.late(PEER, replace(node.precommit("mea", 1), round=1))
    node.ear.late(PEER, vote("mea", 1, A))
    assert (node.told, node.checked.verified) == ([], 0), "another round, or a prevote: nothing is known to contradict them"
    node.ear.late(PEER, node.precommit("mea", 1))
    [piece] = node.told
    stored = node.store.commit_of(1)
    assert stored is not None
    assert {said.block_hash for said in piece.votes} == {NO_HASH, stored.block_hash}
    node.block()
    assert node.convicted() == ["mea"]


def test_a_commit_of_another_block(node: Listener) -> None:
    """All who have signed both are guilty, and nobody else; two rounds say nothing."""
    signatures = [node.precommit(one, 1, A).signature for one in ("egat", "mea", "pea")]
    by_address = {member.name: index for index, member in enumerate(node.store.validators.members)}
    for name in ("mea", "pea"):
        row = [Signature(b"")] * 3
        row[by_address[name]] = signatures[("egat", "mea", "pea").index(name)]
        node.ear.late_commit(PEER, Commit(1, 1, A, tuple(row)))
        assert len(node.told) == (0 if name == "mea" else 1)
        node.ear.late_commit(PEER, Commit(1, 0, A, tuple(row)))
    assert [piece.votes[0].validator for piece in node.told] == [node.precommit(one, 1).validator for one in ("mea", "pea")]
    node.block()
    assert sorted(node.convicted()) == ["mea", "pea"]


def test_a_commit_that_is_cut_accuses_nobody(node: Listener) -> None:
    node.ear.late_commit(PEER, Commit(1, 0, A, ()))
    stored = node.store.commit_of(1)
    assert stored is not None
    node.ear.late_commit(PEER, stored)
    node.ear.late_commit(PEER, Commit(9, 0, A, (Signature(b"x"),)))
    node.ear.late_commit(PEER, Commit(0, 0, NO_HASH, ()))
    assert (node.told, node.checked.verified) == ([], 0)


@pytest.mark.parametrize("kind", VoteKind)
def test_forged_ones_are_the_senders_fault(node: Listener, kind: VoteKind) -> None:
    """Whether they would accuse somebody or be remembered."""
    forged = replace(vote("mea", 2, A, kind=kind), signature=vote("pea", 2, A, kind=kind).signature)
    with pytest.raises(PeerFault, match="late message of mea"):
        node.ear.late(PEER, forged)
    with pytest.raises(PeerFault, match="late message of mea"):
        node.ear.late(PEER, replace(proposal("mea", 2, A), signature=Signature(bytes(64))))
    with pytest.raises(PeerFault, match="late message"):
        node.ear.late_commit(PEER, Commit(1, 0, A, (Signature(b"short"), Signature(b""), Signature(b""))))
    assert (len(node.pool), len(node.ear)) == (0, 0)


def test_strangers_and_heights_that_were_none(node: Listener) -> None:
    for height in (0, 1, 2):
        node.ear.late(PEER, vote("stranger", height, A))
        node.ear.late(PEER, vote("stranger", height, A, kind=VoteKind.PRECOMMIT))
    assert (len(node.ear), node.checked.verified) == (0, 0)


def test_once_accused_it_costs_nothing(node: Listener) -> None:
    node.ear.heard(vote("mea", 3, A))
    node.block()
    node.ear.late(PEER, vote("mea", 3, NO_HASH))
    verified = node.checked.verified
    for number in range(50):
        node.ear.late(PEER, vote("mea", 3, Hash(bytes([number]) * 32)))
    assert (node.checked.verified, len(node.told)) == (verified, 1)


def test_stored_commits_are_looked_at_so_often(node: Listener) -> None:
    """Of one peer, for each block; others are not held up."""
    for _ in range(MAX_LATE_LOOKS):
        node.ear.late(PEER, node.precommit("stranger", 1))
    node.ear.late(PEER, node.precommit("mea", 1, A))
    assert node.told == []
    node.ear.late(b"q" * 32, node.precommit("pea", 1, A))
    assert len(node.told) == 1
    node.block(evidence=False)
    node.ear.late(PEER, node.precommit("mea", 1, B))
    assert len(node.told) == 2


def test_memory_is_bounded(node: Listener) -> None:
    """By rounds, the lowest of which are kept, by heights, and by what is to come."""
    for round_ in reversed(range(2 * MAX_SAID)):
        node.ear.heard(vote("mea", 3, A, round_))
    assert len(node.ear) == MAX_SAID
    node.ear.heard(vote("mea", 3, NO_HASH, MAX_SAID - 1))
    assert len(node.told) == 1
    for height in range(5, 99):
        node.ear.heard(vote("pea", height, A))
    assert len(node.ear) == MAX_SAID
    for _ in range(PAST_HEIGHTS + 1):
        node.block(evidence=False)
    node.ear.heard(vote("pea", node.store.next_height, A))
    assert len(node.ear) == 1
