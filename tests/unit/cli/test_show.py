"""What commands print: everything as JSON; for people short tables, whole units once, lists with how to go on."""

from __future__ import annotations

import json

import pytest

from gridnode.cli.show import LONGEST, show

HASH = "ab" * 32


def shown(capsys: pytest.CaptureFixture[str], data: object, as_json: bool = False) -> str:
    """Standard output."""
    show(data, as_json)
    return capsys.readouterr().out


def test_json_is_what_the_api_said(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"rows": [{"fee": "1", "fee_thb": "0.000000001", "name": "กรุงเทพ"}], "next": None}
    assert json.loads(shown(capsys, data, as_json=True)) == data


def test_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"id": HASH, "fee": "1", "fee_thb": "0.5", "inner": {"limit_micro": 7, "limit_thb_per_kwh": "3.5"}, "there": None, "ok": True}
    told = shown(capsys, data)
    assert HASH in told
    assert "fee_thb" in told
    assert "│ fee " not in told
    assert "inner.limit_thb_per_kwh" in told
    assert "limit_micro" not in told
    assert "yes" in told


def test_a_page_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(capsys, {"rows": [{"id": HASH, "n": 1}], "next": "12-0"})
    assert "ababababab" in told
    assert HASH not in told
    assert "more: --after 12-0" in told
    assert "more" not in shown(capsys, {"rows": [{"n": 1}], "next": None})


@pytest.mark.parametrize("data", [{"rows": [], "next": None}, []])
def test_nothing_is_said_to_be_nothing(capsys: pytest.CaptureFixture[str], data: object) -> None:
    assert "none" in shown(capsys, data)


def test_lists_inside_an_object_are_tables_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(capsys, {"mtu": 5, "lines": [{"line": "city-bus", "flow_wh": -3}]})
    assert told.index("mtu") < told.index("lines") < told.index("city-bus")


def test_text_of_others_is_not_markup_and_not_endless(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(capsys, {"name": "[red]x[/red]", "long": "y" * 5_000})
    assert "[red]x[/red]" in told
    assert told.count("y") < LONGEST
