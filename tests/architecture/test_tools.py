"""ruff and mypy --strict find nothing; a missing tool is a failure, not a skip."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

RUFF = ("ruff", "check", "--quiet")
MYPY = ("mypy", "--no-error-summary")


def run(*command: str) -> tuple[int, str]:
    """Run a tool of this environment over the project's files; its exit code and output."""
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout + result.stderr


def test_ruff_finds_nothing() -> None:
    code, output = run(*RUFF, ".")
    assert code == 0, output


def test_mypy_finds_nothing() -> None:
    code, output = run(*MYPY)
    assert code == 0, output


@pytest.mark.parametrize("tool", [RUFF, MYPY])
def test_a_finding_fails(tool: tuple[str, ...], tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text('"""Bad."""\n\nimport os\n\n\ndef f(x):\n    return x\n')
    code, output = run(
        *tool, "--config-file" if tool is MYPY else "--config", str(ROOT / "pyproject.toml"), str(bad)
    )
    assert code == 1, output


def test_a_missing_tool_fails() -> None:
    code, output = run("gridnode_has_no_such_tool")
    assert code != 0
    assert "No module named" in output
