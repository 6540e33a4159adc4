"""The validators of genesis: all of them authorities, in the order of addresses; parameters; invariants that notice what must not be."""

from dataclasses import replace
from typing import Any

import pytest

from gridnode.chain.validators import ValidatorSet
from gridnode.modules.validators import queries
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.modules.validators.invariants import check_block, check_whole
from gridnode.modules.validators.rules import current_set, is_authority
from gridnode.modules.validators.tables import (
    BONDS,
    LICENCES,
    SEATS,
    Kind,
    Place,
    Status,
    ValidatorsGenesis,
)
from gridnode.primitives.errors import InvariantBroken, Malformed, OperatorError
from gridnode.primitives.ids import PublicKey
from gridnode.primitives.units import Amount
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from tests.chain_in_memory import VALIDATOR_PARAMS, MemoryChain, account, genesis


@pytest.fixture(scope="module")
def chain() -> MemoryChain:
    return MemoryChain()


def test_set_is_that_of_genesis(chain: MemoryChain) -> None:
    assert current_set(chain.reader) == chain.genesis.validators
    assert [seat.validator for seat in queries.seats(chain.reader)] == list(chain.genesis.validators.members)


def test_all_of_genesis_are_authorities_and_nobody_else(chain: MemoryChain) -> None:
    assert all(is_authority(chain.reader, member.address) for member in chain.genesis.validators.members)
    assert not is_authority(chain.reader, account("alice"))
    assert queries.seat(chain.reader, account("alice")) is None


def test_codes_are_those_of_the_module() -> None:
    numbers = [int(code) for code in ValidatorsCode]
    assert numbers == sorted(numbers)
    assert all(301 <= number <= 339 or 350 <= number <= 359 for number in numbers)


def test_address_of_another_key_is_an_error() -> None:
    first = genesis().validators.members[0]
    with pytest.raises(OperatorError, match="address of its key"):
        MemoryChain(genesis(validators_set=ValidatorSet((replace(first, address=account("alice")),))))


def test_members_listed_twice_are_errors() -> None:
    first, second = genesis().validators.members[:2]
    with pytest.raises(OperatorError, match="key of another"):
        MemoryChain(genesis(validators_set=ValidatorSet((first, replace(first, name="twin")))))
    with pytest.raises(OperatorError, match="listed twice"):
        MemoryChain(genesis(validators_set=ValidatorSet((first, replace(second, name=first.name)))))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"unbonding_ms": 71_999}, "unbonding_ms: expected at least 9/8"),
        ({"min_bond": 0}, "min_bond"),
        ({"slashed_account": BONDS}, "slashed_account"),
        ({"authority_share_ppm": 333_333}, "authority_share_ppm"),
        ({"authority_share_ppm": 1_000_001}, "authority_share_ppm"),
        ({"misses_to_jail": 0}, "misses_to_jail"),
        ({"slash_ppm": 1_000_001}, "slash_ppm"),
    ],
)
def test_parameters_that_do_not_hold_are_errors(change: dict[str, Any], what: str) -> None:
    with pytest.raises((OperatorError, Malformed), match=what):
        MemoryChain(genesis(validators=ValidatorsGenesis(replace(VALIDATOR_PARAMS, **change), ())))


def test_places_are_of_validators_once() -> None:
    key = PublicKey(b"\x07" * 32)
    good = (Place("egat", "NORTH", key), Place("mea", "SOUTH", PublicKey(b"")))
    chain = MemoryChain(genesis(validators=ValidatorsGenesis(VALIDATOR_PARAMS, good)))
    assert queries.node_keys(chain.reader) == {key: "egat"}
    for bad in (
        (*good, Place("egat", "", PublicKey(b""))),
        (*good, Place("nobody", "", PublicKey(b""))),
        (*good, Place("pea", "", key)),
    ):
        with pytest.raises(OperatorError, match="node key"):
            MemoryChain(genesis(validators=ValidatorsGenesis(VALIDATOR_PARAMS, bad)))


def test_invariants_notice_what_must_not_be(chain: MemoryChain) -> None:
    """A seat of nobody, a licence without its key, a bond without GRID, a last authority that is gone."""
    name, licence = next((key[0], row) for key, row in LICENCES.scan(chain.reader))
    seat = queries.seats(chain.reader)[0]
    names = [key[0] for key, _ in LICENCES.scan(chain.reader)]

    def stranger(state: State) -> None:
        SEATS.put(state, account("alice"), replace(seat, validator=replace(seat.validator, name="stranger")))

    def other_key(state: State) -> None:
        LICENCES.put(state, name, replace(licence, key=PublicKey(bytes(32))))

    def bond(state: State) -> None:
        staked = replace(licence, kind=Kind.STAKED, weight=0, bond=Amount(5))
        LICENCES.put(state, name, staked)

    def nobody(state: State) -> None:
        for one in names:
            LICENCES.put(state, one, replace(LICENCES.require(chain.reader, one), status=Status.REVOKED))

    for spoil in (stranger, other_key, bond, nobody):
        state = State(chain.reader)
        spoil(state)
        with pytest.raises(InvariantBroken):
            check_block(chain.reader, state.writes())
        changed = MemoryReader(dict(chain.reader.scan(b"\x00", b"\xff")))
        check_whole(changed)
        changed.apply(state.writes())
        with pytest.raises(InvariantBroken):
            check_whole(changed)
