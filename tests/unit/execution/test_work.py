"""How much of a block a transaction takes: a sheet counts as its orders, so no block has more work than its bound says."""

from __future__ import annotations

import pytest

from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import Transaction, TransactionBody, decode_transaction, sign_transaction
from gridnode.execution.admission import check_form
from gridnode.execution.registry import work_of
from gridnode.modules.market.messages import (
    CANCEL_ALL_WORK,
    CancelAll,
    CancelOrder,
    PlaceSheet,
    ReplaceSheet,
    SheetEntry,
)
from gridnode.modules.market.tables import Preference, Side, Terms
from gridnode.primitives.errors import Rejected
from gridnode.primitives.limits import MAX_PREFERENCES, MAX_SHEET_ORDERS, MAX_TRANSACTION_WORK
from tests.chain_in_memory import CHAIN, keys_of

LEAST = SheetEntry(2**20, Side.BID, 100, 1_000, 1)
"""A short entry that may be taken."""
MOST = SheetEntry(
    2**40, Side.BID, 10**7, 10**9, 62, Terms.REST, (Preference(b"p" * 20, 62),) * MAX_PREFERENCES, 2**42
)


def _transaction(*messages: object) -> Transaction:
    keys = keys_of("alice")
    body = TransactionBody(CHAIN, keys.public_key, 1, 0, tuple(to_message(message) for message in messages))
    return decode_transaction(sign_transaction(body, keys))


def _work(*messages: object) -> int:
    return work_of(_transaction(*messages))


def test_an_ordinary_message_is_one() -> None:
    """However many there are."""
    assert _work(CancelOrder(1)) == 1
    assert _work(*[CancelOrder(1)] * 7) == 7


def test_a_sheet_counts_at_least_its_orders() -> None:
    """Also when its entries are short; the largest one still fits into a transaction."""
    for count in (1, 2, 50, MAX_SHEET_ORDERS):
        for entry, most in ((LEAST, 3), (MOST, 15)):
            entries = (entry,) * count
            for sheet in (PlaceSheet(1, "p", entries), ReplaceSheet(1, 1, "p", entries)):
                assert count <= _work(sheet) <= min(most * count + 3, MAX_TRANSACTION_WORK)


def test_what_fits_into_no_block_is_refused_at_the_door() -> None:
    """With what was expected; else it would wait until it expires."""
    sheets = [PlaceSheet(number, "p", (MOST,) * MAX_SHEET_ORDERS) for number in range(2)]
    check_form(_transaction(sheets[0]), CHAIN)
    with pytest.raises(Rejected, match="expected at most 1500 messages and orders"):
        check_form(_transaction(*sheets), CHAIN)


def test_taking_everything_back_is_a_fixed_part_of_a_block() -> None:
    """Each order was counted when it was placed."""
    assert _work(CancelAll(0)) == CANCEL_ALL_WORK
