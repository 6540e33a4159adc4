"""A name that fits everything says nothing: such names are a missing concept."""

from pathlib import Path

import pytest

from tests.architecture.tree import OWN, ROOT

BANNED = frozenset(
    {"utils", "util", "common", "helpers", "helper", "core", "manager", "base", "misc", "lib", "stuff"}
)
CHAIN = ("gridnode", "tests", "bench", "scripts")


def empty_words(path: Path) -> list[str]:
    """The words of a relative path's names that are banned, alone or as the last word (`order_utils`)."""
    stems = [Path(part).stem for part in path.parts]
    return [stem for stem in stems if stem.lower() in BANNED or stem.lower().rpartition("_")[2] in BANNED]


def test_no_file_or_package_has_an_empty_name() -> None:
    named = [
        path.relative_to(ROOT)
        for folder in OWN
        for path in (ROOT / folder).rglob("*")
        if "__pycache__" not in path.parts
    ]
    found = sorted(str(path) for path in named if empty_words(path))
    assert not found, f"name these by what they hold: {found}"


@pytest.mark.parametrize(
    "bad", ["gridnode/utils.py", "gridnode/core/x.py", "tests/helpers.py", "gridnode/order_manager.py"]
)
def test_empty_name_is_seen(bad: str) -> None:
    assert empty_words(Path(bad))


def test_full_name_passes() -> None:
    assert not empty_words(Path("gridnode/consensus/machine.py"))
