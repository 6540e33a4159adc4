"""Packages open with a chapter, and all modules of the business rules have the same files and headings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import ROOT, Finding, assert_clean, files, report, text

MODULE_FILES = (
    "__init__.py",
    "codes.py",
    "events.py",
    "invariants.py",
    "messages.py",
    "queries.py",
    "rules.py",
    "tables.py",
)
HEADINGS = ("Concepts", "Tables", "Messages", "Rules", "Result codes", "Parameters", "Invariants")


def more_than_a_chapter(source: str) -> Iterator[Finding]:
    """Statements of an `__init__.py` besides its docstring, or the missing docstring."""
    tree = ast.parse(source)
    if not ast.get_docstring(tree):
        yield Finding(1, "a package opens with its chapter, a docstring")
    for statement in tree.body[1:]:
        yield Finding(statement.lineno, "an __init__.py holds its chapter and nothing else")


def missing_headings(chapter: str) -> list[str]:
    """Headings of a business module that its chapter lacks; a heading stands alone at the start of a line."""
    return [heading for heading in HEADINGS if not re.search(rf"^(?:#+ )?{heading}\b", chapter, re.MULTILINE)]


def module_folders() -> list[Path]:
    """Folders of the business modules."""
    return sorted(path.parent for path in (ROOT / "gridnode/modules").glob("*/__init__.py"))


def test_packages_hold_a_chapter_and_nothing_else() -> None:
    assert_clean(report(more_than_a_chapter, [path for path in files(".py") if path.name == "__init__.py"]))


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in files(".py", under=["gridnode"])}
    missing = sorted(
        str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()
    )
    assert not missing, f"without a chapter: {missing}"


def test_business_modules_have_the_same_files() -> None:
    lacking = [
        f"{folder.name}/{name}"
        for folder in module_folders()
        for name in MODULE_FILES
        if not (folder / name).exists()
    ]
    assert not lacking, f"missing in gridnode/modules: {lacking}"


def test_business_modules_have_the_same_headings() -> None:
    lacking = {
        folder.name: missing_headings(ast.get_docstring(ast.parse(text(folder / "__init__.py"))) or "")
        for folder in module_folders()
    }
    lacking = {name: headings for name, headings in lacking.items() if headings}
    assert not lacking, f"chapters without these headings: {lacking}"


def test_chapter_checks_can_fail() -> None:
    assert list(more_than_a_chapter("import os"))
    assert list(more_than_a_chapter('"""Chapter."""\nfrom a import b'))
    assert not list(more_than_a_chapter('"""Chapter."""\n'))
    assert missing_headings("Concepts\n    a\nTables\n    b") == list(HEADINGS[2:])
    assert not missing_headings("\n".join(HEADINGS))
