"""The layer contracts of pyproject.toml hold, and so do the imports that the import linter cannot see."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.architecture.tree import PURE, ROOT, Finding, assert_clean, code_only, files, report

KERNEL_IMPORTS = (
    "cython",
    "libc",
    "libcpp",
    "cpython",
    "posix",
    "nacl",
    "gridnode.primitives",
    "gridnode._native",
)
"""What a kernel may import: C, libsodium, and the layers not above its own."""

WITHOUT_KERNELS = tuple(
    f"gridnode/{package}" for package in ("primitives", "codec", "crypto", "light", "client", "replay")
)
"""What stands below or beside the kernels, or beside the node."""


def lint_imports(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import linter of this environment; a missing tool is a failed test."""
    tool = Path(sys.executable).parent / "lint-imports"
    assert tool.exists(), f"{tool} is missing: install the dev extra"
    return subprocess.run(
        [str(tool), "--no-cache", "--config", str(config)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def contracts() -> list[dict[str, Any]]:
    """The import contracts of pyproject.toml."""
    linter: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return list(linter["contracts"])


def foreign_kernel_imports(source: str) -> Iterator[Finding]:
    """Imports of a Cython file that are neither C, nor libsodium, nor of a layer below the kernels."""
    for number, line in enumerate(code_only(source).splitlines(), 1):
        found = re.match(r"\s*(?:from\s+([\w.]+)\s+)?c?import\s+([\w.]+)", line)
        if found and not (found[1] or found[2]).startswith(KERNEL_IMPORTS):
            yield Finding(number, f"a kernel imports {found[1] or found[2]}")


def kernel_imports(source: str) -> Iterator[Finding]:
    """Imports of compiled kernels, which the import linter does not see because they are no Python files."""
    for node in ast.walk(ast.parse(source)):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            if module.startswith("gridnode._native"):
                yield Finding(node.lineno, f"imports {module}, which is not below it")


def test_contracts_hold() -> None:
    result = lint_imports(ROOT / "pyproject.toml", ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def without_kernels(*modules: str) -> int:
    """Exit code of an interpreter that has no kernels and imports these modules, packages with all in them."""
    code = (
        "import importlib, pkgutil, sys\n"
        "sys.modules['gridnode._native'] = None\n"
        "for name in sys.argv[1:]:\n"
        "    module = importlib.import_module(name)\n"
        "    for found in pkgutil.iter_modules(getattr(module, '__path__', [])):\n"
        "        importlib.import_module(name + '.' + found.name)\n"
    )
    return subprocess.run([sys.executable, "-c", code, *modules], cwd=ROOT, capture_output=True, check=False).returncode


def test_the_audit_runs_without_kernels() -> None:
    """Compiled modules are no Python files, so the import linter does not see them; an interpreter without them does."""
    assert without_kernels("gridnode.audit") == 0
    assert without_kernels("gridnode.modules.market.auction") != 0


def test_contracts_have_no_exceptions() -> None:
    ignoring = [entry["name"] for entry in contracts() if any("ignore" in key for key in entry)]
    assert not ignoring, f"a contract with an exception is no contract: {ignoring}"


def test_a_broken_contract_is_seen(tmp_path: Path) -> None:
    for package, content in {"low": "import sample.high\n", "high": ""}.items():
        (tmp_path / "sample" / package).mkdir(parents=True)
        (tmp_path / "sample" / package / "__init__.py").write_text(content)
    (tmp_path / "sample" / "__init__.py").write_text("")
    config = tmp_path / "contracts.toml"
    config.write_text(
        '[tool.importlinter]\nroot_package = "sample"\n[[tool.importlinter.contracts]]\n'
        'name = "layers"\ntype = "layers"\nlayers = ["sample.high", "sample.low"]\n'
    )
    assert lint_imports(config, tmp_path).returncode == 1


def test_kernels_import_only_c_and_primitives() -> None:
    assert_clean(report(foreign_kernel_imports, files(".pyx", ".pxd", under=["gridnode"])))


def test_kernels_are_imported_from_above_only() -> None:
    assert_clean(report(kernel_imports, files(".py", under=WITHOUT_KERNELS)))


def test_every_pure_package_is_under_contract() -> None:
    present = {
        f"gridnode.{package}" for package in PURE if (ROOT / "gridnode" / package / "__init__.py").exists()
    }
    (named,) = (set(entry["source_modules"]) for entry in contracts() if entry["id"] == "pure")
    assert present == named


def test_no_layer_is_optional() -> None:
    optional = [layer for entry in contracts() for layer in entry.get("layers", []) if "(" in layer]
    assert not optional, f"a layer that may be missing is not held: {optional}"


def test_kernel_import_checks_can_fail() -> None:
    assert list(foreign_kernel_imports("from gridnode.chain.block import Block"))
    assert not list(foreign_kernel_imports("from libc.stdint cimport int64_t\ncimport cython"))
    assert list(kernel_imports("from gridnode._native.book import Book"))
