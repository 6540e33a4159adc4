"""What is not there, wrong parameters and methods, faults of our own: all in the envelope, naming the field."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from tests.integration.api.served import ServedChain, problem, refused, text
from tests.integration.api.trading_day import MTU


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("blocks/0", 404, "NOT_FOUND", None),
        ("blocks/999", 404, "NOT_FOUND", None),
        ("blocks/-1", 400, "BAD_PARAMETER", "height"),
        ("blocks/x", 400, "BAD_PARAMETER", "height"),
        ("blocks/18446744073709551616", 400, "BAD_PARAMETER", "height"),
        ("blocks/hash/00", 400, "BAD_PARAMETER", "hash"),
        ("blocks/hash/" + "00" * 32, 404, "NOT_FOUND", None),
        ("transactions/zz", 400, "BAD_PARAMETER", "id"),
        ("transactions/" + "00" * 32, 404, "NOT_FOUND", None),
        ("accounts/grid1x", 400, "BAD_PARAMETER", "address"),
        ("accounts/0x00/balance", 400, "BAD_PARAMETER", "address"),
        ("energy/orders/0", 404, "NOT_FOUND", None),
        ("energy/orders/999", 404, "NOT_FOUND", None),
        ("energy/trades/999", 404, "NOT_FOUND", None),
        ("energy/book/x", 400, "BAD_PARAMETER", "mtu"),
        ("meters/none", 404, "NOT_FOUND", None),
        ("meters/none/readings", 404, "NOT_FOUND", None),
        ("meters/none/readings/1", 404, "NOT_FOUND", None),
        ("meters/alice-pv/readings/1", 404, "NOT_FOUND", None),
        ("meters/alice-pv/readings/x", 400, "BAD_PARAMETER", "mtu"),
        ("meters/none/corrections", 404, "NOT_FOUND", None),
        ("meters/" + "m" * 65, 400, "BAD_PARAMETER", "id"),
        ("meters/a%20b", 400, "BAD_PARAMETER", "id"),
        ("points/none", 404, "NOT_FOUND", None),
        ("lots/0", 404, "NOT_FOUND", None),
        ("proofs/token/none", 404, "NOT_FOUND", None),
        ("no/such/path", 404, "NOT_FOUND", None),
        ("status/", 404, "NOT_FOUND", None),
    ],
)
def test_what_is_not_there(chain: ServedChain, path: str, status: int, code: str, field: str | None) -> None:
    assert refused(chain, path)[:3] == (status, code, field)


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("status", {"x": "1"}, "x"),
        ("blocks", {"limit": "0"}, "limit"),
        ("blocks", {"limit": "51"}, "limit"),
        ("blocks", {"limit": ["1", "2"]}, "limit"),
        ("blocks", {"after": "-1"}, "after"),
        ("blocks/1", {"events": "maybe"}, "events"),
        ("energy/orders", {}, "mtu"),
        ("energy/orders", {"mtu": "1.5"}, "mtu"),
        ("energy/orders", {"mtu": "1", "status": "open"}, "status"),
        ("energy/orders", {"mtu": "1", "zone": ""}, "zone"),
        ("energy/orders", {"owner": "grid1"}, "owner"),
        ("energy/trades", {"mtu": "1", "owner": "x"}, "owner"),
        ("energy/stats", {"mtu": "x"}, "mtu"),
        ("energy/flows", {}, "mtu"),
        ("energy/settlements", {}, "mtu"),
        ("energy/settlements", {"mtu": "1", "after": "a b"}, "after"),
        ("tariff", {"mtu": str(2**63)}, "mtu"),
        ("lots", {}, "owner"),
        ("lots", {"owner": "grid1"}, "owner"),
        ("meters", {"point": "a b"}, "point"),
        ("participants", {"after": "x"}, "after"),
        ("proofs", {}, "key"),
        ("proofs", {"key": "zz"}, "key"),
        ("proofs", {"key": "ff00"}, "key"),
        ("proofs", {"key": "01 05"}, "key"),
        ("proofs/token/balances", {"part": ["x", "2"]}, "part"),
        ("proofs/token/balances", {"part": "2"}, "part"),
        ("proofs/token/supply", {"part": "300"}, "part"),
    ],
)
def test_wrong_parameters_are_named(
    chain: ServedChain, path: str, parameters: dict[str, Any], field: str
) -> None:
    status, code, named, message = refused(chain, path, **parameters)
    assert (status, code, named) == (400, "BAD_PARAMETER", field)
    assert "expected" in message


def test_owner_and_mtu_of_trades_exclude_each_other(chain: ServedChain) -> None:
    assert refused(chain, "energy/trades", mtu=MTU, owner=text("bob"))[2] == "owner"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_other_methods_are_refused_in_the_envelope(chain: ServedChain, method: str) -> None:
    async def scene() -> None:
        async with chain.client() as client:
            told = await problem(client, method, "status")
            assert told[:2] == (405, "METHOD_NOT_ALLOWED")
            assert "GET" in (await client.request(method, "status")).headers["allow"]

    trio.run(scene)


def test_the_description_names_every_route(chain: ServedChain) -> None:
    async def scene() -> Any:
        async with chain.client() as client:
            return (await client.get("openapi.json")).json()

    told = trio.run(scene)
    assert told["openapi"].startswith("3.1")
    assert "post" in told["paths"]["/api/v1/transactions"]
    orders = told["paths"]["/api/v1/energy/orders"]["get"]
    assert {row["name"] for row in orders["parameters"]} == {"limit", "after", "mtu", "owner", "side", "status", "terms", "zone"}
    candles = told["paths"]["/api/v1/energy/candles"]["get"]
    assert "`after` is the start of the last one" in candles["description"]
    known = {row["name"]: row["schema"] for row in candles["parameters"]}
    assert known["interval"]["enum"] == ["mtu", "hour"]
    assert known["from"] == {"type": "integer", "minimum": 0}
    assert all(row["get"]["summary"] for row in told["paths"].values() if "get" in row)


def test_a_fault_of_ours_is_logged_and_not_told(
    chain: ServedChain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("secret of the node")

    monkeypatch.setattr(chain, "status", broken)
    status, code, _, message = refused(chain, "status")
    assert (status, code) == (500, "INTERNAL")
    assert "secret" not in message
    record = next(record for record in caplog.records if record.name == "gridnode.api")
    assert "secret of the node" in record.values["trace"]  # type: ignore[attr-defined]
