"""`gridnode report`: what is no evidence is said before any node is asked; a node that is away is one line and exit code 1."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from gridnode.cli.main import run
from gridnode.cli.report import MOST_BYTES

EXPECTED = "expected what `gridnode light` leaves of an attack"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", EXPECTED),
        (b"{", EXPECTED),
        (b"[]", EXPECTED),
        (b'{"evidence": 7}', EXPECTED),
        (b'{"evidence": "xyz"}', EXPECTED),
        (b"\xff\xfe", EXPECTED),
        (b"[" * 100_000, EXPECTED),
        (b" " * (MOST_BYTES + 1), f"expected at most {MOST_BYTES} bytes"),
        (None, "cannot read the evidence"),
    ],
    ids=["empty", "cut", "a list", "a number", "no hex", "no text", "deep", "huge", "no file"],
)
def test_files_that_hold_no_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, reason: str) -> None:
    file = tmp_path / "attack.json"
    if content is not None:
        file.write_bytes(content)
    assert run(["report", str(file), "--api", "http://127.0.0.1:1"]) == 2
    out, error = capsys.readouterr()
    assert (out, reason in error, error.count("\n")) == ("", True, 1)


def test_nodes_that_are_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is named; for programs the reason stands beside it."""
    file = tmp_path / "attack.json"
    file.write_text(json.dumps({"evidence": "00"}))
    with socket.socket() as taken:  # bound and not listened at: nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert run(["report", str(file), "--api", url]) == 1
        _, error = capsys.readouterr()
        assert f"gridnode: {url}: " in error
        assert "UNREACHABLE" in error
        assert run(["report", str(file), "--api", url, "--json"]) == 1
        [row] = json.loads(capsys.readouterr().out)
    assert (row["api"], row["accused"], "UNREACHABLE" in row["error"]) == (url, [], True)
    assert run(["report", str(file), "--api", "ftp://x"]) == 2
