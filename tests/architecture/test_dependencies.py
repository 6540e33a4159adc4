"""Each dependency has a lower bound and a reason, and the code imports only what is declared."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.architecture.tree import ROOT, Finding, assert_clean, files, report, text

IMPORTED_AS = {
    "pynacl": "nacl",
    "import-linter": "importlinter",
    "order-matching": "order_matching",
    "py-spy": "py_spy",
}
"""Names under which distributions are imported, where they differ."""


def project() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def requirements() -> list[str]:
    """All requirements, those of the extras too."""
    extras = project()["optional-dependencies"].values()
    return [*project()["dependencies"], *(requirement for extra in extras for requirement in extra)]


def name_of(requirement: str) -> str:
    """Distribution name of a requirement such as `hypercorn[trio]>=0.18`."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return found[0].lower()


def without_bound(found: list[str]) -> list[str]:
    """Requirements without a lower bound."""
    return [requirement for requirement in found if ">=" not in requirement]


def without_reason(names: list[str], document: str) -> list[str]:
    """Names that have no line of the form `- name: reason` (or a table row that opens with it)."""
    return [
        name
        for name in names
        if not re.search(rf"^[-|] *`?{re.escape(name)}`? *[:|] *\S", document, re.MULTILINE)
    ]


def undeclared(source: str, declared: list[str]) -> Iterator[Finding]:
    """Imports in a Python file of something neither in the requirements `declared`, nor the standard library, nor ours."""
    names = {IMPORTED_AS.get(name_of(entry), name_of(entry)) for entry in declared} | {"gridnode", "tests"}
    for node in ast.walk(ast.parse(source)):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for top in (module.partition(".")[0] for module in modules):
            if top not in names and top not in sys.stdlib_module_names:
                yield Finding(node.lineno, f"{top} is no declared dependency")


def test_every_dependency_has_a_lower_bound() -> None:
    assert not without_bound(requirements())


def test_every_dependency_has_a_reason() -> None:
    document = text(ROOT / "docs/dependencies.md")
    missing = without_reason([name_of(entry) for entry in requirements()], document)
    assert not missing, f"no line in docs/dependencies.md: {missing}"


def test_every_reason_has_a_dependency() -> None:
    declared = {name_of(entry) for entry in requirements()}
    python_part = text(ROOT / "docs/dependencies.md").partition("## System packages")[0]
    explained = set(re.findall(r"^\| *`([^`]+)` *\|", python_part, re.MULTILINE))
    assert explained <= declared, f"explained but not declared: {sorted(explained - declared)}"


def test_code_imports_only_what_is_declared() -> None:
    needed = project()["dependencies"]
    assert_clean(report(lambda source: undeclared(source, needed), files(".py", under=["gridnode"])))


def test_tests_and_benchmarks_import_only_what_is_declared() -> None:
    assert_clean(
        report(lambda source: undeclared(source, requirements()), files(".py", under=["tests", "bench"]))
    )


def test_dependency_checks_can_fail() -> None:
    assert without_bound(["a", "b>=1"]) == ["a"]
    assert without_reason(["a", "b"], "| `a` | why |\n") == ["b"]
    assert list(undeclared("import numpy_of_nobody", ["pynacl>=1"]))
    assert not list(undeclared("import nacl.bindings, json, gridnode.primitives", ["pynacl>=1"]))
