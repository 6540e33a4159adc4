"""What the house rules are measured on: the files of the project, read once, and how a finding is reported."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PURE = (
    "primitives",
    "codec",
    "crypto",
    "_native",
    "chain",
    "state",
    "modules",
    "consensus",
    "execution",
    "mempool",
    "sync",
    "audit",
    "light",
)
"""Packages of gridnode that take inputs and give effects, and never touch the outside world."""

OWN = ("gridnode", "tests", "bench", "scripts", "docs", "genesis", "config", ".ci")
"""Folders of the project; everything else under ROOT is built or belongs to a tool."""

STRINGS_AND_COMMENTS = re.compile(
    r'"""[\s\S]*?"""|' + r"'''[\s\S]*?'''|" + r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'|#[^\n]*"
)


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule."""

    line: int
    """Line number, from 1."""
    message: str
    """What is wrong there."""


Check = Callable[[str], Iterable[Finding]]
"""A rule: takes the text of a file, yields what is wrong in it."""


def files(*suffixes: str, under: Iterable[str] = OWN) -> list[Path]:
    """All files of the project with one of the suffixes below the folders `under`, sorted; caches left out."""
    found = [
        path
        for folder in under
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts
    ]
    return sorted(found)


def top_files(*suffixes: str) -> list[Path]:
    """Files of the project's top folder with one of the suffixes, sorted; in a git worktree `.git` is a file, and git's own."""
    found = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in suffixes]
    return sorted(path for path in found if path.name != ".git")


def pure_files(*suffixes: str) -> list[Path]:
    """Files of the pure packages with one of the suffixes, sorted."""
    return files(*suffixes, under=[f"gridnode/{package}" for package in PURE])


@functools.cache
def text(path: Path) -> str:
    """Content of a file."""
    return path.read_text(encoding="utf-8")


def code_only(source: str) -> str:
    """Python or Cython source with the content of strings and comments cut out; line numbers stay."""
    return STRINGS_AND_COMMENTS.sub(lambda match: '""' + "\n" * match.group().count("\n"), source)


def report(check: Check, paths: Iterable[Path]) -> list[str]:
    """Run a check over files; each finding as `path:line: message`."""
    return [
        f"{path.relative_to(ROOT)}:{finding.line}: {finding.message}"
        for path in paths
        for finding in check(text(path))
    ]


def assert_clean(findings: list[str]) -> None:
    """Fail with all findings, one a line."""
    assert not findings, f"{len(findings)} places break the rule:\n" + "\n".join(findings)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, nested ones and methods too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
