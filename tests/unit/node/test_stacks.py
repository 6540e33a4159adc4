"""SIGUSR1: a process writes the stacks of its threads and the tree of its tasks to its data folder; also when its loop hangs."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import trio
import trio.testing

from gridnode.node.stacks import _write_tasks
from gridnode.operations import stacks
from gridnode.operations.stacks import stacks_of
from gridnode.primitives.errors import OperatorError

NODE = """
import sys, time
from pathlib import Path
import trio
from gridnode.node.stacks import write_stacks_on_signal
from gridnode.storage.leveldb import Database

async def waits_for_ever():
    await trio.sleep_forever()

async def main():
    data = Path(sys.argv[1])
    database = Database(data / "chain", bytes(32))
    if "deaf" not in sys.argv:
        write_stacks_on_signal(data)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits_for_ever)
        await trio.sleep(0.1)
        print("ready", flush=True)
        if "hangs" in sys.argv:
            time.sleep(600)

trio.run(main)
"""


def process(data: Path, *how: str) -> subprocess.Popen[str]:
    """Something like a node that holds these data; it is ready when this returns."""
    made = subprocess.Popen([sys.executable, "-c", NODE, str(data), *how], stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None
    assert made.stdout.readline() == "ready\n"
    return made


def test_threads_and_tasks_and_it_goes_on(tmp_path: Path) -> None:
    node = process(tmp_path)
    try:
        for _ in range(2):
            said = stacks_of(tmp_path)
            assert said.count("Current thread") == 1
            assert "waits_for_ever" in said.partition("-- tasks")[2]
            assert said.rstrip().endswith(stacks.TASKS_END)
        assert node.poll() is None
    finally:
        node.kill()
        node.wait()


def test_a_loop_that_hangs_shows_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "PATIENCE_S", 1.0)
    node = process(tmp_path, "hangs")
    try:
        said = stacks_of(tmp_path)
    finally:
        node.kill()
        node.wait()
    assert "Current thread" in said
    assert "did not answer in time" in said
    assert "-- tasks" not in said


def test_a_full_disk_costs_the_stacks_alone(caplog: pytest.LogCaptureFixture) -> None:
    """The loop goes on, and says what failed."""
    with suppress(OSError), Path("/dev/full").open("a", encoding="utf-8") as file:  # closing it writes again what is left

        async def asked() -> None:
            trio.lowlevel.current_trio_token().run_sync_soon(_write_tasks, file)
            await trio.testing.wait_all_tasks_blocked()

        trio.run(asked)
    assert "stacks cannot be written" in caplog.text


def test_who_would_die_of_the_signal_is_not_sent_it(tmp_path: Path) -> None:
    node = process(tmp_path, "deaf")
    try:
        with pytest.raises(OperatorError, match="is no node that writes stacks"):
            stacks_of(tmp_path)
        assert node.poll() is None
    finally:
        node.kill()
        assert node.wait() == -signal.SIGKILL


def test_nobody_runs(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no node runs"):
        stacks_of(tmp_path)
