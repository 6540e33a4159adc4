"""The sdist builds a wheel with compiled kernels, and what the wheel installs runs."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, files

NOT_SOURCES = shutil.ignore_patterns(
    ".*cache*", ".git", ".hypothesis", ".venv", "__pycache__", "build", "dist", "*.egg-info", "*.so", "*.c"
)
KERNELS = [path.stem for path in files(".pyx", under=["gridnode/_native"])]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command to its end and return what it said; a failure shows all of it."""
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the unpacked sdist, built from a copy of the tree without anything compiled."""
    folder = tmp_path_factory.mktemp("sdist")
    shutil.copytree(ROOT, folder / "tree", ignore=NOT_SOURCES)
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, cwd=folder / "tree")
    (archive,) = folder.glob("gridnode-*.tar.gz")
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.mark.slow
def test_sdist_holds_the_sources(sdist: Path) -> None:
    expected = [
        path
        for path in files(".py", ".pyx", ".pxd", ".pyi")
        if path.suffix != ".py" or "gridnode" in path.parts
    ]
    missing = [
        str(path.relative_to(ROOT)) for path in expected if not (sdist / path.relative_to(ROOT)).exists()
    ]
    assert not missing
    assert not [*sdist.rglob("*.c"), *sdist.rglob("*.so")]


@pytest.mark.slow
def test_wheel_of_the_sdist_runs_its_kernels(sdist: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, cwd=sdist)
    (wheel,) = tmp_path.glob("gridnode-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "gridnode/py.typed" in names
    data = [path for path in (ROOT / "gridnode").rglob("data/*") if path.is_file()]
    assert {str(path.relative_to(ROOT)) for path in data} <= set(names)
    assert not [name for name in names if name.endswith((".pyx", ".c")) or name.startswith("tests")]

    target = tmp_path / "installed"
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--target",
        target,
        wheel,
        cwd=tmp_path,
    )
    check = "import gridnode._native.{0} as k; assert k.__file__.startswith({1!r}), k.__file__; assert k.__file__.endswith('.so')"
    for kernel in KERNELS:
        code = f"import sys; sys.path.insert(0, {str(target)!r}); " + check.format(kernel, str(target))
        run(sys.executable, "-c", code, cwd=tmp_path)
