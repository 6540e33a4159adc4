"""The signing lease: every result code, when it counts from, what it costs, invariants that notice what is torn, frozen bytes."""

from __future__ import annotations

import pytest

from gridnode.chain.kinds import to_message
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.queries import balances_of
from gridnode.modules.token.tables import Denomination
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.modules.validators.events import Jailed
from gridnode.modules.validators.invariants import check_block, check_whole
from gridnode.modules.validators.lease import LEASES, Lease, TakeLease, lease_of, next_epoch
from gridnode.modules.validators.messages import Revoke
from gridnode.primitives.errors import InvariantBroken, Rejected
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from tests.chain_in_memory import MemoryChain, account, keys_of
from tests.validators_world import ValidatorsWorld, address

MEA, ALICE = account("mea-node"), account("alice")
ONE, TWO = keys_of("machine-1").public_key, keys_of("machine-2").public_key


@pytest.fixture
def chain() -> MemoryChain:
    return MemoryChain()


def test_it_counts_from_the_height_after_its_block(chain: MemoryChain) -> None:
    """Taken in block 1, it says who signs at height 2; taken again in block 2, at height 3."""
    assert lease_of(chain.reader, MEA) is None
    assert chain.run("mea-node", TakeLease(MEA, TWO, 1)) == 0
    assert lease_of(chain.reader, MEA) == Lease(1, TWO, 2)
    assert chain.run("mea-node", TakeLease(MEA, ONE, 2)) == 0
    assert lease_of(chain.reader, MEA) == Lease(2, ONE, 3)


def test_of_two_that_take_it_at_once_the_second_is_too_late(chain: MemoryChain) -> None:
    """It is not even in the block: its epoch is over, so a fee is asked that the consensus key does not hold."""
    both = [chain.transaction("mea-node", TakeLease(MEA, machine, 1)) for machine in (TWO, ONE)]
    executed = chain.block(*both)
    assert [receipt.code for receipt in executed.receipts[:-1]] == [0]
    assert [refused.id for refused in executed.refused] == [both[1].id]
    assert lease_of(chain.reader, MEA) == Lease(1, TWO, 2)


def test_it_is_free_for_a_validator_and_for_nobody_else(chain: MemoryChain) -> None:
    """One message that would take effect; whoever sends anything else pays or is not in the block."""
    assert not any(balances_of(chain.reader, MEA).values())
    executed = chain.block(chain.transaction("mea-node", TakeLease(MEA, TWO, 1)))
    assert executed.receipts[0].fee == 0
    paying = chain.block(chain.transaction("alice", TakeLease(MEA, TWO, 2)))
    assert (paying.receipts[0].fee > 0, paying.receipts[0].code) == (True, ValidatorsCode.LEASE_NOT_OWN)
    for messages in (
        (TakeLease(MEA, ONE, 2), TakeLease(MEA, TWO, 3)),
        (TakeLease(MEA, ONE, 9),),
        (TakeLease(MEA, TWO, 2),),
        (TakeLease(ALICE, ONE, 2),),
    ):
        unpaid = chain.transaction("mea-node", *messages)
        with pytest.raises(Rejected, match="FEE_UNPAID"):
            chain.ledger.check_standing(unpaid)


def test_one_a_block_is_free_however_many_epochs_are_signed_ahead(chain: MemoryChain) -> None:
    """A validator that made its own blocks could fill them for nothing: each message takes effect after the one before."""
    ahead = [chain.transaction("mea-node", TakeLease(MEA, ONE if epoch % 2 else TWO, epoch)) for epoch in range(1, 9)]
    for epoch, first in enumerate(ahead, 1):
        executed = chain.block(*ahead[epoch - 1 :])
        assert [(receipt.transaction_id, receipt.code, receipt.fee) for receipt in executed.receipts[:-1]] == [(first.id, 0, 0)]
        assert next_epoch(chain.reader, MEA) == epoch + 1


def test_in_jail_it_changes_hands_for_nothing_too() -> None:
    """Jail is what absence brings: the machine that is left takes the lease, and comes back when the operator asks."""
    world = ValidatorsWorld(misses_to_jail=1)
    absent = address("mea")
    while not world.seen(Jailed):
        first, second, *_ = world.ledger.tip.proposers
        world.next(maker=second if first == absent else first)
    assert world.row("mea").seat is None
    executed = world.next(("mea-node", TakeLease(absent, TWO, 1)))
    assert [(receipt.code, receipt.fee) for receipt in executed.receipts[:-1]] == [(0, 0)]
    world.ok(("erc", Revoke("mea")))
    with pytest.raises(Rejected, match="FEE_UNPAID"):
        world.ledger.check_standing(world.transaction("mea-node", TakeLease(absent, ONE, 2)))


@pytest.mark.parametrize(
    ("taken", "code"),
    [
        (TakeLease(MEA, TWO, 1), ValidatorsCode.LEASE_NOT_OWN),
        (TakeLease(ALICE, TWO, 1), ValidatorsCode.LEASE_NO_VALIDATOR),
    ],
)
def test_codes_of_strangers(chain: MemoryChain, taken: TakeLease, code: ValidatorsCode) -> None:
    """Another's lease, and one's own without a seat."""
    assert chain.run("alice", taken) == code


@pytest.mark.parametrize(
    ("epoch", "machine", "code"),
    [
        (0, ONE, ValidatorsCode.LEASE_WRONG_EPOCH),
        (1, ONE, ValidatorsCode.LEASE_WRONG_EPOCH),
        (3, TWO, ValidatorsCode.LEASE_WRONG_EPOCH),
        (2**64 - 1, ONE, ValidatorsCode.LEASE_WRONG_EPOCH),
        (2, TWO, ValidatorsCode.LEASE_HELD),
    ],
)
def test_codes_of_the_validator(chain: MemoryChain, epoch: int, machine: bytes, code: ValidatorsCode) -> None:
    """A replayed, skipped or huge epoch; the machine that holds it. With money, so that the message is in the block."""
    assert chain.run("alice", Transfer(MEA, Denomination.THB, 10**9)) == 0
    assert chain.run("mea-node", TakeLease(MEA, TWO, 1)) == 0
    assert chain.run("mea-node", TakeLease(MEA, machine, epoch)) == code
    assert lease_of(chain.reader, MEA) == Lease(1, TWO, 3)


def test_the_same_transaction_does_not_count_twice(chain: MemoryChain) -> None:
    """Replayed it is a duplicate, and its epoch is over."""
    taken = chain.transaction("mea-node", TakeLease(MEA, TWO, 1))
    chain.block(taken)
    assert chain.block(taken).refused[0].id == taken.id
    assert next_epoch(chain.reader, MEA) == 2


def test_invariants_notice_what_is_torn(chain: MemoryChain) -> None:
    """A lease that goes back, goes away, or begins at genesis."""
    chain.run("mea-node", TakeLease(MEA, TWO, 1))
    for torn in (Lease(1, ONE, 9), Lease(2, ONE, 2), None):
        state = State(chain.reader)
        if torn is None:
            LEASES.delete(state, MEA)
        else:
            LEASES.put(state, MEA, torn)
        with pytest.raises(InvariantBroken, match="lease"):
            check_block(chain.reader, state.writes())
    for torn in (Lease(0, ONE, 9), Lease(1, ONE, 1)):
        state = State(chain.reader)
        LEASES.put(state, MEA, torn)
        rows = MemoryReader(dict(chain.reader.scan(b"\x00", b"\xff")))
        rows.apply(state.writes())
        with pytest.raises(InvariantBroken, match="lease"):
            check_whole(rows)


def test_frozen_bytes() -> None:
    """Key, row and message as they are on every chain that exists."""
    assert LEASES.key(MEA) == bytes([3, 20]) + MEA
    state = State(MemoryReader())
    LEASES.put(state, MEA, Lease(1, TWO, 300))
    assert state.get(LEASES.key(MEA)) == b"\x93\x01\xc4\x20" + TWO + b"\xcd\x01\x2c"
    message = to_message(TakeLease(MEA, TWO, 1))
    assert (message.kind, message.body) == ("validators.take_lease", b"\x93\xc4\x14" + MEA + b"\xc4\x20" + TWO + b"\x01")
    assert {code.name: int(code) for code in ValidatorsCode if code >= 350} == {
        "LEASE_NOT_OWN": 350,
        "LEASE_NO_VALIDATOR": 351,
        "LEASE_WRONG_EPOCH": 352,
        "LEASE_HELD": 353,
    }
