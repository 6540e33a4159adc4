"""Logs: one line an event, as pairs or as JSON; whatever is in the values."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridnode.node.log import Log, start_logging
from gridnode.primitives.errors import OperatorError

NASTY = 'a "b"\nc=d'


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The test runner's own logging comes back."""
    root, ours = logging.getLogger(), logging.getLogger("gridnode")
    handlers, level, own = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(own)


def lines(file: Path, form: str, level: str = "info") -> list[str]:
    """What the same events come to."""
    start_logging("MEA", level, form, file)
    log = Log("part")
    log.debug("small", n=0)
    log.info("block", height=7, hash=b"\x01\xff", note=NASTY, empty="", ok=True, nothing=None)
    log.warning("odd")
    log.error("bad", reason=ValueError("no"))
    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError:
        logging.getLogger("gridnode.part").exception("crashed")
    logging.getLogger("libp2p.anything").warning("chatter")
    for handler in logging.getLogger().handlers:
        handler.close()
    return file.read_text(encoding="utf-8").splitlines()


def test_json_lines(tmp_path: Path) -> None:
    """Every line is an object with the same first fields; bytes are hex, unknown values text."""
    rows = [json.loads(line) for line in lines(tmp_path / "log", "json")]
    assert [row["event"] for row in rows] == ["block", "odd", "bad", "crashed"]
    assert all(list(row)[:5] == ["time", "level", "node", "part", "event"] for row in rows)
    assert rows[0] | {"time": ""} == {
        "time": "",
        "level": "info",
        "node": "MEA",
        "part": "part",
        "event": "block",
        "height": 7,
        "hash": "01ff",
        "note": NASTY,
        "empty": "",
        "ok": True,
        "nothing": None,
    }
    assert rows[2]["reason"] == "no"
    assert "first\nsecond" in rows[3]["exception"]


def test_text_lines(tmp_path: Path) -> None:
    """The same as pairs; what would break a line or a pair is quoted."""
    rows = lines(tmp_path / "log", "text")
    assert len(rows) == 4
    assert rows[0].split(" ", 1)[1] == (
        r'level=info node=MEA part=part event=block height=7 hash=01ff note="a \"b\"\nc=d" empty="" ok=True nothing=None'
    )


@pytest.mark.parametrize(("level", "count"), [("debug", 5), ("info", 4), ("warning", 3), ("error", 2)])
def test_levels(tmp_path: Path, level: str, count: int) -> None:
    """What is below the level is not written; a log is appended to."""
    assert len(lines(tmp_path / "log", "json", level)) == count
    assert len(lines(tmp_path / "log", "json", level)) == 2 * count


def test_a_file_that_cannot_be_opened_is_the_operators(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(OperatorError, match="nowhere"):
        start_logging("MEA", "info", "json", tmp_path / "nowhere" / "log")
