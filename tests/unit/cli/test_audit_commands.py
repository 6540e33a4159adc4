"""verify-clearing and explain: what an operator gets wrong is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("verify-clearing", "5", "--to", "4"), "--to: expected `latest` or a height of at least 5, got '4'"),
        (("verify-clearing", "5", "--to", "x"), "--to: expected `latest` or a height of at least 5, got 'x'"),
        (("verify-clearing", "5", "--trusted-hash", "ab"), "--trusted-hash: expected 64 hex digits, got 'ab'"),
        (("verify-clearing", "5", "--trusted-hash", "z" * 64), "--trusted-hash: expected 64 hex digits"),
        (("verify-clearing", "5", "--api", "node"), "expected the URL of a node's API"),
        (("explain",), "explain: expected the number of a trade, or --order and that of an order"),
        (("explain", "1", "--order", "2"), "explain: expected the number of a trade, or --order"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(list(arguments)) == 2
    assert line in capsys.readouterr().err


def test_a_folder_that_is_no_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No configuration, or no data yet: nothing is made there."""
    assert run(["verify-clearing", "1", "--config", str(tmp_path / "config.toml")]) == 2
    assert "no such file; expected the configuration" in capsys.readouterr().err
    new = tmp_path / "new"
    genesis = Path(__file__).parents[3] / "genesis" / "devnet.toml"
    init = ["init", "--name", "X", "--type", "observer", "--dir", str(new), "--genesis", str(genesis)]
    assert run(init) == 0
    capsys.readouterr()
    assert run(["verify-clearing", "1", "--config", str(new / "config.toml")]) == 2
    assert "expected the data of a node that has been started" in capsys.readouterr().err
    assert not (new / "data" / "chain").exists()


def test_a_node_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["verify-clearing", "1"], ["explain", "1"]):
        assert run([*command, "--api", "http://127.0.0.1:9"]) == 1
        assert "UNREACHABLE" in capsys.readouterr().err
