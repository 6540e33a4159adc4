"""`gridnode simulate`: what it prints, its exit code, and that a failing seed names its command."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.cli.main import run
from tests.simulation.bugs import BUGS


def test_one_seed_and_its_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--seed", "3", "--trace", str(tmp_path / "trace")]) == 0
    assert "trace " in capsys.readouterr().out
    assert " stores 1 " in (tmp_path / "trace").read_text()


def test_a_violation_names_the_promise_and_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with BUGS["two_f_votes"]():
        assert run(["simulate", "--seed", "0", "--seeds", "2"]) == 1
    said = capsys.readouterr().out
    assert "VIOLATED justification" in said
    assert "gridnode simulate --seed 0 --validators 4 --faults all --heights 6\n" in said


@pytest.mark.parametrize(
    "wrong", [["--faults", "earthquake"], ["--byzantine", "5"], ["--seeds", "2", "--trace", "x"], ["--trace", "/no/such/x"]]
)
def test_wrong_input_is_one_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--faults", "none", "--heights", "1", *wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
