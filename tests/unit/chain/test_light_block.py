"""A light block in canonical bytes; the largest one that its records allow fits the bound on which answers rest."""

from __future__ import annotations

from dataclasses import replace

from gridnode.chain.block import EnergySummary, SourceEnergy
from gridnode.chain.clearing import ClearingSummary, LineResult, ZoneResult
from gridnode.chain.light_block import LightBlock, LightBlocks
from gridnode.chain.validators import MAX_POWER, Validator, ValidatorSet
from gridnode.codec.records import decode, encode
from gridnode.primitives.limits import (
    MAX_AUCTION_LINES,
    MAX_AUCTION_NUMBER,
    MAX_CLEARINGS,
    MAX_GRID_NODES,
    MAX_I64,
    MAX_LIGHT_BLOCK_BYTES,
    MAX_LIGHT_BLOCKS,
    MAX_LIGHT_BYTES,
    MAX_NAME_CHARS,
    MAX_RESPONSE_BYTES,
    MAX_ROUND,
    MAX_SOURCES,
    MAX_U32,
    MAX_U64,
    MAX_VALIDATORS,
)
from gridnode.sync.messages import LightRequest
from gridnode.sync.responder import answer_light
from tests.light_chain import LightChain

NAME = "n" * MAX_NAME_CHARS


def largest() -> LightBlock:
    """Every list full, every number large."""
    zone = ZoneResult(NAME, -MAX_I64, MAX_U64, MAX_U64)
    line = LineResult(NAME, NAME, MAX_AUCTION_NUMBER, MAX_AUCTION_NUMBER, MAX_AUCTION_NUMBER)
    clearing = ClearingSummary(MAX_U64, (zone,) * MAX_GRID_NODES, (line,) * MAX_AUCTION_LINES, MAX_U32, bytes(32))
    sources = (SourceEnergy(NAME, MAX_I64),) * MAX_SOURCES
    energy = EnergySummary(MAX_I64, MAX_I64, MAX_I64, MAX_I64, MAX_I64, sources, (clearing,) * MAX_CLEARINGS)
    block = LightChain([{0: 1}] * 2).at(1)
    header = replace(block.header, chain_id=NAME, height=MAX_U64, time_ms=MAX_U64, transaction_count=MAX_U32, energy=energy)
    member = Validator(NAME, bytes(20), bytes(32), MAX_POWER, bytes(20))
    commit = replace(block.commit, height=MAX_U64, round=MAX_ROUND, signatures=(bytes(64),) * MAX_VALIDATORS)
    return LightBlock(header, commit, ValidatorSet((member,) * MAX_VALIDATORS))


def test_a_light_block_comes_back_from_its_bytes() -> None:
    block = LightChain([{0: 1, 1: 2}, {1: 1}]).at(1)
    assert decode(LightBlock, encode(block)) == block


def test_the_largest_one_fits_and_so_does_an_answer_of_many() -> None:
    """The bound of one is not far from the truth; of many that are asked for at once some are left out."""
    block = largest()
    size = len(encode(block))
    assert MAX_LIGHT_BLOCK_BYTES // 2 < size < MAX_LIGHT_BLOCK_BYTES
    answer = answer_light(LightRequest((7,) * MAX_LIGHT_BLOCKS), 9, lambda height: block if height == 7 else None)
    assert len(answer) < MAX_RESPONSE_BYTES
    assert len(decode(LightBlocks, answer).blocks) == MAX_LIGHT_BYTES // size


def test_what_is_not_there_is_left_out() -> None:
    chain = LightChain([{0: 1}] * 6)
    answer = answer_light(LightRequest((9, 0, 3, 2)), 5, chain.give)
    assert [block.header.height for block in decode(LightBlocks, answer).blocks] == [5, 3, 2]
