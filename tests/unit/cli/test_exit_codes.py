"""How `gridnode` ends: exit code, and one line on standard error for what went wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from gridnode.cli.main import run


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


Command = Callable[..., Ended]


@pytest.fixture
def gridnode(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process, as `main` does."""

    def command(*arguments: str) -> Ended:
        code = run(list(arguments))
        return Ended(code, *capsys.readouterr())

    return command


def process(*arguments: str, flags: tuple[str, ...] = ()) -> Ended:
    """Runs a command as a process of its own."""
    command = [sys.executable, *flags, "-m", "gridnode", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def test_help_and_version_are_no_errors(gridnode: Command) -> None:
    told = gridnode("--help")
    assert told.code == 0
    for name in ("init", "start", "status", "keys", "testnet", "tx", "query"):
        assert name in told.stdout
    assert gridnode("--version").stdout.strip()
    assert gridnode("query", "--help").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("start",),
        ("start", "--config"),
        ("testnet", "--validators", "0"),
        ("testnet", "--validators", "many"),
        ("testnet", "--mtu-seconds", "0.1"),
        ("testnet", "--seed", "-1"),
        ("query", "order", "-3"),
        ("tx", "transfer"),
        ("init", "--name", "X", "--type", "king", "--dir", "x"),
    ],
)
def test_wrong_usage_is_2(gridnode: Command, arguments: tuple[str, ...]) -> None:
    told = gridnode(*arguments)
    assert told.code == 2
    assert "Error" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "--config", "none.toml"), "none.toml: no such file; expected the configuration"),
        (("testnet", "--day", "none.csv"), "--day: none.csv: no such file"),
        (("testnet", "--dir", "/dev"), "--dir: /dev: expected an empty or new folder"),
        (("testnet", "--report", "/none/report.json"), "--report: /none: no such folder"),
        (("keys", "show", "none.json"), "none.json: cannot read the keystore"),
        (("status", "--api", "localhost"), "expected the URL of a node's API"),
        (("tx", "send", "no.kind", "--body", "{}", "--keystore", "x"), "unknown kind of message no.kind"),
        (("tx", "send", "token.burn", "--body", "{", "--keystore", "x"), "--body: expected JSON"),
    ],
)
def test_what_the_operator_can_mend_is_2_in_one_line(
    gridnode: Command, arguments: tuple[str, ...], words: str
) -> None:
    told = gridnode(*arguments)
    assert told.code == 2
    assert words in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert told.stdout == ""


def test_a_bad_configuration_is_2_in_one_line(gridnode: Command, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('name = "MEA"\ntype = "observer"\ncolour = "red"\n[network]\nlisten = "127.0.0.1:1"\n')
    told = gridnode("start", "--config", str(path))
    assert told.code == 2
    assert "colour" in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_a_node_that_does_not_answer_is_1() -> None:
    told = process("status", "--api", "http://127.0.0.1:9")
    assert told.code == 1
    assert told.stderr.startswith("gridnode: UNREACHABLE: http://127.0.0.1:9")
    assert len(told.stderr.splitlines()) == 1


def test_no_run_without_assertions() -> None:
    for flag in ("-O", "-OO"):
        told = process("status", flags=(flag,))
        assert told.code == 2
        assert "does not run under python -O" in told.stderr


def test_an_interrupt_is_130() -> None:
    """The command asks a server that never answers; SIGINT ends it without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "gridnode", "status", "--api", url]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            connection, _ = silent.accept()
            with connection:  # the request is under way
                os.kill(running.pid, signal.SIGINT)
                _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in errors


def test_start_up_imports_little() -> None:
    """What only some commands need (network, server, plots) is not imported to show help."""
    code = (
        "import sys; from gridnode.cli.main import app; "
        "print([name for name in ('libp2p', 'trio', 'httpx', 'starlette', 'hypercorn', 'matplotlib', 'plyvel', 'nacl') "
        "if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
