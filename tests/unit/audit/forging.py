"""Blocks that tell something else than what happened, sealed as if all validators had agreed on it: only the rules can tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from gridnode.audit.reading import read_block
from gridnode.chain.block import EnergySummary, header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.kinds import kind_of, to_event
from gridnode.chain.recorded import RecordedBlock
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.codec.records import encode
from gridnode.crypto.merkle import root
from gridnode.primitives.ids import Signature
from tests.chain_in_memory import keys_of, validators

Change = Callable[[Any], Any]
"""Gives another record for one, or None to leave it out, or a list to put in its place."""


def sealed(recorded: RecordedBlock) -> RecordedBlock:
    """The block with a header that fits its receipts, and a commit of all validators."""
    receipts_root = root([encode(receipt) for receipt in recorded.receipts])
    block = replace(recorded.block, header=replace(recorded.block.header, receipts_root=receipts_root))
    header = block.header
    block_hash = header_hash(header)
    signed = vote_hash(header.chain_id, VoteKind.PRECOMMIT, header.height, 0, block_hash)
    names = sorted(validators(), key=lambda one: one.address)
    signatures = tuple(Signature(keys_of(f"{one.name}-node").sign(signed)) for one in names)
    return RecordedBlock(block, Commit(header.height, 0, block_hash, signatures), recorded.receipts)


def with_hooks(recorded: RecordedBlock, change: Callable[[list[Any]], list[Any]]) -> RecordedBlock:
    """The block with other events of the market in the receipt of its hooks; `change` gets and gives them as records."""
    told = list(read_block(recorded).hooks)
    kinds = {kind_of(type(event)) for event in told}
    hooks = recorded.receipts[-1]
    others = [event for event in hooks.events if event.kind not in kinds]
    events = tuple(to_event(event) for event in change(told))
    receipts = (*recorded.receipts[:-1], replace(hooks, events=(*events, *others)))
    return sealed(replace(recorded, receipts=receipts))


def with_event(recorded: RecordedBlock, cls: type[Any], change: Change) -> RecordedBlock:
    """The block with another event in place of the first one of a class."""

    def changed(told: list[Any]) -> list[Any]:
        at = next(place for place, event in enumerate(told) if isinstance(event, cls))
        new = change(told[at])
        return [*told[:at], *(new if isinstance(new, list) else [] if new is None else [new]), *told[at + 1 :]]

    return with_hooks(recorded, changed)


def with_energy(recorded: RecordedBlock, change: Callable[[EnergySummary], EnergySummary]) -> RecordedBlock:
    """The block with another energy summary in its header."""
    header = recorded.block.header
    block = replace(recorded.block, header=replace(header, energy=change(header.energy)))
    return sealed(replace(recorded, block=block))


def block_with(recorded: Sequence[RecordedBlock], cls: type[Any], where: Callable[[Any], bool] = lambda _: True) -> int:
    """Place of the first block whose hooks tell of an event of a class."""
    return next(
        place
        for place, block in enumerate(recorded)
        if any(isinstance(event, cls) and where(event) for event in read_block(block).hooks)
    )
