"""The configuration file: defaults, bounds, and one line for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.node.config import load_config, parse_config, split_address
from gridnode.primitives.errors import OperatorError

KEY = "ab" * 32
VALIDATOR = f'''
name = "MEA"
type = "authority"
[network]
listen = "127.0.0.1:26600"
[[network.peers]]
name = "PEA"
key = "{KEY}"
address = "pea.example:26600"
[validator]
keystore = "validator.json"
password_file = "validator.password"
'''
OBSERVER = '''
name = "EYE"
type = "observer"
[network]
listen = "0.0.0.0:0"
'''


def test_a_short_file_gets_the_defaults() -> None:
    """What is left out has a value that works on one machine."""
    config = parse_config(OBSERVER, "test.toml")
    assert (config.data_dir, config.genesis, config.validator) == ("data", "genesis.toml", None)
    assert (config.api.listen, config.log.level, config.log.format) == ("127.0.0.1:26700", "info", "text")
    assert config.network.peers == ()


def test_a_validators_file() -> None:
    """It has a key and peers."""
    config = parse_config(VALIDATOR, "test.toml")
    assert config.validator is not None
    assert config.validator.keystore == "validator.json"
    assert [(peer.name, peer.key, peer.address) for peer in config.network.peers] == [("PEA", KEY, "pea.example:26600")]


CASES: dict[str, tuple[str, str, str]] = {
    "unknown key": ('name = "MEA"', 'name = "MEA"\ncolour = "red"', "colour"),
    "unknown key in a section": ("keystore =", "key_store = 1\nkeystore =", "validator.key_store: unknown key"),
    "missing key": ('name = "MEA"', "", "name: missing"),
    "wrong type": ('"127.0.0.1:26600"', "26600", "network.listen"),
    "empty name": ('name = "MEA"', 'name = ""', "name"),
    "name with a space": ('name = "MEA"', 'name = "M EA"', "name"),
    "no such type": ('"authority"', '"emperor"', "type"),
    "port too large": ("127.0.0.1:26600", "127.0.0.1:99999", "network.listen: expected a port from 0 to 65535"),
    "peer's port too large": ("pea.example:26600", "pea.example:70000", "network.peers PEA"),
    "no port": ("127.0.0.1:26600", "127.0.0.1", "network.listen"),
    "short key": (KEY, "ab", r"network.peers\[0\].key"),
    "capital key": (KEY, KEY.upper(), r"network.peers\[0\].key"),
    "the same key twice": (
        "[validator]",
        f'[[network.peers]]\nname = "EGAT"\nkey = "{KEY}"\n[validator]',
        "network.peers: expected each key once",
    ),
    "a validator without a key": ("[validator]", "[log]\n[validators]", "validators"),
    "no such mode": ("[validator]", '[storage]\nmode = "pruning"\n[validator]', "storage.mode"),
    "too few blocks kept": ("[validator]", "[storage]\nkeep_blocks = 99\n[validator]", "storage.keep_blocks"),
    "no snapshots kept": ("[validator]", "[storage]\nsnapshots_kept = 0\n[validator]", "storage.snapshots_kept"),
    "too many snapshots kept": ("[validator]", "[storage]\nsnapshots_kept = 9\n[validator]", "storage.snapshots_kept"),
    "a negative interval": ("[validator]", "[storage]\nsnapshot_interval = -1\n[validator]", "storage.snapshot_interval"),
    "no such way to begin": ("[validator]", '[sync]\nmode = "fast"\n[validator]', "sync.mode"),
    "a trusted height alone": ("[validator]", "[sync]\ntrusted_height = 5\n[validator]", "trusted_height and trusted_hash together"),
    "a trusted hash alone": ("[validator]", f'[sync]\ntrusted_hash = "{KEY}"\n[validator]', "trusted_height and trusted_hash together"),
    "not TOML": ("[network]", "[network", "test.toml"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(case: str) -> None:
    """One line: the file, the key, what was expected."""
    old, new, words = CASES[case]
    assert old in VALIDATOR
    with pytest.raises(OperatorError, match=words) as error:
        parse_config(VALIDATOR.replace(old, new, 1), "test.toml")
    assert str(error.value).startswith("test.toml: ")
    assert "\n" not in str(error.value)


def test_who_signs_needs_a_key_and_who_does_not_must_have_none() -> None:
    """An observer with a key would be a validator by mistake."""
    with pytest.raises(OperatorError, match="never signs"):
        parse_config(VALIDATOR.replace('"authority"', '"observer"'), "test.toml")
    with pytest.raises(OperatorError, match="keystore and password_file"):
        parse_config(OBSERVER.replace('"observer"', '"validator"'), "test.toml")


@pytest.mark.parametrize(
    ("section", "key", "least", "most"),
    [
        ("network", "max_peers", 1, 500),
        ("network", "max_handshakes", 8, 1_024),
        ("network", "strangers_per_s", 1, 10_000),
        ("network", "peer_bytes_per_s", 1 << 20, 1 << 30),
        ("network", "peer_messages_per_s", 100, 100_000),
        ("network", "clients_bytes_per_s", 1 << 20, 1 << 30),
        ("network", "clients_messages_per_s", 100, 100_000),
        ("api", "max_body_bytes", 65_536, 64 * 1024 * 1024),
        ("api", "max_page", 1, 10_000),
        ("pool", "max_transactions", 1, 1_000_000),
        ("pool", "max_bytes", 65_536, 1 << 30),
        ("pool", "max_per_sender", 1, 1_000_000),
    ],
)
def test_bounds(section: str, key: str, least: int, most: int) -> None:
    """Both ends are allowed, one beyond is not."""
    for value in (least, most, least - 1, most + 1):
        line = f"{key} = {value}\n"
        text = OBSERVER + line if section == "network" else OBSERVER + f"[{section}]\n" + line
        if least <= value <= most:
            assert getattr(getattr(parse_config(text, "test.toml"), section), key) == value
        else:
            with pytest.raises(OperatorError, match=rf"{section}\.{key}"):
                parse_config(text, "test.toml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """The line names the file."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    for name in ("none.toml", "bytes.toml", "."):
        with pytest.raises(OperatorError, match=str(tmp_path)):
            load_config(tmp_path / name)


def test_addresses_are_split_at_the_last_colon() -> None:
    """Host and port."""
    assert split_address("pea.example:26600") == ("pea.example", 26_600)
