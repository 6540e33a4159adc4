"""A manifest that cannot be meant is refused with one line that names the key; one that can comes back from its own text."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.primitives.errors import OperatorError
from tests.endtoend.manifest import load_manifest, manifest_text, parse_manifest

SHIPPED = sorted((Path(__file__).parent / "manifests").glob("*.toml"))

GOOD = """
name = "good"
about = "Something."
blocks = 20
nodes = [{ name = "EGAT" }, { name = "MEA" }, { name = "PEA" }, { name = "ERC" }]
[[perturbations]]
kind = "kill"
nodes = ["EGAT"]
height = 5
"""

BAD = {
    "empty": ("", "", "name"),
    "no TOML": (GOOD, "= =", "m.toml"),
    "unknown key": ('name = "good"', 'name = "good"\ncolour = 1', "colour"),
    "no nodes": ('nodes = [{ name = "EGAT" }, { name = "MEA" }, { name = "PEA" }, { name = "ERC" }]', "nodes = []", "nodes"),
    "a name twice": ('{ name = "MEA" }', '{ name = "EGAT" }', "got EGAT twice"),
    "a name that is a path": ('{ name = "MEA" }', '{ name = "../MEA" }', "nodes"),
    "too many late validators": (
        '{ name = "MEA" }, { name = "PEA" }',
        '{ name = "MEA", join = "blocks", height = 3 }, { name = "PEA", join = "blocks", height = 3 }',
        "two thirds",
    ),
    "a late joiner without a height": ('{ name = "MEA" }', '{ name = "MEA", join = "blocks" }', "nodes MEA: height"),
    "a height without being late": ('{ name = "MEA" }', '{ name = "MEA", height = 3 }', "nodes MEA: height"),
    "a joiner after the end": ('{ name = "MEA" }', '{ name = "MEA", join = "blocks", height = 20 }', "below blocks, 20"),
    "an unknown way to join": ('{ name = "MEA" }', '{ name = "MEA", join = "magic", height = 3 }', "join"),
    "no blocks": ("blocks = 20", "blocks = 0", "blocks"),
    "too many blocks": ("blocks = 20", "blocks = 100001", "blocks"),
    "an unknown kind": ('kind = "kill"', 'kind = "tickle"', "kind"),
    "nobody": ('nodes = ["EGAT"]', "nodes = []", "perturbations 1: nodes"),
    "somebody twice": ('nodes = ["EGAT"]', 'nodes = ["EGAT", "EGAT"]', "each once"),
    "a stranger": ('nodes = ["EGAT"]', 'nodes = ["NOBODY"]', "NOBODY: no such node"),
    "no time": ("height = 5", "", "either height or second"),
    "two times": ("height = 5", "height = 5\nsecond = 5.0", "either height or second"),
    "a perturbation after the end": ("height = 5", "height = 20", "below blocks, 20, got 20"),
    "negative time": ("height = 5", "second = -1.0", "second"),
    "endless": ("height = 5", "height = 5\nduration_s = 1e9", "duration_s"),
    "a delay of a kill": ("height = 5", "height = 5\ndelay_ms = 5", "delay_ms: expected with kind slow or twin"),
    "a direction of a kill": ("height = 5", 'height = 5\ndirection = "in"', "direction: expected with kind silence"),
    "slow without a delay": ('kind = "kill"', 'kind = "slow"', "delay_ms: missing"),
    "jumps of a kill": ("height = 5", "height = 5\njumps_ms = [5]", "jumps_ms: expected with kind clock"),
    "a clock without jumps": ('kind = "kill"', 'kind = "clock"', "jumps_ms: missing"),
    "a jump of a year": ('kind = "kill"', 'kind = "clock"\njumps_ms = [31536000000]', "jumps_ms"),
    "a twin without a validator": ('{ name = "MEA" }', '{ name = "MEA", kind = "observer", join = "twin" }', "of: expected a validator"),
    "a twin of a stranger": (
        '{ name = "MEA" }',
        '{ name = "MEA", kind = "observer", join = "twin", of = "NOBODY" }',
        "of: expected a validator",
    ),
    "a twin of an observer": (
        '{ name = "MEA" }, { name = "PEA" }',
        '{ name = "MEA", kind = "observer", join = "twin", of = "PEA" }, { name = "PEA", kind = "observer" }',
        "of: expected a validator",
    ),
    "a twin with a seat": ('{ name = "MEA" }', '{ name = "MEA", join = "twin", of = "PEA" }', "nodes MEA: kind: expected observer"),
    "a twin that never comes": (
        '{ name = "MEA" }',
        '{ name = "MEA", kind = "observer", join = "twin", of = "PEA" }',
        "nodes MEA: expected one perturbation",
    ),
    "a twin's validator without a twin": ('{ name = "MEA" }', '{ name = "MEA", of = "PEA" }', "of: expected with join twin"),
    "a twin that is none": ('kind = "kill"', 'kind = "twin"\ndelay_ms = 5', "nodes: expected those with join twin"),
    "a conviction of a stranger": ("height = 5", 'height = 5\n[expect]\nconvicted = ["NOBODY"]', "expect: NOBODY"),
    "a partition of all": (
        'kind = "kill"\nnodes = ["EGAT"]',
        'kind = "partition"\nnodes = ["EGAT", "MEA", "PEA", "ERC"]',
        "one side of the partition",
    ),
    "an expectation of a stranger": ("height = 5", 'height = 5\n[expect]\nvalidators = ["NOBODY"]', "expect: NOBODY"),
    "too much load": ("height = 5", "height = 5\n[load]\ntransfers = 100000", "transfers"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_manifest_is_refused_in_one_line(case: str) -> None:
    """The line says where, and what was expected."""
    old, new, word = BAD[case]
    assert old in GOOD
    with pytest.raises(OperatorError) as refused:
        parse_manifest(GOOD.replace(old, new) if old else new, "m.toml")
    assert word in str(refused.value)
    assert str(refused.value).startswith("m.toml: ")
    assert "\n" not in str(refused.value)


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    """Its path is named."""
    with pytest.raises(OperatorError, match=r"nothing\.toml: cannot read the manifest"):
        load_manifest(tmp_path / "nothing.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_manifests_hold(path: Path) -> None:
    """Each is named as its file, and is the same when it is written and read again."""
    manifest = load_manifest(path)
    assert manifest.name == path.stem
    assert parse_manifest(manifest_text(manifest), "again") == manifest
