"""/state: roots, digests and rows of the state and its trees, page after page, as the store has them."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from gridnode.state.commitment import MODULES
from tests.integration.api.served import ServedChain, ask, refused


def all_rows(chain: ServedChain, column: str, **parameters: Any) -> dict[str, str]:
    """Rows by key, in one answer."""
    answer = ask(chain, "state/rows", column=column, **parameters)
    assert answer["finished"]
    return dict(answer["rows"])


def test_roots(chain: ServedChain) -> None:
    answer, status = ask(chain, "state"), ask(chain, "status")
    assert answer["state_root"] == status["state_root"]
    assert (answer["height"], answer["hash"]) == (status["height"], status["hash"])
    assert [row["number"] for row in answer["modules"]] == list(MODULES)
    keys = list(all_rows(chain, "state"))
    assert {row["number"]: row["rows"] for row in answer["modules"]} == {
        number: sum(key.startswith(f"{number:02x}") for key in keys) for number in MODULES
    }


@pytest.mark.parametrize("column", ["state", "trees"])
def test_digests_are_those_of_the_rows(chain: ServedChain, column: str) -> None:
    rows = all_rows(chain, column)
    answer = ask(chain, "state/digests", column=column)
    assert answer["finished"]
    after = ""
    for run in answer["runs"]:
        keys = [key for key in rows if after < key <= run["last"]]
        data = b"".join(
            len(part).to_bytes(4, "big") + part for key in keys for part in (bytes.fromhex(key), bytes.fromhex(rows[key]))
        )
        assert (run["rows"], run["digest"]) == (len(keys), sha256(data).hexdigest())
        after = run["last"]
    assert sum(run["rows"] for run in answer["runs"]) == len(rows)
    assert ask(chain, "state/digests", column=column, after=after)["runs"] == []


def test_a_part_of_the_rows(chain: ServedChain) -> None:
    keys = list(all_rows(chain, "state"))
    assert list(all_rows(chain, "state", after=keys[3], until=keys[7])) == keys[4:8]
    assert list(all_rows(chain, "state", until=keys[0])) == keys[:1]
    assert all_rows(chain, "state", after=keys[-1]) == {}
    assert all_rows(chain, "state", after=keys[7], until=keys[3]) == {}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"column": "blocks"}, "column"),
        ({"after": "0"}, "after"),
        ({"after": "zz"}, "after"),
        ({"after": "01 02"}, "after"),
        ({"after": "ff"}, "after"),
        ({"after": "01" * 257}, "after"),
        ({"limit": "5"}, "limit"),
    ],
)
def test_wrong_questions(chain: ServedChain, parameters: dict[str, str], field: str) -> None:
    for path in ("state/digests", "state/rows"):
        status, code, named, _ = refused(chain, path, **parameters)
        assert (status, code, named) == (400, "BAD_PARAMETER", field)
