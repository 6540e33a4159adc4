"""Everything public says what it is: modules, classes, functions, methods, fields of records."""

import ast
import functools
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import Finding, assert_clean, code_only, files, report, text

UNIT = re.compile(r"[a-z]_(?:wh|w|micro_per_kwh|g_per_kwh|ppm|nano|bytes)$")
"""Suffixes of fields that are quantities; a time in `_ms` still has to say whose and of what."""

Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def missing_docstrings(source: str) -> Iterator[Finding]:
    """Public parts of a Python module without a docstring.

    Exempt: names with a leading underscore and dunders, overloads, setters of properties, methods that override a
    documented one of a class of ours, and functions inside functions.
    """
    tree = ast.parse(source)
    if not ast.get_docstring(tree):
        yield Finding(1, "the module has no docstring")
    documented = {**documented_methods(), **_methods_with_docstring(tree)}
    yield from _missing_in(tree.body, "", frozenset(), documented)


def undocumented_fields(source: str) -> Iterator[Finding]:
    """Fields of public dataclasses, records and named tuples that nothing describes.

    A field is described by a string below it, a comment on or above its line, its name in the docstring of the class, or
    what a comment could only repeat: a type of the same word (`block_hash: Hash`, `validators: ValidatorSet`), or a name
    that says what and in which unit (`generated_wh`).
    """
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and _is_record(node):
            yield from _undocumented_fields_of(node, lines)


def missing_cython_docstrings(source: str) -> Iterator[Finding]:
    """The module and the public `def`, `cpdef` and classes of a Cython file that have no docstring."""
    if not re.match(r"(?:\s*#[^\n]*\n)*\s*[rR]?\"\"\"", source):
        yield Finding(1, "the module has no docstring")
    lines = code_only(source).splitlines()
    for number, line in enumerate(lines, 1):
        found = re.match(
            r"\s*(?:def|cpdef|(?:cdef\s+)?class)\s+(?:[\w\[\]:, ]+\s+)?\*?([A-Za-z]\w*)\s*[(:]", line
        )
        if found and not _docstring_follows(lines, number - 1):
            yield Finding(number, f"{found[1]} has no docstring")


@functools.cache
def documented_methods() -> dict[str, frozenset[str]]:
    """For each class of gridnode, by name: its methods that have a docstring, those of its bases included."""
    found: dict[str, frozenset[str]] = {}
    for path in files(".py", under=["gridnode"]):
        for name, methods in _methods_with_docstring(ast.parse(text(path))).items():
            found[name] = found.get(name, frozenset()) | methods
    return found


def _methods_with_docstring(tree: ast.Module) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            own = {
                part.name for part in node.body if isinstance(part, Documented) and ast.get_docstring(part)
            }
            found[node.name] = frozenset(own).union(*(found.get(base, frozenset()) for base in _bases(node)))
    return found


def _bases(node: ast.ClassDef) -> list[str]:
    return [_name_of(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases]


def _missing_in(
    body: list[ast.stmt], owner: str, inherited: frozenset[str], documented: dict[str, frozenset[str]]
) -> Iterator[Finding]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _missing_in(node.body, owner, inherited, documented)
        if not isinstance(node, Documented) or node.name.startswith("_") or _exempt(node):
            continue
        if not ast.get_docstring(node) and node.name not in inherited:
            yield Finding(node.lineno, f"{owner}{node.name} has no docstring")
        if isinstance(node, ast.ClassDef):
            of_bases = frozenset[str]().union(*(documented.get(base, frozenset()) for base in _bases(node)))
            yield from _missing_in(node.body, f"{owner}{node.name}.", of_bases, documented)


def _exempt(node: Documented) -> bool:
    names = {_name_of(decorator) for decorator in node.decorator_list}
    return bool(names & {"overload", "setter", "deleter", "override"})


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_record(node: ast.ClassDef) -> bool:
    decorated = any(_name_of(decorator) in ("dataclass", "record") for decorator in node.decorator_list)
    return decorated or any(isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases)


def _undocumented_fields_of(node: ast.ClassDef, lines: list[str]) -> Iterator[Finding]:
    described = ast.get_docstring(node) or ""
    for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name = statement.target.id
        documented = (
            name.startswith("_")
            or re.search(rf"\b{name.replace('_', '[_ ]')}\b", described)
            or _is_string(following)
            or UNIT.search(name)
            or _type_says(name, statement.annotation)
            or "#" in lines[(statement.end_lineno or statement.lineno) - 1]
            or lines[statement.lineno - 2].strip().startswith("#")
        )
        if not documented:
            yield Finding(statement.lineno, f"field {node.name}.{name} is not described")


def _type_says(name: str, annotation: ast.expr) -> bool:
    """Whether the last word of a field's name, its unit aside, is a word of a type in its annotation."""
    last = [word for word in name.split("_") if len(word) > 2][-1:]
    types = [part.id for part in ast.walk(annotation) if isinstance(part, ast.Name)]
    words = {
        word.lower().removesuffix("s") for type_ in types for word in re.findall(r"[A-Z][a-z]+|[A-Z]+", type_)
    }
    return any(word.removesuffix("s") in words for word in last)


def _is_string(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _docstring_follows(lines: list[str], start: int) -> bool:
    """Whether the statement at `start`, read to the end of its brackets, is followed by a string."""
    statement = ""
    for index in range(start, min(start + 30, len(lines))):
        statement += lines[index]
        if statement.count("(") <= statement.count(")") and statement.rstrip().endswith(":"):
            following = (line.strip() for line in lines[index + 1 :] if line.strip())
            return next(following, "").startswith('""')
    return False


def test_public_python_has_docstrings() -> None:
    assert_clean(report(missing_docstrings, files(".py", under=["gridnode", "bench"])))


def test_public_kernels_have_docstrings() -> None:
    assert_clean(report(missing_cython_docstrings, files(".pyx", under=["gridnode"])))


def test_fields_of_records_are_described() -> None:
    assert_clean(report(undocumented_fields, files(".py", under=["gridnode"])))


def test_test_files_say_what_they_show() -> None:
    undescribed = [
        finding
        for finding in report(missing_docstrings, files(".py", under=["tests"]))
        if finding.endswith("the module has no docstring")
    ]
    assert_clean(undescribed)


@pytest.mark.parametrize(
    "bad",
    [
        "x = 1",
        '"""M."""\ndef f(): ...',
        '"""M."""\nclass A: ...',
        '"""M."""\nclass A:\n    """A."""\n    def f(self): ...',
        '"""M."""\nasync def f(): ...',
    ],
)
def test_missing_docstring_is_seen(bad: str) -> None:
    assert list(missing_docstrings(bad))


def test_exempt_from_docstrings() -> None:
    source = '"""M."""\ndef _f(): ...\n@overload\ndef f(): ...\nclass _A:\n    def g(self): ...\n'
    assert not list(missing_docstrings(source))


def test_overrides_are_described_by_what_they_override() -> None:
    base = '"""M."""\nclass A:\n    """A."""\n    def f(self):\n        """F."""\n'
    assert not list(missing_docstrings(base + 'class B(A):\n    """B."""\n    def f(self): ...\n'))
    assert list(missing_docstrings(base + 'class B(A):\n    """B."""\n    def g(self): ...\n'))
    assert list(missing_docstrings(base + 'class B:\n    """B."""\n    def f(self): ...\n'))


def test_undescribed_field_is_seen() -> None:
    head = "@dataclass(frozen=True)\nclass A:\n"
    assert list(undocumented_fields(head + '    """A."""\n    x: int\n'))
    for good in (
        '    """A at x."""\n    x: int\n',
        '    x: int\n    """X."""\n',
        "    x: int  # X\n",
        "    # X\n    x: int\n",
    ):
        assert not list(undocumented_fields(head + good))


def test_a_type_may_describe_a_field() -> None:
    head = "@record\nclass A:\n"
    assert not list(undocumented_fields(head + "    block_hash: Annotated[Hash, HASH]\n"))
    assert not list(undocumented_fields(head + "    votes: tuple[Vote, ...]\n"))
    assert not list(undocumented_fields(head + "    generated_wh: int\n"))
    assert list(undocumented_fields(head + "    valid_until_ms: TimeMs\n"))
    assert list(undocumented_fields(head + "    owner: Address\n"))


def test_missing_cython_docstring_is_seen() -> None:
    assert list(missing_cython_docstrings("cdef int x\n"))
    assert list(missing_cython_docstrings('"""M."""\ncpdef int f(int a):\n    return a\n'))
    assert list(missing_cython_docstrings('"""M."""\ncdef class Book:\n    cdef int x\n'))
    assert not list(
        missing_cython_docstrings('"""M."""\ncpdef int f(\n    int a,\n):\n    """F."""\n    return a\n')
    )
    assert not list(missing_cython_docstrings('"""M."""\ncdef int f(int a) nogil:\n    return a\n'))
