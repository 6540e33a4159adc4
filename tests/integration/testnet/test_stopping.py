"""A node that is told to stop ends within seconds with exit code 0, however often it is told; its log is one line an event."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.integration.testnet.processes import NodeProcess, Testnet, running

LOG_FIELDS = ["time", "level", "node", "part", "event"]


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testnet]:
    """One validator that makes blocks alone."""
    with running(tmp_path_factory.mktemp("net") / "n", validators=1) as testnet:
        yield testnet


@pytest.fixture
def node(net: Testnet) -> NodeProcess:
    """It, running, its log empty before this start."""
    node = net.validators[0]
    if not node.runs:
        node.log.unlink()
        net.start()
    return node


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_is_enough(node: NodeProcess, number: signal.Signals) -> None:
    """The node ends cleanly; what it has stored is there when it starts again, and it goes on from there."""
    node.signal(number)
    assert node.wait() == 0
    height = node.events()[-1]["height"]
    node.start()
    node.ready()
    starting = [row for row in node.events() if row["event"] == "starting"]
    assert starting[-1]["height"] == height > 0


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT), (signal.SIGINT,) * 20],
    ids=["term-term", "term-int", "int-many"],
)
def test_further_signals_break_nothing(node: NodeProcess, numbers: tuple[signal.Signals, ...]) -> None:
    """The first begins the clean end, the others do not cut it short."""
    for number in numbers:
        node.signal(number)
    assert node.wait() == 0
    assert node.events()[-1]["event"] == "stopped"


def test_a_signal_while_it_starts(node: NodeProcess) -> None:
    """As soon as it says that it starts it can be stopped."""
    node.signal(signal.SIGTERM)
    assert node.wait() == 0
    lines = len(node.events())
    node.start()
    node.until_event("starting", lines)
    node.signal(signal.SIGTERM)
    assert node.wait() == 0


def test_the_log_is_one_line_an_event(node: NodeProcess) -> None:
    """Every line is a JSON object that begins with the same fields, in the order of time; nothing else is printed."""
    node.until_event("block")
    node.signal(signal.SIGTERM)
    assert node.wait() == 0
    rows = node.events()
    assert len(rows) == len(node.log.read_text(encoding="utf-8").splitlines())
    assert all(list(row)[: len(LOG_FIELDS)] == LOG_FIELDS for row in rows)
    assert {row["node"] for row in rows} == {"EGAT"}
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    told = [row["event"] for row in rows]
    assert told[0] == "starting"
    assert told[-2:] == ["stopping", "stopped"]
    heights = [row["height"] for row in rows if row["event"] == "block"]
    assert heights == list(range(rows[0]["height"] + 1, heights[-1] + 1))
    assert rows[-1]["height"] == heights[-1]
