"""The chain that is simulated: the rules of `chain.toml`, validators with keys by number, users with money."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from gridnode.chain.genesis import ChainParams, Genesis, ModuleGenesis, genesis_hash
from gridnode.chain.validators import Validator, validator_set
from gridnode.codec.records import decode, encode
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair, key_pair
from gridnode.modules.registry.tables import Institution, RegistryGenesis, Role
from gridnode.modules.token.tables import Denomination, OpeningBalance, TokenGenesis
from gridnode.modules.validators.tables import ValidatorsGenesis
from gridnode.node.genesis_file import load_genesis
from gridnode.node.ledger_store import Pace, store_over
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount, DurationMs, Power
from gridnode.simulation.disk import Rows
from gridnode.simulation.kernel import Clock, Lock
from gridnode.storage.leveldb import Database

CHAIN_ID: Final = "simulated"
USERS: Final = 8
GRID: Final = 10**18
"""Smallest units of one GRID. The first user has a million GRID, and is a regulator."""
MONEY: Final = Amount(1_000 * 10**9)
"""What each user has at first, 1e-9 THB."""
PARAMS: Final = ChainParams(
    block_interval_ms=DurationMs(100),
    heartbeat_ms=DurationMs(2_000),
    propose_timeout_ms=DurationMs(1_000),
    vote_timeout_ms=DurationMs(500),
    timeout_step_ms=DurationMs(500),
    timeout_cap_ms=DurationMs(8_000),
    max_block_bytes=65_536,
    max_block_transactions=32,
    max_block_messages=256,
)
"""Blocks of at most 32 transactions; a heartbeat of two seconds; timeouts from half a second to eight."""
_RULES: Final = Path(__file__).with_name("chain.toml")


class Chain(NamedTuple):
    """A chain before its first block."""

    genesis: Genesis
    opening: Rows  # a node's database at height 0


def validator_keys(number: int) -> KeyPair:
    """The consensus key of a validator."""
    return _keys(f"validator {number}")


def user_keys(number: int) -> KeyPair:
    """The key of a user."""
    return _keys(f"user {number}")


def user(number: int) -> Address:
    """The account of a user."""
    return address_of(user_keys(number).public_key)


@lru_cache(maxsize=128)
def chain_of(powers: tuple[int, ...], misses_to_jail: int = 0) -> Chain:
    """The chain whose validators have these powers, by number; who misses so many turns in a row is jailed, nobody for 0."""
    rules = load_genesis(_RULES)
    members = [_validator(number, power) for number, power in enumerate(powers)]
    balances = tuple(OpeningBalance(user(number), Denomination.THB, MONEY) for number in range(USERS))
    states = {entry.module: entry.state for entry in rules.modules}
    grid = OpeningBalance(user(0), Denomination.GRID, Amount(1_000_000 * GRID))
    registry = decode(RegistryGenesis, states["registry"])
    regulator = Institution(user(0), Role.REGULATOR, "Simulation")
    states["token"] = encode(replace(decode(TokenGenesis, states["token"]), balances=(*balances, grid)))
    states["registry"] = encode(replace(registry, institutions=(*registry.institutions, regulator)))
    if misses_to_jail:
        rest = decode(ValidatorsGenesis, states["validators"])
        states["validators"] = encode(replace(rest, params=replace(rest.params, misses_to_jail=misses_to_jail)))
    modules = tuple(ModuleGenesis(entry.module, states[entry.module]) for entry in rules.modules)
    genesis = replace(rules, params=PARAMS, validators=validator_set(members), modules=modules)
    return Chain(genesis, _opening(genesis))


def _opening(genesis: Genesis) -> Rows:
    """The database of a node that has just been made, by the node's own code."""
    rows = Rows(None)
    database = Database(Path("opening"), genesis_hash(genesis), rows)
    store_over(database, genesis, Pace(Lock(Clock(), lambda: 0), lambda: Clock().sleep(0)))
    return rows


def _validator(number: int, power: int) -> Validator:
    key = validator_keys(number).public_key
    return Validator(f"V{number}", address_of(key), key, Power(power), user(operator_of(number)))


def operator_of(number: int) -> int:
    """Which user operates a validator."""
    return number % USERS


@lru_cache(maxsize=256)
def _keys(name: str) -> KeyPair:
    return key_pair(sha256(b"gridnode simulation: " + name.encode()).digest())
