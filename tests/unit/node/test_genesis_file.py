"""Genesis files: the shipped ones open a chain and are explained field by field; whatever is wrong in one is one line with its place."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gridnode.chain.genesis import Genesis
from gridnode.codec.records import decode
from gridnode.execution.genesis import opening_writes
from gridnode.modules.grid.tables import GridGenesis
from gridnode.modules.market.tables import MarketGenesis
from gridnode.node.genesis_file import load_genesis, parse_genesis
from gridnode.primitives.errors import OperatorError
from gridnode.replay import rules
from tests.chain_in_memory import MemoryChain

FOLDER = Path(__file__).parents[3] / "genesis"
FILES = ("thailand", "campus", "devnet")
Place = tuple[str | int, ...]


def document(name: str) -> dict[str, Any]:
    """A shipped file as a TOML document."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def parsed(value: dict[str, Any]) -> Genesis:
    """Genesis of a document."""
    return parse_genesis(msgspec.toml.encode(value).decode(), "test.toml")


def leaves(value: Any, place: Place = ()) -> Iterator[Place]:
    """Places of all values that are neither tables nor lists of tables."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*place, name))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from leaves(item, (*place, index))
    else:
        yield place


def changed(value: dict[str, Any], place: Place, new: Any) -> dict[str, Any]:
    """The document with another value at a place; `...` takes it out."""
    result = copy.deepcopy(value)
    parent: Any = result
    for step in place[:-1]:
        parent = parent[step]
    if new is ...:
        del parent[place[-1]]
    else:
        parent[place[-1]] = new
    return result


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_opens_a_chain(name: str) -> None:
    """It is read, its state opens with every invariant kept, and block 1 builds on it."""
    genesis = load_genesis(FOLDER / f"{name}.toml")
    assert genesis.chain_id == f"gridnode-{name}"
    assert opening_writes(genesis)
    chain = MemoryChain(genesis)
    member = genesis.validators.members[0]
    executed = chain.ledger.build(genesis.time_ms + 1, member.address, chain.last_commit(), [])
    assert executed.block.header.height == 1


@pytest.mark.parametrize("name", FILES)
def test_the_readme_explains_every_field(name: str) -> None:
    """Each field of a shipped file stands in its table."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for place in leaves(document(name)):
        if place[0] == "accounts":
            continue
        section, *rest = [str(step) for step in place if isinstance(step, str)]
        dotted = ".".join([section, *rest])
        known = (dotted, ".".join(rest))
        assert any(f"| `{field}` |" in readme or f"| `{field}." in readme for field in known), dotted


def test_thailand_has_the_numbers_of_the_replay() -> None:
    """The same zones, capacities, operators and prices, but not its wheeling; a day that starts at midnight in Bangkok."""
    shipped = document("thailand")
    made = rules.genesis_document("x", 0, 900_000, 0, dict.fromkeys(("ERC", "BANK", "EGAT", "MEA", "PEA"), ""), [])
    charged = {"distribution": [], "wheeling": []}
    assert shipped["grid"]["tariff"] | charged == made["grid"]["tariff"] | charged
    assert shipped["registry"]["services"] == made["registry"]["services"]
    assert shipped["grid"]["hubs"] == made["grid"]["hubs"]
    own = ("name", "start", "end", "atc_forward_wh", "atc_backward_wh", "owner")
    lines = [[line[field] for field in own] for line in shipped["grid"]["lines"]]
    assert lines == [[line[field] for field in own] for line in made["grid"]["lines"]]
    assert [row["name"] for row in shipped["validators"]] == ["EGAT", "MEA", "PEA", "ERC"]
    clock = shipped["grid"]["params"]["clock"]
    bangkok_ms = clock["day_origin_mtu"] * clock["mtu_ms"] + 7 * 3_600_000
    assert bangkok_ms % 86_400_000 == 0
    assert (bangkok_ms // 86_400_000 + 3) % 7 == clock["weekday_of_origin"]  # 1 January 1970 was a Thursday


def test_names_stand_for_addresses() -> None:
    """In the fields that hold accounts, an address may be written out instead."""
    value = document("thailand")
    by_name = parsed(value)
    spelled = changed(value, ("market", "fee_account"), value["accounts"]["ERC"])
    assert parsed(spelled) == by_name
    modules = {entry.module: entry.state for entry in by_name.modules}
    market, grid = decode(MarketGenesis, modules["market"]), decode(GridGenesis, modules["grid"])
    assert market.fee_account == next(member.operator for member in by_name.validators.members if member.name == "ERC")
    assert {line.owner for line in grid.lines} == {
        member.operator for member in by_name.validators.members if member.name in ("MEA", "PEA")
    }


@pytest.mark.parametrize("name", FILES)
def test_a_field_that_is_missing_is_named(name: str) -> None:
    """Every field is required, and so is every section."""
    value = document(name)
    for place in leaves(value):
        if place[0] == "accounts":
            continue
        with pytest.raises(OperatorError) as error:
            parsed(changed(value, place, ...))
        assert str(place[-1]) in str(error.value), place
    for section in value:
        if section == "accounts":
            continue
        with pytest.raises(OperatorError, match=section):
            parsed(changed(value, (section,), ...))


WRONG: tuple[Any, ...] = (-1, 2**63 - 1, 1.5, True, "", "x y", "ü", "-1", [], {}, [1], {"a": 1}, "grid1qqqq", "x" * 600)


def test_whatever_stands_in_a_field_there_is_a_genesis_or_one_line() -> None:
    """A value that is refused is refused as OperatorError, in one line that names file and section; nothing else is ever raised."""
    value = document("devnet")
    for place in leaves(value):
        for wrong in WRONG:
            try:
                opening_writes(parsed(changed(value, place, wrong)))
            except OperatorError as error:
                text = str(error)
                assert "\n" not in text
                assert str(place[0]) in text or place[0] == "accounts", (place, wrong, text)


def test_unknown_fields_are_named() -> None:
    """Everywhere: at the top, in a section, in an entry."""
    value = document("devnet")
    for place in (("unheard",), ("chain", "unheard"), ("validators", 0, "unheard"), ("grid", "zones", 1, "unheard")):
        with pytest.raises(OperatorError, match="unheard"):
            parsed(changed(value, place, 1))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, not text, not TOML: the line names the file."""
    for name, content in (("none", None), ("bytes", b"\xff\xfe"), ("text", b"version = \n")):
        file = tmp_path / f"{name}.toml"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(OperatorError, match=f"{name}.toml"):
            load_genesis(file)
