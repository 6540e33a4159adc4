"""Genesis: the first state of a chain, from which every node starts.

The TOML file that people edit is read above (`gridnode.node.genesis_file`); this is its canonical record. Its hash is the
`previous_hash` of block 1. Each module declares the record of its own opening state and receives its bytes.
"""

from __future__ import annotations

from typing import Annotated

from gridnode.chain.validators import ValidatorSet
from gridnode.codec.fields import NAME, U32, U64, Bytes, Int, ListOf
from gridnode.codec.records import Nested, encode, record
from gridnode.crypto.hashing import Tag
from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, MAX_RECORD_BYTES
from gridnode.primitives.units import DurationMs, TimeMs

_GENESIS = Tag("gridnode/genesis")
MAX_MODULES = 64


@record
class ChainParams:
    """Parameters of block making and consensus timing."""

    block_interval_ms: Annotated[DurationMs, Int(10, 60_000)]  # least time between blocks when there is work
    heartbeat_ms: Annotated[DurationMs, Int(100, 600_000)]  # time after which an empty block is made
    propose_timeout_ms: Annotated[DurationMs, Int(50, 600_000)]  # wait for a proposal in round 0
    vote_timeout_ms: Annotated[DurationMs, Int(50, 600_000)]  # wait for more votes after a quorum of mixed ones in round 0
    timeout_step_ms: Annotated[DurationMs, Int(10, 60_000)]  # added to each timeout per round
    timeout_cap_ms: Annotated[DurationMs, Int(100, 600_000)]  # no timeout is longer
    max_block_bytes: Annotated[int, Int(65_536, MAX_BLOCK_BYTES)]  # sum of transaction bytes
    max_block_transactions: Annotated[int, Int(1, MAX_BLOCK_TRANSACTIONS)]
    max_block_messages: Annotated[int, Int(256, 1_000_000)]  # messages in a block


@record
class ModuleGenesis:
    """Opening state of one module: canonical bytes of the record that the module declares."""

    module: Annotated[str, NAME]
    state: Annotated[bytes, Bytes(1, MAX_RECORD_BYTES)]


@record
class Genesis:
    """Everything a chain starts from."""

    chain_id: Annotated[str, NAME]  # every signature on the chain covers it
    time_ms: Annotated[TimeMs, U64]  # chain time of height 0
    version: Annotated[int, U32]  # of the rules
    params: Annotated[ChainParams, Nested(ChainParams)]
    validators: Annotated[ValidatorSet, Nested(ValidatorSet)]
    modules: Annotated[tuple[ModuleGenesis, ...], ListOf(Nested(ModuleGenesis), MAX_MODULES)]


def genesis_hash(genesis: Genesis) -> Hash:
    """Hash that block 1 names as its previous block."""
    return _GENESIS.hash(encode(genesis))
