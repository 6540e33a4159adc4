"""What travels between nodes: a byte that names the message, then its canonical bytes, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.chain.block import CompactBlock
from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus.summary import BlockMarks, RoundHeard, Summary, VotesHeard
from gridnode.node.wire import from_wire, to_wire
from gridnode.primitives.errors import PeerFault
from gridnode.sync.messages import ProposedBlock, Status
from tests.chain_in_memory import MemoryChain, account
from tests.validators_world import double_vote

HASH, SIGNATURE = b"h" * 32, b"s" * 64


def messages() -> dict[int, ProposedBlock | Vote | Commit | Status | Evidence | Summary]:
    """One of each kind by its number."""
    block = MemoryChain().build([]).block
    proposal = Proposal(1, 0, -1, HASH, account("mea-node"), SIGNATURE)
    heard = VotesHeard((BlockMarks(HASH, b"\x05"), BlockMarks(b"", b"\x02")), b"\x08")
    return {
        1: ProposedBlock(proposal, CompactBlock(block.header, (), block.last_commit)),
        2: Vote(VoteKind.PRECOMMIT, 1, 0, HASH, account("mea-node"), SIGNATURE),
        3: Commit(1, 0, HASH, (SIGNATURE, b"", SIGNATURE)),
        4: Status(HASH, 7, HASH),
        5: double_vote("mea", 1),
        6: Summary(2, 1, 3, 0, True, (RoundHeard(1, HASH, heard, VotesHeard((), b"")),)),
    }


def test_every_message_comes_back_and_has_its_number() -> None:
    """The numbers are part of the protocol."""
    for number, message in messages().items():
        payload = to_wire(message)
        assert payload[0] == number
        assert from_wire(payload) == message


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x07\x90", b"\xff"], ids=["empty", "zero", "above", "far above"])
def test_unknown_kinds_are_the_senders_fault(payload: bytes) -> None:
    """The line says what was expected."""
    with pytest.raises(PeerFault, match="kind 1 to 6"):
        from_wire(payload)


def test_one_byte_more_or_less_is_another_message() -> None:
    """Canonical bytes have no slack."""
    for message in messages().values():
        for payload in (to_wire(message) + b"\x00", to_wire(message)[:-1]):
            with pytest.raises(PeerFault, match="malformed"):
                from_wire(payload)


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_fail_or_mean_themselves(payload: bytes) -> None:
    """Whatever a peer sends is a message with exactly these bytes, or a fault."""
    try:
        message = from_wire(payload)
    except PeerFault:
        return
    assert to_wire(message) == payload
