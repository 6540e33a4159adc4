"""Files and functions stay small enough to hold in mind; the limits only ever go down."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import Finding, assert_clean, code_only, files, functions, report, text

FILE_LINES = 400
FUNCTION_LINES = 70
FILE_AIM, FILES_OVER_AIM_PERCENT = 250, 5
FUNCTION_AIM, FUNCTIONS_OVER_AIM_PERCENT = 25, 3
"""What one aims at, and how many of gridnode's may miss it: a ratchet, lower it when the tree allows."""

CYTHON_FUNCTION = re.compile(
    r"^(\s*)(?:async\s+)?(?:def|cpdef|cdef)\b(?!\s+(?:class|struct|enum|extern|packed|union|cppclass)\b)"
)


def long_file(source: str) -> Iterator[Finding]:
    """The file, if it is longer than the limit."""
    lines = source.count("\n") + 1
    if lines > FILE_LINES + 1:
        yield Finding(FILE_LINES + 1, f"{lines - 1} lines, at most {FILE_LINES}: split it by idea")


def long_functions(source: str) -> Iterator[Finding]:
    """Functions of a Python file that are longer than the limit, docstring counted."""
    for node in functions(ast.parse(source)):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            yield Finding(node.lineno, f"{node.name} has {lines} lines, at most {FUNCTION_LINES}")


def long_cython_functions(source: str) -> Iterator[Finding]:
    """Functions of a Cython file that are longer than the limit, measured by indentation."""
    lines = code_only(source).splitlines()
    for number, line in enumerate(lines, 1):
        found = CYTHON_FUNCTION.match(line)
        if not found or not _opens_block(lines, number - 1):
            continue
        length = _block_length(lines[number - 1 :], len(found[1]))
        if length > FUNCTION_LINES:
            yield Finding(number, f"{length} lines, at most {FUNCTION_LINES}: {line.strip()}")


def _opens_block(lines: list[str], start: int) -> bool:
    """Whether the statement at `start`, read to the end of its brackets, ends in a colon and has parameters."""
    statement = ""
    for line in lines[start : start + 30]:
        statement += line
        if statement.count("(") <= statement.count(")"):
            break
    return "(" in statement and statement.rstrip().endswith(":")


def _block_length(lines: list[str], indent: int) -> int:
    """Lines of the block that starts with `lines[0]`, up to its last line of code."""
    last = 0
    for index, line in enumerate(lines[1:], 1):
        if not line.strip() or line.strip().startswith(")"):
            continue
        if len(line) - len(line.lstrip()) <= indent:
            break
        last = index
    return last + 1


def test_files_are_short() -> None:
    assert_clean(report(long_file, files(".py", ".pyx", ".pxd", ".pyi")))


def test_functions_are_short() -> None:
    assert_clean(report(long_functions, files(".py")))
    assert_clean(report(long_cython_functions, files(".pyx")))


def percent_over(aim: int, lengths: list[int]) -> float:
    """Share of the lengths above the aim, in percent."""
    return 100 * sum(length > aim for length in lengths) / len(lengths)


def test_most_files_and_functions_meet_the_aim() -> None:
    sources = files(".py", under=["gridnode"])
    lines = [text(path).count("\n") for path in files(".py", ".pyx", ".pxd", under=["gridnode"])]
    spans = [
        node.end_lineno - node.lineno + 1 for path in sources for node in functions(ast.parse(text(path)))
    ]
    assert percent_over(FILE_AIM, lines) <= FILES_OVER_AIM_PERCENT
    assert percent_over(FUNCTION_AIM, spans) <= FUNCTIONS_OVER_AIM_PERCENT


def test_the_ratchet_can_fail() -> None:
    assert percent_over(FUNCTION_AIM, [10] * 96 + [26] * 4) > FUNCTIONS_OVER_AIM_PERCENT


def test_scripts_are_short() -> None:
    scripts = [path for path in files("", ".sh", under=["scripts", ".ci"]) if b"\0" not in path.read_bytes()]
    too_long: list[Path] = [path for path in scripts if text(path).count("\n") > FILE_LINES // 4]
    assert not too_long, f"a script sets up and hands over; logic belongs in gridnode: {too_long}"


@pytest.mark.parametrize(("lines", "red"), [(FILE_LINES, False), (FILE_LINES + 1, True)])
def test_file_limit(lines: int, red: bool) -> None:
    assert bool(list(long_file("x = 1\n" * lines))) is red


@pytest.mark.parametrize(("lines", "red"), [(FUNCTION_LINES, False), (FUNCTION_LINES + 1, True)])
def test_function_limit(lines: int, red: bool) -> None:
    body = "    x = 1\n" * (lines - 1)
    assert bool(list(long_functions(f"def f():\n{body}y = 2\n"))) is red
    assert bool(list(long_cython_functions(f"cdef int f(int a) nogil:\n{body}\n\ncdef int b\n"))) is red
