"""Operators' tools: what an operator gets wrong is told in one line with exit code 2, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.cli.main import run

GENESIS = Path(__file__).parents[3] / "genesis" / "devnet.toml"
BOTH = "expected --config FILE, or --data DIR with --genesis FILE"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("verify",), BOTH),
        (("verify", "--data", "x"), BOTH),
        (("verify", "--config", "c", "--data", "x"), BOTH),
        (("verify", "--config", "none.toml"), "none.toml: no such file; expected the configuration"),
        (("verify", "--config", "c", "--scratch", "/none"), "--scratch: /none: no such folder"),
        (("export", "--out", "x"), BOTH),
        (("import", "x"), BOTH),
        (("import", "x", "--data", "d", "--genesis", "none.toml"), "none.toml: no such file"),
        (("rollback",), BOTH),
        (("reset", "--config", "none.toml"), "none.toml: no such file"),
        (("diff", "nothing", "http://x"), "nothing: expected the URL of a node"),
        (("debug", "bundle", "--config", "none.toml", "--out", "x"), "none.toml: no such file"),
        (("why", "--api", "node"), "expected the URL of a node's API"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(list(arguments)) == 2
    told = capsys.readouterr().err
    assert line in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("diff", "x"), ("export",), ("import",), ("reset",), ("debug",), ("verify", "--from", "0")])
def test_wrong_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(list(arguments)) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_node_that_was_never_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is made in its folder by looking."""
    home = tmp_path / "node"
    assert run(["init", "--name", "X", "--type", "observer", "--dir", str(home), "--genesis", str(GENESIS)]) == 0
    before = sorted(home.rglob("*"))
    config = str(home / "config.toml")
    for command in (["verify"], ["export", "--out", str(tmp_path / "x")], ["rollback"]):
        assert run([*command, "--config", config]) == 2
        assert "expected the data of a node that has been started" in capsys.readouterr().err
    assert run(["diff", config, config]) == 2
    assert sorted(home.rglob("*")) == before


def test_nodes_that_do_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """`why` says so and what to do; `diff` cannot go on."""
    assert run(["why", "--api", "http://127.0.0.1:9"]) == 1
    assert "not answering: no node answers at http://127.0.0.1:9" in capsys.readouterr().out
    assert run(["diff", "http://127.0.0.1:9", "http://127.0.0.1:9"]) == 1
    assert "UNREACHABLE" in capsys.readouterr().err
