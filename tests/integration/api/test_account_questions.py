"""Accounts, supplies, participants, points, meters and lots."""

from __future__ import annotations

from gridnode.crypto.address import encode_address
from gridnode.modules.lots.tables import HOLD
from tests.chain_in_memory import THB, account
from tests.integration.api.served import ServedChain, all_rows, ask, refused, text
from tests.integration.api.trading_day import GENERATED_WH, METERS, MTU


def test_account(chain: ServedChain) -> None:
    told = ask(chain, f"accounts/{text('bob')}")
    assert told["participant"] == {"kind": "prosumer", "zone": "CITY", "status": "active", "name": "bob"}
    assert told["points"] == [{"point": "bob-point", "zone": "CITY"}]
    assert told["barred"] is False
    assert told["arrears"] == []
    assert told["is_module"] is False
    assert ask(chain, f"accounts/{text('mea')}")["institution"] == [{"role": "dso", "name": "MEA"}]
    assert ask(chain, f"accounts/{text('bank')}")["token_roles"][0] == {"denomination": "thb", "role": "minter"}
    assert ask(chain, f"accounts/{encode_address(HOLD)}")["is_module"] is True


def test_balance_in_smallest_and_in_whole_units(chain: ServedChain) -> None:
    thb = ask(chain, f"accounts/{text('nobody')}/balance")["balances"]["thb"]
    assert thb == {"amount": "0", "thb": "0"}
    told = ask(chain, f"accounts/{text('bank')}/balance")["balances"]
    assert told["thb"] == {"amount": str(1_000 * THB), "thb": "1000"}
    co2 = ask(chain, f"accounts/{text('bob')}/balance")["balances"]["co2"]
    assert co2 == {"amount": str(4_000 * 500_000), "co2": "2"}


def test_allowances(chain: ServedChain) -> None:
    rows = ask(chain, f"accounts/{text('alice')}/allowances")
    assert rows == [{"spender": text("bob"), "denomination": "thb", "amount": str(5 * THB), "thb": "5"}]


def test_transactions_of_an_account(chain: ServedChain) -> None:
    rows = all_rows(chain, f"accounts/{text('bob')}/transactions", 2)
    places = [(row["height"], row["index"]) for row in rows]
    assert places == sorted(set(places), reverse=True)
    mine = [row["kinds"][0] for row in rows if row["sender"] == text("bob")]
    assert mine == ["lots.retire", "market.cancel_order", "market.place_sheet"]
    assert refused(chain, f"accounts/{text('bob')}/transactions", after="x")[2] == "after"
    found = ask(chain, f"transactions/{rows[0]['id']}")
    assert (found["status"], found["height"], found["code_name"]) == ("committed", rows[0]["height"], "OK")
    assert found["fee"] == "1000000"
    assert found["fee_thb"] == "0.001"


def test_supplies(chain: ServedChain) -> None:
    told = ask(chain, "tokens")
    grid = told["grid"]
    assert grid["minted"] == str(GENERATED_WH * 10**15)
    assert int(grid["minted"]) - int(grid["burned"]) == int(grid["supply"])
    assert grid["burned"] == str(7_000 * 10**15)
    assert told["thb"]["supply"] == str(8_000 * THB)
    assert told["fees"]["transaction"] == "1000000"


def test_registry_lists(chain: ServedChain) -> None:
    rows = all_rows(chain, "participants", 2)
    assert {row["name"] for row in rows} == {"alice", "bob", "carol"}
    assert [row["account"] for row in rows] == [encode_address(who) for who in sorted(map(account, ("alice", "bob", "carol")))]
    assert [row["point"] for row in all_rows(chain, "points", 1)] == ["alice-point", "bob-point", "carol-point"]
    assert [row["meter"] for row in all_rows(chain, "meters", 2)] == sorted(METERS)
    assert [row["meter"] for row in ask(chain, "meters", point="bob-point")["rows"]] == ["bob-load"]
    assert {row["role"] for row in ask(chain, "institutions")} == {"regulator", "dso", "tso", "issuer"}


def test_meter_and_readings(chain: ServedChain) -> None:
    told = ask(chain, "meters/alice-pv")
    assert (told["point"], told["zone"], told["owner"]) == ("alice-point", "CITY", text("alice"))
    assert (told["direction"], told["source"]) == ("generation", "solar")
    assert told["debt_wh"] == 0
    latest = told["latest_reading"]
    assert (latest["mtu"], latest["version"], latest["quality"]) == (MTU, 0, "measured")
    assert (latest["generated_wh"], latest["certified_wh"]) == (GENERATED_WH, GENERATED_WH)
    assert latest["registers"] == {"1-0:1.8.0": 0, "1-0:2.8.0": GENERATED_WH}
    assert ask(chain, "meters/alice-pv/readings", order="latest")["rows"] == [told["latest_reading"]]
    assert ask(chain, "meters/alice-pv/readings", after=MTU)["rows"] == []
    assert ask(chain, f"meters/alice-pv/readings/{MTU}")["rows"] == [{**told["latest_reading"], "reason": None}]
    assert ask(chain, "meters/alice-pv/corrections")["rows"] == []
    assert ask(chain, "points/alice-point")["meters"][0]["meter"] == "alice-pv"


def test_lots(chain: ServedChain) -> None:
    mine = all_rows(chain, "lots", 1, owner=text("bob"))
    assert sum(row["energy_wh"] for row in mine) == 4_500
    assert all(row["retired"] and row["meter"] == "alice-pv" for row in mine)
    assert ask(chain, "lots", owner=text("bob"), retired="false")["rows"] == []
    left = ask(chain, "lots", owner=text("mea"), retired="false")["rows"]
    assert [row["energy_wh"] for row in left] == [1_500]
    assert ask(chain, f"lots/{left[0]['number']}") == left[0]
