"""Every line and every branch of consensus, Algorithm 1 and what surrounds it, is come past by its tests and by a few seeds.

Measured in a process of its own, so that nothing imported earlier goes unseen. What no test comes past is no part of the algorithm: it is
taken out, not excused.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import gridnode.consensus
from gridnode.consensus.machine import RULES

ROOT = Path(__file__).parents[2]
PACKAGE = Path(gridnode.consensus.__file__).parent
TESTS = ("tests/unit/consensus", "tests/simulation/few_seeds.py")
"""The package's own tests, and seeds with every fault and liar."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """By file of the package: the lines and branches that were missed, and how many there are."""
    folder = tmp_path_factory.mktemp("coverage")
    data, report = folder / "data", folder / "report.json"
    coverage = [sys.executable, "-m", "coverage"]
    run = [*coverage, "run", "--branch", f"--data-file={data}", f"--include={PACKAGE}/*", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*run, *TESTS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    subprocess.run([*coverage, "json", f"--data-file={data}", "-o", str(report), "-q"], cwd=ROOT, check=True)
    files: dict[str, dict[str, object]] = json.loads(report.read_text())["files"]
    return {Path(name).name: told for name, told in files.items()}


def test_every_file_is_measured(measured: dict[str, dict[str, object]]) -> None:
    assert sorted(measured) == sorted(path.name for path in PACKAGE.glob("*.py"))


def test_every_line_and_branch_is_come_past(measured: dict[str, dict[str, object]]) -> None:
    missed = {
        name: (told["missing_lines"], told["missing_branches"])
        for name, told in measured.items()
        if told["missing_lines"] or told["missing_branches"]
    }
    assert missed == {}


def test_the_rules_name_the_lines_of_the_paper() -> None:
    """Lines 1 to 67: each `upon` by the line it stands in; the rest is what the rules do, or the start of a height."""
    assert sorted(rule.line for rule in RULES.values()) == [10, 18, 22, 28, 34, 36, 44, 47, 49, 55, 57, 61, 65]
