"""The state at height 0: every module writes its opening state, in the order of the registry."""

from __future__ import annotations

from typing import Final

from gridnode._native.book import Books
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.codec.records import decode, encode
from gridnode.execution.module import Module
from gridnode.execution.registry import ACCOUNTS, MODULES
from gridnode.modules.context import Context, Writes
from gridnode.modules.validators.tables import ValidatorsGenesis, ValidatorsOpening
from gridnode.primitives.errors import Malformed, OperatorError, Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.units import DurationMs, Height
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State

NO_OPERATOR: Final = Address(bytes(20))


def opening_writes(genesis: Genesis) -> Writes:
    """All rows of the state at height 0, keys ascending.

    Raises OperatorError when a module's opening state is missing, unknown, malformed or not consistent; InvariantBroken when the rules
    made of it what they never may.
    """
    states = _states(genesis)
    empty = MemoryReader()
    context = Context(
        state=State(empty),
        chain_id=genesis.chain_id,
        height=Height(0),
        time_ms=genesis.time_ms,
        operator=NO_OPERATOR,
        books=Books(1, 0, [[[]]]),  # no order exists before block 1
        previous_hash=genesis_hash(genesis),
        module_accounts=ACCOUNTS,
    )
    for module in MODULES:
        _open(module, context, states[module.name])
    writes = context.state.writes()
    opened = MemoryReader()
    opened.apply(writes)
    for module in MODULES:
        module.check_whole(opened)
    return writes


def evidence_period_ms(genesis: Genesis) -> DurationMs:
    """For how long a chain takes evidence of what was signed, at least: by time, and by blocks when they come as fast as they may.

    Whoever trusts what was signed must not do so for longer (`gridnode.light.terms`). Raises OperatorError as `opening_writes`.
    """
    state = next((entry.state for entry in genesis.modules if entry.module == "validators"), b"")
    try:
        params = decode(ValidatorsGenesis, state).params
    except Malformed as error:
        raise OperatorError(f"genesis: validators: {error}") from None
    return DurationMs(min(params.evidence_ms, params.evidence_blocks * genesis.params.block_interval_ms))


def _states(genesis: Genesis) -> dict[str, bytes]:
    """Opening state of each module by name; that of the validators is joined with the list that stands in the chain's genesis itself."""
    states = {entry.module: entry.state for entry in genesis.modules}
    expected = sorted(module.name for module in MODULES)
    if len(states) != len(genesis.modules) or sorted(states) != expected:
        raise OperatorError(f"genesis: expected one opening state for each of {', '.join(expected)}")
    for module in MODULES:
        if module.genesis is ValidatorsOpening:
            states[module.name] = _joined(genesis, states[module.name])
    return states


def _joined(genesis: Genesis, state: bytes) -> bytes:
    try:
        return encode(ValidatorsOpening(genesis.validators, decode(ValidatorsGenesis, state)))
    except Malformed as error:
        raise OperatorError(f"genesis: validators: {error}") from None


def _open(module: Module, context: Context, state: bytes) -> None:
    try:
        module.open(context, decode(module.genesis, state))
    except Malformed as error:
        raise OperatorError(f"genesis: {module.name}: {error}") from None
    except Rejected as rejected:
        raise OperatorError(f"genesis: {module.name}: {rejected}") from None
