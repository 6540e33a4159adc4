"""A process with a clock of its own: the wall clock jumps while it runs, both ways; what timers run on does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gridnode.primitives.errors import OperatorError
from tests.endtoend import clocks
from tests.endtoend.clocks import Clock, compile_library

HOUR_MS = 3_600_000
ASKED = """
import sys, time, datetime
for line in sys.stdin:
    print(time.time_ns() // 10**6, int(time.time()), int(datetime.datetime.now().timestamp()), time.monotonic_ns() // 10**6, flush=True)
"""


def test_a_clock_that_jumps(tmp_path: Path) -> None:
    """However it is asked for; by a whole hour, and by less than a second on either side of a full one."""
    clock = Clock(compile_library(tmp_path), tmp_path / "shift")
    process = subprocess.Popen(
        [sys.executable, "-c", ASKED],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=os.environ | clock.environment,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for ahead_ms in (0, HOUR_MS, -HOUR_MS, 999, -999, 0):
            clock.set_ms(ahead_ms)
            before_ms, before = time.time_ns() // 10**6 + ahead_ms, time.monotonic_ns() // 10**6
            process.stdin.write("\n")
            told_ms, told_s, date_s, monotonic_ms = map(int, process.stdout.readline().split())
            after_ms = time.time_ns() // 10**6 + ahead_ms
            assert before_ms <= told_ms <= after_ms
            assert before_ms // 1000 <= told_s <= after_ms // 1000
            assert before_ms // 1000 <= date_s <= after_ms // 1000
            assert before <= monotonic_ms <= time.monotonic_ns() // 10**6
        process.stdin.close()
    assert process.returncode == 0


def test_no_clock_no_process(tmp_path: Path) -> None:
    """A node that would silently have the right clock is not started."""
    library = compile_library(tmp_path)
    for variables in ({}, {clocks.FILE_VARIABLE: str(tmp_path / "nowhere")}):
        environment = os.environ | {"LD_PRELOAD": str(library)} | variables
        ended = subprocess.run([sys.executable, "-c", ""], env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 2
        assert "cannot map SHIFTED_CLOCK_FILE" in ended.stderr


def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and so is what does not compile."""
    monkeypatch.setattr(clocks, "SOURCE", tmp_path / "nothing.c")
    with pytest.raises(OperatorError, match=r"nothing\.c does not compile"):
        compile_library(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match="a C compiler is needed"):
        compile_library(tmp_path)
