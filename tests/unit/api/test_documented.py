"""docs/api.md names every route with its parameters, and every route stands in the table of the application once."""

from __future__ import annotations

import re
from pathlib import Path

from gridnode.api.app import QUESTIONS

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def test_every_question_is_documented_with_its_parameters() -> None:
    rows = dict(re.findall(r"^\| `(/[^`]*)` \|([^|]*)\|", TEXT, re.MULTILINE))
    rows.pop("/openapi.json")
    assert {path: sorted(re.findall(r"`(\w+)`", named)) for path, named in rows.items()} == {
        get.path: sorted(get.query) for get in QUESTIONS
    }


def test_no_path_is_declared_twice() -> None:
    paths = [get.path for get in QUESTIONS]
    assert len(set(paths)) == len(paths)
