"""What an operator gets wrong is one clear line on standard error and exit code 2; nothing is written, no traceback is shown.

Each case starts a real process on a copy of a good node's files with one thing wrong.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.testnet.processes import Testnet, running

TIMEOUT_S = 30


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testnet]:
    """One validator, running."""
    with running(tmp_path_factory.mktemp("net") / "n", validators=1) as testnet:
        yield testnet


@dataclass
class Copy:
    """Files of a node that is not running."""

    folder: Path
    """Of the network; the node's are in EGAT."""

    @property
    def config(self) -> Path:
        """Configuration of the node."""
        return self.folder / "EGAT" / "config.toml"

    @property
    def genesis(self) -> Path:
        """Genesis of its chain."""
        return self.folder / "genesis.toml"

    def replace(self, file: Path, old: str, new: str) -> None:
        """Change a text that must be there, once."""
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def move_ports(self, net: Testnet, peers: bool = True, api: bool = True) -> None:
        """Listen on free ports instead of those of the running node."""
        if peers:
            self.replace(self.config, f"127.0.0.1:{net.plan.nodes[0].peer_port}", "127.0.0.1:0")
        if api:
            self.replace(self.config, f"127.0.0.1:{net.plan.nodes[0].api_port}", "127.0.0.1:0")


@pytest.fixture
def copy(net: Testnet, tmp_path: Path) -> Copy:
    """The node's files without its data; it runs meanwhile, and what it writes anew may go while it is copied."""
    shutil.copytree(net.plan.folder, tmp_path / "n", ignore=shutil.ignore_patterns("chain", "wal", "guard", "*.new", "node.log"))
    return Copy(tmp_path / "n")


def refusal(config: Path, *flags: str) -> str:
    """What `gridnode start` ends with, one line for each problem, besides log events."""
    ended = subprocess.run(
        [sys.executable, *flags, "-m", "gridnode", "start", "--config", str(config)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    said = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert said, ended.stderr
    assert all(line.startswith("gridnode: ") for line in said)
    return "\n".join(said)


CONFIG_CASES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "unknown key": ('data_dir = "data"', 'data_dirs = "data"', ("config.toml", "data_dirs")),
    "wrong type": ('level = "info"', "level = 5", ("log.level", "str")),
    "unknown choice": ('level = "info"', 'level = "loud"', ("log.level", "loud")),
    "unknown node type": ('type = "authority"', 'type = "king"', ("type", "king")),
    "no port": ("listen =", 'listen = "127.0.0.1"\nwas =', ("config.toml", "listen")),
    "no toml": ("name =", "name", ("config.toml",)),
    "section missing": ("[validator]", "[validators]", ("config.toml", "validators")),
    "key file missing": ('node_key = "node.key"', 'node_key = "nobody.key"', ("nobody.key", "node key")),
    "genesis missing": ("../genesis.toml", "../nowhere.toml", ("nowhere.toml", "genesis file")),
    "password missing": ("validator.password", "nothing.password", ("nothing.password", "password file")),
    "not its own name": ('name = "EGAT"', 'name = "MEA"', ("name", "EGAT", "MEA")),
}


@pytest.mark.parametrize("case", CONFIG_CASES)
def test_configuration(copy: Copy, case: str) -> None:
    """The line names the file or key and what was expected."""
    old, new, words = CONFIG_CASES[case]
    copy.replace(copy.config, old, new)
    line = refusal(copy.config)
    assert all(word in line for word in words), line


GENESIS_CASES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "unknown field": ("heartbeat_ms", "heart_ms", ("chain", "heart_ms")),
    "out of bounds": ("power = 1", "power = -1", ("validators", "power")),
    "unknown account": ('operator = "EGAT"', 'operator = "NOBODY"', ("validators", "operator", "NOBODY")),
    "not an address": ('EGAT = "grid1', 'EGAT = "grid2', ("accounts.EGAT", "grid1")),
    "another version": ("version = 1", "version = 2", ("version", "2")),
    "a section is missing": ("[market]", "[markets]", ("markets",)),
}


@pytest.mark.parametrize("case", GENESIS_CASES)
def test_genesis(copy: Copy, case: str) -> None:
    """The line names the file, the field and what was expected."""
    old, new, words = GENESIS_CASES[case]
    copy.replace(copy.genesis, old, new)
    line = refusal(copy.config)
    assert "genesis.toml" in line
    assert all(word in line for word in words), line


def _wrong_password(copy: Copy) -> None:
    (copy.folder / "EGAT" / "validator.password").write_text("guess\n", encoding="utf-8")


def _short_node_key(copy: Copy) -> None:
    (copy.folder / "EGAT" / "node.key").write_text("abcd\n", encoding="utf-8")


def _damaged_guard(copy: Copy) -> None:
    (copy.folder / "EGAT" / "data" / "guard").write_bytes(b"\x00" * 100)


def _data_is_a_file(copy: Copy) -> None:
    shutil.rmtree(copy.folder / "EGAT" / "data")
    (copy.folder / "EGAT" / "data").write_bytes(b"")


FILE_CASES: dict[str, tuple[Callable[[Copy], None], tuple[str, ...]]] = {
    "wrong password": (_wrong_password, ("validator.json", "password")),
    "node key too short": (_short_node_key, ("node.key", "64 hex digits")),
    "damaged guard": (_damaged_guard, ("guard", "damaged")),
    "data is a file": (_data_is_a_file, ("data",)),
}


@pytest.mark.parametrize("case", FILE_CASES)
def test_files(copy: Copy, case: str) -> None:
    """The line names the file."""
    spoil, words = FILE_CASES[case]
    spoil(copy)
    line = refusal(copy.config)
    assert all(word in line for word in words), line


@pytest.mark.parametrize("taken", ["peers", "clients"])
def test_a_port_in_use(net: Testnet, copy: Copy, taken: str) -> None:
    """The running node has it."""
    copy.move_ports(net, peers=taken != "peers", api=taken != "clients")
    line = refusal(copy.config)
    assert "cannot listen on" in line
    assert str(net.plan.nodes[0].peer_port if taken == "peers" else net.plan.nodes[0].api_port) in line


def test_a_second_process_on_the_same_data(net: Testnet, copy: Copy) -> None:
    """The first one holds it, and goes on undisturbed."""
    copy.move_ports(net)
    copy.replace(copy.config, 'data_dir = "data"', f'data_dir = "{net.plan.nodes[0].folder / "data"}"')
    assert "another process" in refusal(copy.config)
    net.goes_on()


def test_the_database_of_another_chain(net: Testnet, copy: Copy) -> None:
    """A chain with another genesis is another chain, whatever it is called."""
    node = net.validators[0]
    copy.move_ports(net)
    node.kill()
    shutil.copytree(node.plan.folder / "data", copy.folder / "EGAT" / "data", dirs_exist_ok=True)
    net.start()
    copy.replace(copy.genesis, "trade_fee_micro = ", "trade_fee_micro = 1")
    assert "chain" in refusal(copy.config)


def test_python_without_assertions(copy: Copy) -> None:
    """Under -O nothing would hold the chain together."""
    assert "python -O" in refusal(copy.config, "-O")


def test_no_configuration(tmp_path: Path) -> None:
    """There is no such file."""
    assert "nowhere.toml" in refusal(tmp_path / "nowhere.toml")
