"""`gridnode query` about the market: what people see of a node's answers, and the answers themselves with --json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from gridnode.cli import query_market
from gridnode.cli.main import run
from gridnode.cli.market_tables import date
from tests.energy_world import MTU_MS
from tests.integration.api.market_day import (
    CALLED_MTU,
    CALLING_MTU,
    ENTRIES,
    FULL_MTU,
    HOUR,
    QUIET_MTU,
    live_through,
    start,
)
from tests.integration.api.served import ServedChain, ask


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedChain]:
    """The chain of `market_day`."""
    made = ServedChain(tmp_path_factory.mktemp("market"), start())
    trio.run(live_through, made)
    yield made
    made.store.close()


@pytest.fixture(autouse=True)
def _answered_here(chain: ServedChain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands ask the chain of this process."""

    def get(_: str, path: str, **parameters: Any) -> Any:
        return ask(chain, path, **{name: value for name, value in parameters.items() if value is not None})

    monkeypatch.setattr(query_market, "get", get)


def typed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard output of a command that succeeds."""
    assert run(["query", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("auctions",), (str(CALLED_MTU), "25.2", "NORTH", "3.85")),
        (("auction", str(CALLED_MTU)), ("city-bus -north-bus", "0.63", "BUS", "40000", "time ")),
        (("auction", str(CALLING_MTU), "--indicative"), ("call", "25.2", "3.85")),
        (("book", str(QUIET_MTU)), ("continuous", "best offer Wh", "offers Wh", "CITY")),
        (("book", str(FULL_MTU), "--zone", "NORTH"), ("offers seen from NORTH", "0.37", "3.37", "room Wh")),
        (("candles",), ("3.4", "2.85", "4000")),
        (("history", "--unit", "hour"), (str(HOUR), "3.08", date(HOUR * MTU_MS) or "")),
        (("periods",), ("continuous", "gate closure", date(QUIET_MTU * MTU_MS) or "")),
        (("period", str(QUIET_MTU)), ("continuous", "gate_closure", date(QUIET_MTU * MTU_MS) or "")),
        (("stats",), ("next_book", "newest_trades ", "by zone", "85500", "4 THB/kWh, 60000 Wh in NORTH")),
        (("stats", "--mtu", str(FULL_MTU)), ("by source", "40000")),
        (("orders", "--mtu", str(ENTRIES), "--terms", "ioc"), ("immediate", "solar", "limit THB/kWh")),
        (("orders", "--mtu", str(QUIET_MTU), "--side", "bid"), ("any", "NORTH", "active")),
        (("trades", "--phase", "auction"), ("0.63", "4.01", "160.4")),
        (("bounds",), ("10", "price_cap_thb_per_kwh")),
    ],
)
def test_what_people_see(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    told = typed(capsys, *arguments)
    for word in words:
        assert word in told, (word, told)
    assert max(map(len, told.splitlines())) <= 160
    assert not any(unit in told for unit in ("_ms", "_micro"))


def test_programs_get_the_answer_itself(chain: ServedChain, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, path in ((("auctions",), "auctions"), (("book", str(FULL_MTU)), f"book/{FULL_MTU}"), (("stats",), "stats")):
        assert json.loads(typed(capsys, *arguments, "--json")) == ask(chain, f"energy/{path}")


def test_ranges_and_pages_are_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(typed(capsys, "history", "--from", str(HOUR + 1), "--to", str(HOUR + 4), "--limit", "1", "--json"))
    assert [row["mtu"] for row in told["rows"]] == [HOUR + 1]
    told = json.loads(typed(capsys, "history", "--after", str(told["next"]), "--limit", "1", "--json"))
    assert [row["mtu"] for row in told["rows"]] == [HOUR + 3]
