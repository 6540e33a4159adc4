"""Votes and proposals: the bytes that are signed, and that no two different statements share them."""

from gridnode.chain.vote import Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.codec.records import decode, encode, from_json, to_json
from gridnode.crypto.hashing import Tag
from gridnode.primitives.limits import MAX_ROUND
from tests.vectors.samples import NIL_VOTE, PROPOSAL, VOTE

HASH = b"\x11" * 32


def test_what_a_vote_signs_written_out() -> None:
    signed = b"\x95" + b"\xa1c" + b"\x02" + b"\xcd\x01\x00" + b"\x03" + b"\xc4\x20" + HASH
    assert vote_hash("c", VoteKind.PRECOMMIT, 256, 3, HASH) == Tag("gridnode/vote").hash(signed)
    nil = b"\x95" + b"\xa1c" + b"\x01" + b"\x01" + b"\x00" + b"\xc4\x00"
    assert vote_hash("c", VoteKind.PREVOTE, 1, 0, b"") == Tag("gridnode/vote").hash(nil)


def test_what_a_proposal_signs_written_out() -> None:
    signed = b"\x95" + b"\xa1c" + b"\x05" + b"\x01" + b"\xff" + b"\xc4\x20" + HASH
    assert proposal_hash("c", 5, 1, -1, HASH) == Tag("gridnode/proposal").hash(signed)


def test_no_two_statements_share_what_is_signed() -> None:
    statements = [
        vote_hash("c", VoteKind.PREVOTE, 1, 0, HASH),
        vote_hash("d", VoteKind.PREVOTE, 1, 0, HASH),
        vote_hash("c", VoteKind.PRECOMMIT, 1, 0, HASH),
        vote_hash("c", VoteKind.PREVOTE, 2, 0, HASH),
        vote_hash("c", VoteKind.PREVOTE, 1, 1, HASH),
        vote_hash("c", VoteKind.PREVOTE, 1, 0, b""),
        vote_hash("c", VoteKind.PREVOTE, 1, MAX_ROUND, HASH),
        proposal_hash("c", 1, 0, -1, HASH),
        proposal_hash("c", 1, 0, 0, HASH),
        proposal_hash("c", 1, 1, 0, HASH),
        proposal_hash("c", 2, 0, -1, HASH),
        proposal_hash("d", 1, 0, -1, HASH),
        proposal_hash("c", 1, 0, -1, b"\x12" * 32),
    ]
    assert len(set(statements)) == len(statements)


def test_kinds_come_back_as_members() -> None:
    assert decode(Vote, encode(VOTE)).kind is VoteKind.PRECOMMIT
    assert from_json(Vote, to_json(VOTE)).kind is VoteKind.PRECOMMIT
    assert to_json(NIL_VOTE)["kind"] == "prevote"
    assert to_json(NIL_VOTE)["block_hash"] == ""


def test_a_new_proposal_has_no_valid_round() -> None:
    assert decode(Proposal, encode(PROPOSAL)).valid_round == -1
