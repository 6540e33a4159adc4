"""Tariffs and holidays from files: a shipped genesis file, a table of its own, JSON; what is wrong is one clear line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from gridnode.cli.body import message
from gridnode.cli.tariff_file import holidays_body, tariff_body
from gridnode.modules.grid.messages import SetHolidays, SetTariff
from gridnode.modules.grid.tables import Holiday
from gridnode.primitives.errors import OperatorError

THAILAND = Path(__file__).parents[3] / "genesis" / "thailand.toml"


def test_a_tariff_from_a_genesis_file_and_from_a_file_of_its_own(tmp_path: Path) -> None:
    body = tariff_body(THAILAND, 7)
    made = message("grid.set_tariff", body)
    assert isinstance(made, SetTariff)
    assert (made.from_mtu, made.tariff.vat_ppm, len(made.tariff.distribution)) == (7, 70_000, 6)
    alone = tmp_path / "tariff.toml"
    alone.write_text(THAILAND.read_text().split("[grid.tariff]")[1].split("[lots]")[0])
    assert tariff_body(alone, 7) == body
    as_json = tmp_path / "tariff.json"
    as_json.write_text(json.dumps(tomllib.loads(THAILAND.read_text())["grid"]["tariff"]))
    assert tariff_body(as_json, 7) == body


def test_holidays_from_a_day_on(tmp_path: Path) -> None:
    made = message("grid.set_holidays", holidays_body(THAILAND, 343))
    assert made == SetHolidays(343, (Holiday(343, "Constitution Day"), Holiday(364, "New Year's Eve")))
    alone = tmp_path / "holidays.json"
    alone.write_text('{"holidays": [{"day": 5, "name": "five"}]}')
    assert holidays_body(alone, 5) == {"from_day": 5, "holidays": [{"day": 5, "name": "five"}]}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.toml", "x = ", "a.toml: Invalid value"),
        ("a.json", "{", "a.json: Input data was truncated"),
        ("a.json", "[]", "a.json: expected an object"),
        ("a.toml", "[grid]\nholidays = 3", "a list of holidays"),
        ("a.toml", "holidays = [3]", "a list of holidays"),
        ("a.toml", 'holidays = [{ day = "x" }]', "a list of holidays"),
    ],
)
def test_wrong_files(tmp_path: Path, name: str, content: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(OperatorError, match=words):
        holidays_body(path, 0)


def test_a_tariff_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[grid]\nhubs = []")
    with pytest.raises(OperatorError, match=r"expected \[grid.tariff\] to be a table"):
        tariff_body(path, 0)
    with pytest.raises(OperatorError, match="no such file"):
        tariff_body(tmp_path / "none.toml", 0)
    path.write_text('default_band = "x"')
    with pytest.raises(OperatorError, match=r"grid\.set_tariff: tariff\.bands: missing"):
        message("grid.set_tariff", tariff_body(path, 0))
