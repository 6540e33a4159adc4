"""A node as an operator runs it: started, asked and paid through the command line, stopped by a signal, started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gridnode.cli.main import run
from gridnode.replay.provision import NetworkPlan, NodePlan, write_network


class Operator:
    """Starts and stops one node and types commands."""

    def __init__(self, plan: NetworkPlan, capsys: pytest.CaptureFixture[str]) -> None:
        self.node: NodePlan = plan.nodes[0]
        self.keys = plan.folder / "keys"
        self._capsys = capsys

    def start(self) -> subprocess.Popen[bytes]:
        """The node's process, once it answers."""
        command = [sys.executable, "-m", "gridnode", "start", "--config", str(self.node.config)]
        with (self.node.folder / "node.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while self.type("status")[0] != 0:
            assert process.poll() is None, (self.node.folder / "node.log").read_text()
            assert time.monotonic() < deadline
        return process

    def type(self, *arguments: str) -> tuple[int, Any, str]:
        """(exit code, JSON on standard output, standard error) of a command."""
        code = run([*arguments, "--api", self.node.url, "--json"])
        told = self._capsys.readouterr()
        return code, json.loads(told.out) if told.out else None, told.err

    def as_(self, account: str, *arguments: str) -> Any:
        """What became of a transaction that an institution or a key file of the test sent; it must take effect."""
        secret = ("--keystore", str(self.keys / f"{account}.json"), "--password-file", str(self.keys / "ERC.password"))
        code, told, errors = self.type("tx", *arguments, *secret)
        assert (code, told and told["code_name"]) == (0, "OK"), (told, errors)
        return told

    def new_key(self, name: str) -> dict[str, str]:
        """A new key file, its address and public key."""
        path = str(self.keys / f"{name}.json")
        assert run(["keys", "generate", path, "--password-file", str(self.keys / "ERC.password"), "--json"]) == 0
        made: dict[str, str] = json.loads(self._capsys.readouterr().out)
        return made

    def pay(self, recipient: str, amount: str) -> tuple[int, Any, str]:
        """A transfer from ERC's account."""
        secret = ("--keystore", str(self.keys / "ERC.json"), "--password-file", str(self.keys / "ERC.password"))
        return self.type("tx", "transfer", recipient, amount, *secret)


@pytest.fixture
def operator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """Operator of a network of one validator that is not running yet."""
    now_ms = time.time_ns() // 1_000_000
    return Operator(write_network(tmp_path / "net", 1, 7, 3_000, now_ms, 1_000, base_port=37_600), capsys)


@pytest.fixture
def started(operator: Operator) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts the operator's node; whatever still runs at the end is killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        processes.append(operator.start())
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_a_node_from_start_to_restart(operator: Operator, started: Callable[[], subprocess.Popen[bytes]]) -> None:
    process = started()
    recipient = operator.type("query", "validators")[1][0]["operator"]
    code, paid, _ = operator.pay(recipient, "12.5")
    assert (code, paid["status"], paid["code_name"]) == (0, "committed", "OK")
    assert paid["events"][0]["body"]["amount"] == "12500000000"
    before = operator.type("query", "balance", recipient)[1]["balances"]["thb"]
    code, rejected, _ = operator.pay(recipient, "99999999")
    assert (code, rejected["code_name"]) == (1, "INSUFFICIENT_BALANCE")
    code, _, errors = operator.pay("grid1wrong", "1")
    assert (code, "recipient" in errors) == (2, True)
    code, proof, _ = operator.type("query", "proof", "token.balances", recipient, "2")
    assert (code, proof["verified"]) == (0, True)
    code, _, errors = operator.type("query", "block", "999999")
    assert (code, errors.startswith("gridnode: NOT_FOUND")) == (1, True)

    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    log = (operator.node.folder / "node.log").read_text()
    assert "event=stopped" in log
    assert "Traceback" not in log

    started()
    assert operator.type("query", "transaction", paid["id"])[1]["height"] == paid["height"]
    after = operator.type("query", "balance", recipient)[1]["balances"]["thb"]
    assert int(after["amount"]) >= int(before["amount"])


def enrol(operator: Operator) -> dict[str, str]:
    """A household in BANGKOK with 1,000 THB, point p-1 and solar meter m-1, whose keys are `home` and `device`; its key."""
    home, device = operator.new_key("home"), operator.new_key("device")
    operator.as_("ERC", "register-participant", home["address"], "--zone", "BANGKOK", "--name", "home-1", "--kind", "prosumer")
    operator.as_("BANK", "send", "token.mint", "--body", json.dumps(_thb(home["address"], 1_000 * 10**9)))
    point = {"point": "p-1", "owner": home["address"], "zone": "BANGKOK"}
    operator.as_("MEA", "send", "registry.register_point", "--body", json.dumps(point))
    meter = {"meter": "m-1", "point": "p-1", "device_key": device["public_key"], "max_energy_wh": 9_000}
    meter |= {"direction": "generation", "source": "solar"}
    operator.as_("MEA", "send", "registry.bind_meter", "--body", json.dumps(meter))
    return home


def test_a_household_from_enrolment_to_its_first_reading(
    operator: Operator, started: Callable[[], subprocess.Popen[bytes]]
) -> None:
    password = str(operator.keys / "ERC.password")
    started()
    home = enrol(operator)

    clock = operator.type("query", "tariff")[1]["clock"]["mtu_ms"]
    ahead = time.time_ns() // 1_000_000 // clock + 20
    offer = ("--energy-wh", "500", "--limit", "3.25", "--source", "solar")
    placed = operator.as_("home", "offer", "p-1", "--mtu", str(ahead), *offer)
    number = placed["events"][0]["body"]["first_order"]
    listed = operator.type("query", "orders", "--owner", home["address"])[1]["rows"]
    assert [(row["number"], row["status"], row["limit_thb_per_kwh"]) for row in listed] == [(number, "active", "3.25")]
    assert operator.type("query", "book", str(ahead))[1]["offers"][0]["energy_wh"] == 500
    operator.as_("home", "cancel", str(number))
    assert operator.type("query", "order", str(number))[1]["status"] == "cancelled"
    operator.as_("home", "approve", operator.new_key("friend")["address"], "1.5")

    ended = operator.type("status")[1]["time_ms"] // clock - 1
    secret = ("--device", str(operator.keys / "device.json"), "--device-password-file", password)
    measured = operator.as_("MEA", "reading", "--mtu", str(ended), "--generated-wh", "700", *secret)
    assert measured["events"][0]["body"]["meter"] == "m-1"
    assert operator.type("query", "readings", "m-1")[1]["rows"][0]["generated_wh"] == 700
    assert operator.type("query", "meter", "m-1")[1]["owner"] == home["address"]


def test_orders_of_every_kind_from_the_shell(
    operator: Operator, started: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    started()
    home, friend = enrol(operator), operator.new_key("friend")["address"]
    ahead = operator.type("query", "tariff")[1]["mtu"] + 40
    listed = ("query", "orders", "--owner", home["address"])

    def order(number: int) -> Any:
        return operator.type("query", "order", str(number))[1]

    wish = ("--prefer", f"{friend}:wind", "--prefer", "solar+hydro", "--hours", "0.01")
    bid = ("bid", "p-1", "--mtu", str(ahead), "--energy-wh", "300", "--limit", "2", "--sheet-id", "7", *wish)
    number = operator.as_("home", *bid)["events"][0]["body"]["first_order"]
    placed = order(number)
    assert (placed["terms"], placed["side"], placed["sheet_id"]) == ("rest", "bid", 7)
    assert placed["preferences"] == [{"partner": friend, "sources": ["wind"]}, {"partner": None, "sources": ["solar", "hydro"]}]
    assert 0 < placed["good_until_ms"] - placed["placed_ms"] <= 36_000

    market = ("bid", "p-1", "--mtu", str(ahead), "--energy-wh", "300", "--terms", "market")
    number = operator.as_("home", *market)["events"][0]["body"]["first_order"]
    assert (order(number)["status"], order(number)["ending"]) == ("cancelled", "immediate")

    path = tmp_path / "sheet.csv"
    path.write_text(f"mtu,side,energy_wh,limit,sources,terms\n{ahead},offer,400,3,solar,\n{ahead + 1},bid,500,2,,auction\n")
    operator.as_("home", "sheet", "p-1", str(path), "--sheet-id", "8")
    operator.as_("home", "sheet", "p-1", str(path), "--sheet-id", "8", "--revision", "1")
    rows = operator.type(*listed, "--status", "active")[1]["rows"]
    assert [(row["mtu"], row["terms"]) for row in rows if row["sheet_id"] == 8] == [(ahead, "rest"), (ahead + 1, "auction")]
    operator.as_("home", "cancel-all", "--from-mtu", str(ahead + 1))
    operator.as_("home", "cancel-all")
    assert operator.type(*listed, "--status", "active")[1]["rows"] == []

    operator.as_("ERC", "set-bounds", "--from-mtu", str(ahead + 300), "--cap", "8.5")
    before, after = (operator.type("query", "bounds", "--mtu", str(ahead + 300 - step))[1] for step in (1, 0))
    assert (before["from_mtu"], after["price_cap_thb_per_kwh"], after["min_order_wh"]) == (0, "8.5", before["min_order_wh"])
    assert len(operator.type("query", "dated-bounds")[1]["rows"]) == 2


def test_a_tariff_and_holidays_are_set_from_files(
    operator: Operator, started: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    started()
    now = operator.type("query", "tariff")[1]
    table = operator.type("query", "tariffs")[1]["rows"][0]
    path = tmp_path / "tariff.json"
    path.write_text(json.dumps({name: value for name, value in table.items() if not name.startswith("from_")} | {"vat_ppm": 0}))
    change = now["mtu"] + now["notice_mtus"] + 50
    operator.as_("ERC", "set-tariff", str(path), "--from-mtu", str(change))
    taxes = [operator.type("query", "tariff", "--mtu", str(mtu))[1]["vat_ppm"] for mtu in (change - 1, change)]
    assert taxes == [70_000, 0]
    assert [row["from_mtu"] for row in operator.type("query", "tariffs")[1]["rows"]] == [change, 0]
    path.write_text('{"holidays": [{"day": 9, "name": "Feast"}]}')
    operator.as_("ERC", "set-holidays", str(path), "--from-day", "9")
    row = operator.type("query", "holidays")[1]["rows"][0]
    assert operator.type("query", "tariff", "--mtu", str(row["start_mtu"]))[1]["holiday"] == row["name"] == "Feast"


def _thb(recipient: str, amount: int) -> dict[str, str]:
    return {"recipient": recipient, "denomination": "thb", "amount": str(amount)}


def test_two_nodes_do_not_share_a_folder(
    operator: Operator, started: Callable[[], subprocess.Popen[bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    started()
    command = [sys.executable, "-m", "gridnode", "start", "--config", str(operator.node.config)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    last = second.stderr.splitlines()[-1]
    assert last.startswith("gridnode: ")
    assert "Traceback" not in second.stderr


def test_rent_arrears_and_locks_are_refused_by_their_codes_where_there_are_none(
    operator: Operator, started: Callable[[], subprocess.Popen[bytes]]
) -> None:
    started()
    mea = operator.type("query", "validators")[1][0]["operator"]
    secret = ("--keystore", str(operator.keys / "ERC.json"), "--password-file", str(operator.keys / "ERC.password"))
    for arguments, code_name in (
        (("spend-rent", mea, "1.5", "--purpose", "a second circuit"), "MORE_THAN_THERE"),
        (("pay-arrears", mea, "1"), "NO_ARREARS"),
        (("acknowledge-lock", "p-1", "--mtu", "1", "--energy-wh", "60"), "NOT_GATEWAY"),
    ):
        code, told, _ = operator.type("tx", *arguments, *secret)
        assert (code, told["code_name"]) == (1, code_name)
    assert operator.type("query", "congestion")[1]["balance_thb"] == "0"
    assert operator.type("query", "locks", "1")[1]["rows"] == []
    assert operator.type("query", "settlements", "--owner", mea)[1]["rows"] == []
    code, _, errors = operator.type("query", "settlement", "1", "p-1")
    assert (code, errors.startswith("gridnode: NOT_FOUND")) == (1, True)
