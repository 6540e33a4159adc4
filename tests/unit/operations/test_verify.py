"""verify: a good chain passes; whatever row is changed, the first thing that does not fit is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gridnode.chain.block import Header
from gridnode.chain.commit import Commit
from gridnode.chain.receipt import Receipt
from gridnode.codec.records import decode, encode
from gridnode.execution.executed import Executed
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.operations.difference import Difference
from gridnode.operations.place import Place
from gridnode.operations.verify import Wish, verify_place
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Signature
from gridnode.primitives.units import Amount, TimeMs
from gridnode.state.prefixes import TOKEN
from gridnode.storage.leveldb import Column
from tests.chain_in_memory import THB, account
from tests.unit.node.peers_in_memory import GrownChain
from tests.unit.operations.chains import change, data_of, opened
from tests.validators_world import address, double_vote

BLOCKS = 6


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A chain of six blocks."""
    return data_of(tmp_path, BLOCKS)


def verified(place: Place, wish: Wish = Wish()) -> Difference | None:  # noqa: B008 (frozen)
    """What is wrong first."""
    return verify_place(place, wish, lambda _done, _last: None).difference


def row(letter: bytes, height: int, index: int | None = None) -> Callable[[bytes, bytes], bool]:
    """Chooses a row of the blocks."""
    key = letter + height.to_bytes(8, "big") + (b"" if index is None else index.to_bytes(4, "big"))
    return lambda found, _: found == key


def test_a_good_chain_passes_and_is_not_changed(place: Place) -> None:
    told: list[tuple[int, int]] = []
    result = verify_place(place, Wish(), lambda done, last: told.append((done, last)))
    assert result.difference is None
    assert (result.first, result.last, result.transactions, result.whole) == (1, BLOCKS, BLOCKS, True)
    assert told == [(height, BLOCKS) for height in range(1, BLOCKS + 1)]
    with opened(place.data) as store:
        assert store.height == BLOCKS


def test_a_node_that_made_no_block(tmp_path: Path) -> None:
    place = data_of(tmp_path, 0)
    result = verify_place(place, Wish(), lambda _done, _last: None)
    assert (result.last, result.whole, result.difference) == (0, True, None)


def test_a_part_of_the_chain(place: Place) -> None:
    """Below --from only roots are checked; below the tip the state is not compared."""
    change(place, Column.BLOCKS, row(b"r", 2, 0), None)
    assert verified(place, Wish(3)) is not None, "a receipt that is missing cannot be passed over"
    result = verify_place(data_of(place.data / "other", 4), Wish(2, 3), lambda _done, _last: None)
    assert (result.first, result.last, result.whole, result.difference) == (2, 3, False, None)


@pytest.mark.parametrize("wish", [Wish(1, BLOCKS + 1), Wish(5, 4), Wish(BLOCKS + 1)])
def test_blocks_that_are_not_there(place: Place, wish: Wish) -> None:
    with pytest.raises(OperatorError, match="expected blocks from 1 to 6"):
        verified(place, wish)


def test_a_receipt_that_was_changed(place: Place) -> None:
    chosen = row(b"r", 4, 0)
    _, raw = change(place, Column.BLOCKS, chosen, b"")
    change(place, Column.BLOCKS, chosen, encode(replace(decode(Receipt, raw), fee=7)))
    found = verified(place)
    assert found is not None
    assert (found.height, found.part, found.field, found.right) == (4, "receipt", "fee", "7")
    assert found.where.startswith("receipts[0] ")


@pytest.mark.parametrize(
    ("letter", "index", "part"),
    [(b"h", None, "block"), (b"l", None, "block"), (b"c", None, "block"), (b"t", 0, "block"), (b"r", 1, "receipt")],
)
def test_a_row_that_is_gone(place: Place, letter: bytes, index: int | None, part: str) -> None:
    change(place, Column.BLOCKS, row(letter, 3, index), None)
    found = verified(place)
    assert found is not None
    assert (found.height, found.part) == (3, part)


def test_a_header_that_was_changed(place: Place) -> None:
    """The claimed state root is not what execution gives, and the commit no longer signs the block."""
    chosen = row(b"h", 3)
    _, raw = change(place, Column.BLOCKS, chosen, b"")
    change(place, Column.BLOCKS, chosen, encode(replace(decode(Header, raw), state_root=bytes(32))))
    found = verified(place)
    assert found is not None
    assert (found.height, found.part) == (3, "commit")
    found = verified(place, Wish(4))
    assert found is not None
    assert (found.height, found.part, found.field, found.right) == (3, "header", "state_root", "00" * 32)


class Accusing(GrownChain):
    """The third block convicts PEA; it stands under what is wrong with the block then."""

    def _block(self, number: int) -> Executed:
        if number != 2:
            return super()._block(number)
        memory, time_ms = self.memory, TimeMs(self.memory.ledger.tip.time_ms + 1_000)
        evidence = [double_vote("pea", 1)]
        executed = memory.ledger.build(time_ms, address("mea"), memory.last_commit(), [], evidence)
        memory.commit(executed)
        return executed


def test_what_is_wrong_with_a_block_that_carries_evidence(tmp_path: Path) -> None:
    """It is executed with its evidence to find out, as it was when it was made."""
    place = data_of(tmp_path, 4, Accusing(4))
    assert verified(place) is None
    chosen = row(b"h", 3)
    _, raw = change(place, Column.BLOCKS, chosen, b"")
    change(place, Column.BLOCKS, chosen, encode(replace(decode(Header, raw), state_root=bytes(32))))
    found = verified(place, Wish(4))
    assert found is not None
    assert (found.height, found.part, found.field, found.right) == (3, "header", "state_root", "00" * 32)


def test_a_signature_of_a_commit_that_was_changed(place: Place) -> None:
    chosen = row(b"c", 5)
    _, raw = change(place, Column.BLOCKS, chosen, b"")
    commit = decode(Commit, raw)
    wrong = (Signature(bytes(64)), *commit.signatures[1:])
    change(place, Column.BLOCKS, chosen, encode(replace(commit, signatures=wrong)))
    found = verified(place)
    assert found is not None
    assert (found.height, found.part) == (5, "commit")
    assert "valid precommit signature" in found.right


def test_a_transaction_whose_last_byte_was_changed(place: Place) -> None:
    """The signature stands last."""
    chosen = row(b"t", 2, 0)
    _, raw = change(place, Column.BLOCKS, chosen, b"")
    change(place, Column.BLOCKS, chosen, raw[:-1] + bytes([raw[-1] ^ 1]))
    found = verified(place)
    assert found is not None
    assert (found.height, found.part, found.field) == (2, "transaction", "signature")
    assert found.right_record["messages"][0]["kind"] == "token.transfer"


def test_a_row_of_the_index_that_is_gone(place: Place) -> None:
    change(place, Column.INDEX, lambda key, _: key.startswith(b"i"), None)
    found = verified(place)
    assert found is not None
    assert found.part == "index"
    assert "by id" in found.where


def test_a_row_of_the_state_that_was_changed(place: Place) -> None:
    """The table, the key, the field and both records are named."""
    key = BALANCES.key(account("bob"), Denomination.THB)
    change(place, Column.STATE, lambda found, _: found == key, BALANCES._to_bytes(Amount(7)))
    found = verified(place)
    assert found is not None
    assert (found.height, found.part) == (BLOCKS, "row")
    assert found.where.startswith('token.balances ["grid1')
    assert (found.left, found.right) == (1_000 * THB + 21, 7)


def test_a_row_of_the_state_that_is_too_many_or_no_record(place: Place) -> None:
    key = BALANCES.key(account("bob"), Denomination.THB)
    _, old = change(place, Column.STATE, lambda found, _: found == key, b"\xc1")
    found = verified(place)
    assert found is not None
    assert found.right_record == {"undecodable": "c1"}
    change(place, Column.STATE, lambda found, _: found == key, old)
    assert verified(place) is None


def test_a_row_of_the_tree_that_was_changed(place: Place) -> None:
    name, _ = change(place, Column.PAGES, lambda key, _: key[0] == TOKEN and len(key) > 1, b"\x00")
    found = verified(place)
    assert found is not None
    assert (found.part, found.right) == ("tree row", "00")
    assert found.where == f"token: depth {name[1]}, path {name[2:].hex() or '-'}"


def test_a_running_node_is_refused(place: Place) -> None:
    with opened(place.data), pytest.raises(OperatorError, match="in use by"):
        verified(place)


def test_a_folder_without_data(tmp_path: Path) -> None:
    place = data_of(tmp_path / "a", 0)
    with pytest.raises(OperatorError, match="expected the data of a node that has been started"):
        verified(Place(tmp_path / "b", place.genesis))
    assert not (tmp_path / "b").exists()
