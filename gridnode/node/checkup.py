"""The checkup before a start, and of `gridnode doctor`: reads everything, writes nothing of the node's, and says what to do.

An existing database is opened, as LevelDB opens it, and closed again; none is made. A checkup goes as far as it can: what a later check
needs of an earlier one that failed is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import Proposal, Vote, VoteKind, vote_hash
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import ProposalReceived, StartHeight, VoteReceived
from gridnode.consensus.journal import event_of
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import verify
from gridnode.execution.genesis import opening_writes
from gridnode.modules.validators.lease import Lease, lease_of
from gridnode.modules.validators.rules import current_set, proposers
from gridnode.node.assemble import machine_key
from gridnode.node.clock import now_ms
from gridnode.node.config import SIGNING_TYPES, Config, load_config
from gridnode.node.consensus_key import GUARD_FILE, check_member, own_keys
from gridnode.node.findings import Finding, Verdict, ok, refusal
from gridnode.node.genesis_file import load_genesis
from gridnode.node.light_walk import terms_of
from gridnode.node.memory import Memory, judge, place_of
from gridnode.node.surroundings import check_clock, check_disk, check_ports, check_secrets
from gridnode.primitives.errors import InvariantBroken, Malformed, OperatorError
from gridnode.primitives.ids import Address, PublicKey
from gridnode.primitives.units import Height
from gridnode.signer.greet import greet
from gridnode.state.commitment import Commitment
from gridnode.state.kv import MemoryReader
from gridnode.storage.block_store import BlockStore
from gridnode.storage.first_guard import is_marked_new
from gridnode.storage.leveldb import Column, Database
from gridnode.storage.sign_guard import LastSigned, last_signed, message_of
from gridnode.storage.wal import Segment, survey

LOOKED_AT_COMMITS: Final = 32
"""Newest commits that are searched for a precommit of the own key, signatures and all; a running node searches on."""
SIGNER_PATIENCE_S: Final = 10.0
"""A signer that is started together with its node is waited for so long."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database says."""

    tip: int
    """Height of the newest block."""
    time_ms: int
    """Its time; that of genesis when there is none."""
    validators: ValidatorSet
    """Who votes on the next block."""
    lease: Lease | None
    """Of the validator asked for."""
    own_commit: int
    """Newest of the latest commits that its key has signed."""
    proposers: tuple[Address, ...]
    """In which order the validators propose the next block."""


def check_up(config_path: Path) -> list[Finding]:
    """Everything that was looked at, in order; what is wrong is among it."""
    try:
        config = load_config(config_path)
    except OperatorError as error:
        return [refusal("configuration", str(error))]
    folder = config_path.resolve().parent
    secrets = check_secrets(config, folder)
    found = [ok("configuration", str(config_path)), *secrets, *check_disk(folder / config.data_dir), *check_ports(config)]
    try:
        genesis = load_genesis(folder / config.genesis)
    except OperatorError as error:
        return [*found, refusal("genesis", str(error))]
    found.append(ok("genesis", genesis.chain_id))
    if config.sync.mode == "snapshot":
        try:
            found.append(ok("sync", f"blocks are trusted for {terms_of(genesis, config.sync).trusting_period_ms} ms"))
        except OperatorError as error:
            return [*found, refusal("sync", str(error))]
    if refusals(secrets):
        return found  # nothing more is read with them
    return [*found, *_check_memory(config, folder, genesis)]


def refusals(findings: list[Finding]) -> list[Finding]:
    """Those that forbid a start."""
    return [finding for finding in findings if finding.verdict is Verdict.REFUSE]


def _check_memory(config: Config, folder: Path, genesis: Genesis) -> list[Finding]:
    found: list[Finding] = []
    data = folder / config.data_dir
    key: tuple[PublicKey, LastSigned | None] | None = None
    if config.type in SIGNING_TYPES:
        try:
            key = read_key(config, folder, genesis)
            found.append(ok("key", key[0].hex()))
        except OperatorError as error:
            found.append(refusal("key", str(error)))
    try:
        stored = read_stored(data / "chain", genesis, key[0] if key else None)
    except (OperatorError, InvariantBroken) as error:
        return [*found, refusal("chain", str(error))]
    found += [ok("chain", f"height {stored.tip}"), check_clock(now_ms(), stored.time_ms)]
    if key is None:
        return found
    try:
        return [*found, *judge(memory_of(config, folder, genesis, stored, *key))]
    except OperatorError as error:
        return [*found, refusal("log", str(error))]


def read_key(config: Config, folder: Path, genesis: Genesis) -> tuple[PublicKey, LastSigned | None]:
    """The consensus key and what its guard remembers. Raises OperatorError."""
    assert config.validator is not None, "of a type that signs"
    if config.validator.signer:
        welcome = greet(folder / config.validator.signer, genesis.chain_id, SIGNER_PATIENCE_S)
        check_member(config, genesis, welcome.public_key, "validator.signer")
        return welcome.public_key, welcome.last[0] if welcome.last else None
    keys = own_keys(config.validator, folder)
    check_member(config, genesis, keys.public_key, "validator.keystore")
    return keys.public_key, last_signed(folder / config.data_dir / GUARD_FILE)


def read_stored(path: Path, genesis: Genesis, key: PublicKey | None) -> Stored:
    """What the database at `path` holds; that of a chain before its first block when there is none.

    Raises OperatorError when it is in use, damaged or another chain's, InvariantBroken when it does not fit together.
    """
    if not (path / "CURRENT").exists():
        return _before_the_first(genesis)
    database = Database(path, genesis_hash(genesis))
    try:
        return _read_stored(database, genesis, key)
    finally:
        database.close()


def _before_the_first(genesis: Genesis) -> Stored:
    opening = MemoryReader()
    opening.apply(opening_writes(genesis))
    return Stored(0, genesis.time_ms, genesis.validators, None, 0, proposers(opening))


def _read_stored(database: Database, genesis: Genesis, key: PublicKey | None) -> Stored:
    blocks, state = BlockStore(database), database.view(Column.STATE)
    tip = blocks.height
    if not tip:
        return _before_the_first(genesis)
    header, commit = blocks.header(tip), blocks.commit(tip)
    has_block = tip < blocks.first or blocks.block(tip) is not None  # a node that began from a snapshot has no whole block yet
    if header is None or commit is None or not has_block:
        raise InvariantBroken("tip", f"block {tip} or its commit is not stored")
    if Commitment(database.view(Column.PAGES)).root != header.state_root:
        raise InvariantBroken("state-root", f"the stored state is not that of block {tip}")
    lease = None if key is None else lease_of(state, address_of(key))
    own = 0 if key is None else _own_commit(blocks, genesis.chain_id, key)
    return Stored(tip, header.time_ms, current_set(state), lease, own, proposers(state))


def _own_commit(blocks: BlockStore, chain_id: str, key: PublicKey) -> int:
    """Newest of the latest heights whose commit has a precommit of `key`; 0 when none has."""
    for height in range(blocks.height, max(0, blocks.height - LOOKED_AT_COMMITS), -1):
        commit = blocks.commit(height)
        if commit is None:
            continue
        signed = vote_hash(chain_id, VoteKind.PRECOMMIT, height, commit.round, commit.block_hash)
        if any(signature and verify(key, signed, signature) for signature in commit.signatures):
            return height
    return 0


def memory_of(
    config: Config, folder: Path, genesis: Genesis, stored: Stored, key: PublicKey, last: LastSigned | None
) -> Memory:
    """All that is remembered of the validator's signatures. Raises OperatorError when the log is damaged."""
    segments = tuple(survey(folder / config.data_dir / "wal"))
    own = address_of(key)
    logged = [message for segment in segments for message in _own_messages(segment, own)]
    leads = last is not None and _leads_to(genesis, stored, segments, own, last)
    return Memory(
        genesis.chain_id,
        key,
        stored.tip,
        last,
        segments,
        _own_height(config, folder, stored),
        max(logged, key=place_of, default=None),
        is_marked_new(folder / config.data_dir),
        leads,
    )


def _own_height(config: Config, folder: Path, stored: Stored) -> int:
    """The newest commit that this machine itself has signed, not the other of its pair."""
    assert config.validator is not None, "of a type that signs"
    lease = stored.lease
    if lease is None:
        return 0 if config.validator.pair == "standby" else stored.own_commit
    return stored.own_commit if lease.machine == machine_key(config, folder) and stored.own_commit >= lease.since else 0


def _own_messages(segment: Segment, own: Address) -> list[Vote | Proposal]:
    found: list[Vote | Proposal] = []
    for entry in segment.entries:
        try:
            event = event_of(entry)
        except Malformed as error:
            raise OperatorError(f"the log of height {segment.height} has an entry that no node wrote: {error}") from None
        if isinstance(event, VoteReceived) and event.vote.validator == own:
            found.append(event.vote)
        elif isinstance(event, ProposalReceived) and event.proposal.proposer == own:
            found.append(event.proposal)
    return found


def _leads_to(
    genesis: Genesis, stored: Stored, segments: tuple[Segment, ...], own: Address, last: LastSigned
) -> bool:
    """Whether the replay of the log explains the guard's record of the next height: what the node itself finds at its start."""
    engine = Engine(genesis.params, own)
    entries = [entry for segment in segments for entry in segment.entries]
    engine.restore(StartHeight(Height(stored.tip + 1), stored.validators, stored.proposers), entries, message_of(last, own))
    return engine.signs
