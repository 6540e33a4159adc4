"""The validators: the genesis set in the order of addresses, all of them authorities, and nothing changes it."""

from dataclasses import replace

import pytest

from gridnode.chain.validators import ValidatorSet
from gridnode.modules.validators import queries
from gridnode.modules.validators.invariants import check_block, check_whole
from gridnode.modules.validators.rules import current_set, is_authority
from gridnode.modules.validators.tables import SEATS
from gridnode.primitives.errors import InvariantBroken, OperatorError
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from tests.chain_in_memory import MemoryChain, account, genesis


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


def test_address_twice_is_an_error() -> None:
    first = genesis().validators.members[0]
    with pytest.raises(OperatorError, match="key of another"):
        MemoryChain(genesis(validators=ValidatorSet((first, replace(first, name="twin")))))


def test_address_of_another_key_is_an_error() -> None:
    first = genesis().validators.members[0]
    with pytest.raises(OperatorError, match="address of its key"):
        MemoryChain(genesis(validators=ValidatorSet((replace(first, address=account("alice")),))))


def test_invariants_notice_a_seat_that_changes(chain: MemoryChain) -> None:
    state = State(chain.reader)
    seat = queries.seats(chain.reader)[0]
    SEATS.put(state, account("alice"), seat)
    with pytest.raises(InvariantBroken):
        check_block(chain.reader, state.writes())
    changed = MemoryReader(dict(chain.reader.scan(b"\x00", b"\xff")))
    check_whole(changed)
    changed.apply(state.writes())
    with pytest.raises(InvariantBroken):
        check_whole(changed)
