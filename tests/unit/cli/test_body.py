"""What people type as records of messages: amounts, prices, sources, JSON bodies; every wrong form is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.cli.body import amount, fields_of, json_bodies, lot_outputs, lot_parts, message, price, sources
from gridnode.crypto.address import encode_address
from gridnode.execution.registry import MESSAGES
from gridnode.modules.market.sources import ANY_SOURCE
from gridnode.modules.token.messages import Burn, Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import OperatorError

ADDRESS = bytes(range(20))


def test_amounts_and_prices_in_whole_units() -> None:
    assert amount("12.5", "thb") == "12500000000"
    assert amount("0.000000000000000001", "grid") == "1"
    assert price("2.6369") == 2_636_900
    assert price("-0.5") == -500_000


@pytest.mark.parametrize("text", ["", "1e9", "1,5", "0.0000000001", "1.", " 1", "NaN", "0x1"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(OperatorError, match="amount: expected a decimal number"):
        amount(text, "thb")


def test_unknown_denomination_and_source() -> None:
    with pytest.raises(OperatorError, match="expected one of grid, thb, co2, got usd"):
        amount("1", "usd")
    with pytest.raises(OperatorError, match="source: expected one of grid, solar"):
        sources(["coal"])


def test_sources() -> None:
    assert sources([]) == ANY_SOURCE
    assert sources(["solar", "wind", "solar"]) == 0b110


def test_parts_of_lots() -> None:
    assert lot_parts(["17:2500", "3:1"]) == [{"lot": 17, "energy_wh": 2_500}, {"lot": 3, "energy_wh": 1}]


@pytest.mark.parametrize("text", ["17", "17:", ":5", "17:-5", "a:5", "17:5:6", "17:2.5"])
def test_what_is_no_part_of_a_lot(text: str) -> None:
    with pytest.raises(OperatorError, match="expected LOT:WH"):
        lot_parts([text])


def test_who_gets_how_much_of_lots() -> None:
    expected = [{"recipient": "grid1abc", "energy_wh": 2_500}, {"recipient": "grid1def", "energy_wh": 1}]
    assert lot_outputs(["grid1abc:2500", "grid1def:1"]) == expected


@pytest.mark.parametrize("text", ["grid1abc", "grid1abc:", ":5", "grid1abc:-5", "grid1abc:x", "grid1abc:5:6", "grid1abc:2.5"])
def test_what_is_nobody_and_no_energy_of_a_lot(text: str) -> None:
    with pytest.raises(OperatorError, match="expected ADDRESS:WH"):
        lot_outputs([text])


def test_messages_from_json() -> None:
    made = message("token.transfer", {"recipient": encode_address(ADDRESS), "denomination": "thb", "amount": "5"})
    assert made == Transfer(ADDRESS, Denomination.THB, 5)
    assert message("token.burn", {"denomination": "thb", "amount": 5}) == Burn(Denomination.THB, 5)


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("token.transfer", {}, "token.transfer: recipient: missing"),
        ("token.burn", {"denomination": "thb", "amount": "x"}, "token.burn: amount: expected"),
        ("token.burn", {"denomination": "thb", "amount": "1", "x": 1}, "token.burn: x: unknown field"),
        ("token.steal", {}, "unknown kind of message token.steal; expected one of token.transfer"),
    ],
)
def test_wrong_messages_name_the_field(kind: str, body: dict[str, object], words: str) -> None:
    with pytest.raises(OperatorError, match=words):
        message(kind, body)


def test_bodies_one_many_and_from_a_file(tmp_path: Path) -> None:
    assert json_bodies('{"a": 1}') == [{"a": 1}]
    assert json_bodies('[{"a": 1}, {}]') == [{"a": 1}, {}]
    path = tmp_path / "body.json"
    path.write_text('{"a": 2}')
    assert json_bodies(f"@{path}") == [{"a": 2}]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "expected JSON"), ("{", "expected JSON"), ("7", "a JSON object"), ("[]", "a JSON object"), ("@none", "cannot read none")],
)
def test_wrong_bodies(text: str, words: str) -> None:
    with pytest.raises(OperatorError, match=f"--body: .*{words}"):
        json_bodies(text)


def test_every_kind_has_fields_that_say_what_they_expect() -> None:
    for kind in MESSAGES:
        assert all(fields_of(kind).values())
    assert fields_of("token.burn")["denomination"] == "one of grid, thb, co2"
