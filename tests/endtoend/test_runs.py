"""Real networks, perturbed as the manifests say: everything of `checks` holds at the end. The longer ones are slow tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endtoend.manifest import load_manifest
from tests.endtoend.perturb import mount_small_disk, unmount_small_disk
from tests.endtoend.runner import Run

FOLDER = Path(__file__).parent / "manifests"
SHORT = ("crashes", "disk", "evidence", "joining", "links")
"""Run in the normal suite; every other manifest is slow."""
ALL = [
    pytest.param(path, id=path.stem, marks=() if path.stem in SHORT else pytest.mark.slow)
    for path in sorted(FOLDER.glob("*.toml"))
]


@pytest.mark.parametrize("path", ALL)
def test_a_manifest_keeps_its_promises(path: Path, tmp_path: Path) -> None:
    """The report counts what took place."""
    manifest = load_manifest(path)
    if any(one.kind == "disk_full" for one in manifest.perturbations):
        try:
            mount_small_disk(tmp_path)
        except OSError as refused:
            pytest.skip(str(refused))
        unmount_small_disk(tmp_path)
    report = Run(manifest, tmp_path / manifest.name)()
    assert report["height"] >= manifest.blocks
    assert report["perturbations"] == len(manifest.perturbations)
    assert report["transactions"]["in_blocks"] == report["transactions"]["signed"] > 0
