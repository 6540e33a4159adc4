"""The configurations that ship: each holds, none has the ports of another, and the README explains every key with its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gridnode.node.config import Config, PeerEntry, load_config

FOLDER = Path(__file__).parents[3] / "config"
FILES = sorted(FOLDER.glob("*.toml"))
AUTHORITIES = ("EGAT", "ERC", "MEA", "PEA")


def keys_of(cls: Any, prefix: str = "") -> dict[str, Any]:
    """Every key of the configuration with its default."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(cls):
        name = prefix + field.name
        inner = {"network": True, "api": True, "pool": True, "log": True, "validator": True, "storage": True, "sync": True}.get(name)
        if inner:
            types = [field.type, *getattr(field.type, "__args__", ())]
            section = next(each for each in types if isinstance(each, type) and issubclass(each, msgspec.Struct))
            found |= keys_of(section, name + ".")
        else:
            found[name] = field.default
    return found


ALL_KEYS = keys_of(Config) | keys_of(PeerEntry, "network.peers.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_holds(path: Path) -> None:
    config = load_config(path)
    assert config.name.lower() == path.stem
    assert (config.type == "authority") is (config.name in AUTHORITIES)
    assert config.api.listen.startswith("127.0.0.1:")


def test_all_are_there_with_ports_of_their_own() -> None:
    configs = [load_config(path) for path in FILES]
    assert {config.name for config in configs} == {*AUTHORITIES, "OBSERVER"}
    ports = [address.rpartition(":")[2] for config in configs for address in (config.network.listen, config.api.listen)]
    assert len(set(ports)) == len(ports)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_peers_of_the_comment_would_hold(path: Path, tmp_path: Path) -> None:
    """Taking the comment signs away and putting keys in is all there is to do."""
    text = re.sub(r"^# (?=peers|    \{|\])", "", path.read_text(), flags=re.MULTILINE)
    for number in range(text.count("64 hex digits")):
        text = text.replace("64 hex digits", f"{number:064x}", 1)
    filled = tmp_path / path.name
    filled.write_text(text)
    config = load_config(filled)
    assert {peer.name for peer in config.network.peers} == {*AUTHORITIES, "OBSERVER"} - {config.name}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_spelt_out_is_the_default(path: Path) -> None:
    config = load_config(path)
    bare = msgspec.convert({"listen": "127.0.0.1:26700"}, type(config.api))
    assert (config.api.max_page, config.api.max_body_bytes) == (bare.max_page, bare.max_body_bytes)
    assert config.pool == type(config.pool)()


def test_the_readme_explains_every_key_with_its_default() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| .*? \| (.*?) \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    explained = dict(rows)
    assert set(explained) == set(ALL_KEYS)
    for name, default in ALL_KEYS.items():
        told = explained[name].strip("`").replace(",", "")
        if default is msgspec.NODEFAULT:
            assert told.startswith("required"), name
        elif default not in (None, (), ""):
            assert told == str(default), name
