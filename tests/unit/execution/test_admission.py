"""What is said of a transaction before it is executed, in the order of ChainCode."""

from dataclasses import replace

import pytest

from gridnode.chain.kinds import to_message
from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import Message, Transaction, decode_transaction, sign_transaction
from gridnode.crypto.keys import verify
from gridnode.execution.admission import check_form, signature_checks
from gridnode.modules.metering.messages import sign_reading
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.limits import MAX_VALIDITY_MS
from tests.chain_in_memory import CHAIN, THB, MemoryChain, account, keys_of

PAY = Transfer(account("bob"), Denomination.THB, 1)


@pytest.fixture(scope="module")
def chain() -> MemoryChain:
    return MemoryChain()


def signed(chain: MemoryChain, sender: str = "alice", **changes: object) -> Transaction:
    body = replace(chain.transaction(sender, PAY).body, **changes)
    return decode_transaction(sign_transaction(body, keys_of(sender)))


def test_good_form_passes(chain: MemoryChain) -> None:
    check_form(signed(chain), CHAIN)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"chain_id": "other", "messages": (Message("token.steal", b"x"),)}, ChainCode.WRONG_CHAIN),
        ({"messages": (Message("token.steal", b"x"),)}, ChainCode.UNKNOWN_MESSAGE),
        ({"messages": (Message("token.transfer", b"x"),)}, ChainCode.MALFORMED),
        ({"messages": (Message("token.transfer", to_message(PAY).body + b"\0"),)}, ChainCode.MALFORMED),
    ],
)
def test_bad_form(chain: MemoryChain, changes: dict[str, object], code: ChainCode) -> None:
    with pytest.raises(Rejected) as refusal:
        check_form(signed(chain, **changes), CHAIN)
    assert refusal.value.code is code


@pytest.mark.parametrize(
    ("sender", "valid_ms", "code"),
    [
        ("alice", 0, ChainCode.EXPIRED),
        ("alice", 1, None),
        ("alice", MAX_VALIDITY_MS, None),
        ("alice", MAX_VALIDITY_MS + 1, ChainCode.TOO_FAR_AHEAD),
        ("stranger", 1_000, ChainCode.FEE_UNPAID),
        ("stranger", 0, ChainCode.EXPIRED),
    ],
)
def test_standing(chain: MemoryChain, sender: str, valid_ms: int, code: ChainCode | None) -> None:
    until = chain.ledger.tip.time_ms + valid_ms
    transaction = signed(chain, sender, valid_until_ms=until)
    if code is None:
        chain.ledger.check_standing(transaction)
        return
    with pytest.raises(Rejected) as refusal:
        chain.ledger.check_standing(transaction)
    assert refusal.value.code is code


def test_committed_is_a_duplicate() -> None:
    chain = MemoryChain()
    transaction = chain.transaction("alice", PAY)
    chain.block(transaction)
    with pytest.raises(Rejected) as refusal:
        chain.ledger.check_standing(transaction)
    assert refusal.value.code is ChainCode.DUPLICATE


def test_fee_is_checked_to_the_unit() -> None:
    chain = MemoryChain()
    fee = 1_001_000
    assert chain.run("alice", Transfer(account("poor"), Denomination.THB, fee - 1)) == 0
    with pytest.raises(Rejected) as refusal:
        chain.ledger.check_standing(chain.transaction("poor", PAY))
    assert refusal.value.code is ChainCode.FEE_UNPAID
    assert chain.run("alice", Transfer(account("poor"), Denomination.THB, 1)) == 0
    chain.ledger.check_standing(chain.transaction("poor", PAY))
    assert fee < THB


def test_signatures_of_sender_and_devices(chain: MemoryChain) -> None:
    reading = sign_reading(CHAIN, keys_of("device"), 5, 100, 0)
    transaction = chain.transaction("alice", PAY, reading, reading)
    checks = signature_checks(transaction)
    assert [check.public_key for check in checks] == [
        keys_of(name).public_key for name in ("alice", "device", "device")
    ]
    assert all(verify(*check) for check in checks)
    forged = chain.transaction("alice", replace(reading, generated_wh=101))
    assert [verify(*check) for check in signature_checks(forged)] == [True, False]
