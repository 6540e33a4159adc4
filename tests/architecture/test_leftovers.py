"""Nothing unfinished stays in the tree, and nothing of the machine it was written on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import Finding, assert_clean, files, report, top_files

UNFINISHED = re.compile(
    r"\b(?:TODO|FIXME|XXX|HACK)\b|\bNotImplementedError\b|\bplaceholder|\bsimplified\b|\bsimplification\b|\bfor now\b|"
    r"\bnot (?:yet )?implemented\b|\bin a real (?:system|implementation|node)\b|\bcoming soon\b|\bmock_",
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(r"(?<![\w.~/}-])/(?:work|root|mnt|Users)/|(?<![\w.~/}-])/home/\w")
REGISTRY_HOST = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|crates\.io|(?:deb|security)\.debian\.org)\b"
)
HOST = re.compile(r"\b(?:https?|wss?|mqtts?)://(\[[0-9a-fA-F:]*\]|[\w.-]+)")
ADDRESS = re.compile(r"(?<![\w.])(?<![Ss]ection )(?<!RFC \d{4}, )(\d{1,3}(?:\.\d{1,3}){3})(?![\w.])")
# A name of one label resolves to nothing outside: localhost, or a host that stands for a program in this process.
LOOPBACK = re.compile(
    r"127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\]|[A-Za-z][\w-]*|(?:[\w-]+\.)*(?:example|invalid|test)"
)
CODE = (".py", ".pyx", ".pxd", ".pyi", ".toml", ".sh", "")
PROSE = (".md", ".txt")
THIS = Path(__file__)


def unfinished(source: str) -> Iterator[Finding]:
    """Words that mark an unfinished thing."""
    yield from _matches(UNFINISHED, source, "marks an unfinished thing")


def machine_words(source: str) -> Iterator[Finding]:
    """Absolute paths of somebody's machine, and hosts of package registries."""
    yield from _matches(MACHINE_PATH, source, "a path of one machine")
    yield from _matches(REGISTRY_HOST, source, "the host of a package registry")


def foreign_hosts(source: str) -> Iterator[Finding]:
    """Hosts and addresses in code that are not this machine's own."""
    for number, line in enumerate(source.splitlines(), 1):
        for pattern in (HOST, ADDRESS):
            for found in pattern.finditer(line):
                if not LOOPBACK.fullmatch(found[1]):
                    yield Finding(number, f"a host that is not loopback: {found[1]}")


def _matches(pattern: re.Pattern[str], source: str, message: str) -> Iterator[Finding]:
    for number, line in enumerate(source.splitlines(), 1):
        if found := pattern.search(line):
            yield Finding(number, f"{message}: {found[0]!r}")


def written(*suffixes: str) -> list[Path]:
    """Files people wrote, with one of the suffixes, this one left out because it spells the words."""
    everything = [*files(*suffixes), *top_files(*suffixes)]
    return [path for path in everything if path != THIS and b"\0" not in path.read_bytes()[:4096]]


def test_nothing_unfinished() -> None:
    assert_clean(report(unfinished, written(*CODE, *PROSE)))


def test_nothing_of_one_machine() -> None:
    assert_clean(report(machine_words, written(*CODE, *PROSE)))


def test_code_knows_no_host_but_its_own() -> None:
    assert_clean(report(foreign_hosts, written(*CODE)))


@pytest.mark.parametrize(
    "bad", ["# TODO: x", "raise NotImplementedError", "a placeholder", "simplified here", "ok for now"]
)
def test_unfinished_is_seen(bad: str) -> None:
    assert list(unfinished(bad))


@pytest.mark.parametrize(
    "bad", ["cd /work/x", "'/root/.ssh'", "/home/ann/x", "pip -i https://pypi.org/simple"]
)
def test_machine_word_is_seen(bad: str) -> None:
    assert list(machine_words(bad))


@pytest.mark.parametrize("good", ["f'{url}/work/x'", "api/root/x", "../home/x", "/works"])
def test_other_paths_pass(good: str) -> None:
    assert not list(machine_words(good))


@pytest.mark.parametrize("bad", ["http://10.0.0.1/x", "'192.168.1.2'", "wss://node.grid.com", "8.8.8.8"])
def test_foreign_host_is_seen(bad: str) -> None:
    assert list(foreign_hosts(bad))


@pytest.mark.parametrize(
    "good",
    [
        "http://127.0.0.1:80/x",
        "ws://localhost/x",
        "http://[::1]:1/",
        "http://{host}/",
        "1.2.3",
        "section 2.1.3.2",
    ],
)
def test_own_host_passes(good: str) -> None:
    assert not list(foreign_hosts(good))
