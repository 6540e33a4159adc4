"""Finality is judged across changes of the set of validators: each set vouches for the next, from genesis on, and is shown by its hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from gridnode.audit.findings import Fault
from gridnode.audit.verify import Audit
from gridnode.chain.block import header_hash
from gridnode.chain.commit import NO_COMMIT, Commit, commit_hash
from gridnode.chain.genesis import genesis_hash
from gridnode.chain.recorded import RecordedBlock
from gridnode.chain.validators import ValidatorSet, validators_hash
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.crypto.keys import KeyPair
from gridnode.primitives.ids import Signature
from tests.chain_in_memory import keys_of
from tests.light_chain import keys_of as numbered
from tests.light_chain import set_of
from tests.market_chain import MarketChain

FIRST, SECOND = set_of({1: 1, 2: 1, 3: 1}), set_of({2: 5, 4: 1})
KEYS: dict[bytes, KeyPair] = {bytes(numbered(number).public_key): numbered(number) for number in range(1, 5)}
BLOCKS = 8


@pytest.fixture(scope="module")
def chain() -> MarketChain:
    """Blocks of a market, whoever votes on them."""
    made = MarketChain()
    while len(made.recorded) < BLOCKS:
        made.block()
    return made


def sets_of(chain: MarketChain) -> dict[int, ValidatorSet]:
    """Who votes on each height: genesis, from 4 on others, from 6 on others again."""
    return {
        height: chain.genesis.validators if height < 4 else FIRST if height < 6 else SECOND for height in range(1, BLOCKS + 2)
    }


def under(
    chain: MarketChain, sets: Mapping[int, ValidatorSet], signers: Mapping[int, ValidatorSet] | None = None
) -> list[RecordedBlock]:
    """The blocks as a chain whose headers name `sets`, signed by `signers` (those sets)."""
    keys = KEYS | {bytes(member.key): keys_of(f"{member.name}-node") for member in chain.genesis.validators.members}
    previous, commit, made = genesis_hash(chain.genesis), NO_COMMIT, []
    for recorded in chain.recorded[:BLOCKS]:
        height = recorded.block.header.height
        header = replace(
            recorded.block.header,
            previous_hash=previous,
            last_commit_hash=commit_hash(commit),
            validators_hash=validators_hash(sets[height]),
            next_validators_hash=validators_hash(sets[height + 1]),
        )
        block = replace(recorded.block, header=header, last_commit=commit)
        previous = header_hash(header)
        signed = vote_hash(header.chain_id, VoteKind.PRECOMMIT, height, 0, previous)
        members = (signers or sets)[height].members
        commit = Commit(height, 0, previous, tuple(Signature(keys[bytes(member.key)].sign(signed)) for member in members))
        made.append(RecordedBlock(block, commit, recorded.receipts))
    return made


def words_of(chain: MarketChain, blocks: Sequence[RecordedBlock], shown: Mapping[int, ValidatorSet]) -> tuple[int, str]:
    """How far an audit goes that is shown these sets, and what it finds."""
    audit = Audit(chain.genesis, 1)
    for block in blocks:
        height = block.block.header.height
        if not audit.take(block, shown.get(height) if audit.lacks_voters(block.block.header) else None):
            break
    assert all(finding.fault is Fault.CHAIN for finding in audit.report.findings)
    return audit.height, " ".join(str(finding) for finding in audit.report.findings)


def test_an_audit_goes_on_when_the_validators_change(chain: MarketChain) -> None:
    sets = sets_of(chain)
    assert words_of(chain, under(chain, sets), sets) == (BLOCKS, "")


def test_a_set_that_is_not_shown_or_another_one_ends_it(chain: MarketChain) -> None:
    sets = sets_of(chain)
    blocks = under(chain, sets)
    height, words = words_of(chain, blocks, {})
    assert (height, "is not shown" in words) == (4, True)
    height, words = words_of(chain, blocks, sets | {6: FIRST})
    assert (height, "is not the one shown" in words) == (6, True)


def test_whoever_no_longer_votes_makes_nothing_final(chain: MarketChain) -> None:
    sets = sets_of(chain)
    height, words = words_of(chain, under(chain, sets, sets | {6: FIRST}), sets)
    assert (height, "not final" in words) == (6, True)


def test_a_set_that_the_block_before_does_not_name_is_not_believed(chain: MarketChain) -> None:
    """However many of its own members sign: nobody before them has said that they vote."""
    sets = sets_of(chain)
    blocks = under(chain, sets)
    liars = set_of({3: 1})
    forged = under(chain, sets | {7: liars})[:7]
    assert blocks[:5] == forged[:5]
    height, words = words_of(chain, [*blocks[:6], forged[6]], sets | {7: liars})
    assert (height, "next_validators_hash" in words) == (7, True)
