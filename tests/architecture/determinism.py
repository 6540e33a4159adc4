"""The determinism fence: what pure code may not contain, found in its syntax tree.

Two nodes run the same inputs on machines that differ in clock, hash seed, memory layout and floating point unit, and
must come to the same bytes. So pure code has no floats, no true division, nothing that reads the machine, and takes no
order from a set.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeGuard

from tests.architecture.tree import Finding, code_only

MODULES = frozenset(
    (
        "asyncio",
        "cmath",
        "concurrent",
        "ctypes",
        "datetime",
        "decimal",
        "fcntl",
        "glob",
        "io",
        "locale",
        "logging",
        "multiprocessing",
        "numpy",
        "os",
        "pathlib",
        "platform",
        "plyvel",
        "queue",
        "random",
        "sched",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "statistics",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "trio",
        "uuid",
        "weakref",
    )
)
"""Modules that read the machine, or compute in floats."""

CALLS = {
    "float": "floats differ between machines",
    "complex": "floats differ between machines",
    "hash": "depends on the process's hash seed",
    "id": "depends on the memory layout",
    "open": "files are opened by the edge",
    "print": "the edge speaks",
    "input": "the edge listens",
    "eval": "code is not data",
    "exec": "code is not data",
}
INTEGER_MATH = frozenset({"isqrt", "gcd", "lcm", "comb", "perm", "factorial", "prod"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today", "fromtimestamp"})
SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
SET_OPERATORS = (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)
SET_TYPES = frozenset({"set", "frozenset", "Set", "AbstractSet", "MutableSet"})
ORDER_TAKERS = frozenset(
    {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "dict", "bytes"}
)
ORDER_BLIND = frozenset({"set", "frozenset", "sorted", "any", "all", "sum", "len", "min", "max"})
"""Callables whose answer is the same whatever order their argument is read in (with a `key`, ties are not)."""


def fence(source: str) -> Iterator[Finding]:
    """All breaks of the fence in the Python source of one pure module."""
    tree = ast.parse(source)
    sets = _names_of_sets(tree)
    blind = _read_without_order(tree)
    for node in ast.walk(tree):
        for message in _breaks(node):
            yield Finding(node.lineno, message)
        for iterable in _ordered_reads(node, blind):
            if _is_set(iterable, sets):
                yield Finding(iterable.lineno, "order taken from a set: sort it, or use a dict or a tuple")


def fence_cython(source: str) -> Iterator[Finding]:
    """All breaks of the fence in Cython source, which has no syntax tree here: by words outside strings and comments."""
    patterns = {
        r"\b(?:double|float|long double)\b": "floats differ between machines",
        r"(?<![/])/(?![/=])": "true division",
        r"(?<![/])/=": "true division",
        r"\b(?:c?import|from)\s+(?:libc\.)?(?:time|math|random|os|threading|logging)\b": "reads the machine, or floats",
        r"\b(?:hash|id|rand|srand|time)\s*\(": "reads the machine",
        r"(?<![\w.])\d+\.\d": "float literal",
    }
    for number, line in enumerate(code_only(source).splitlines(), 1):
        for pattern, message in patterns.items():
            if re.search(pattern, line):
                yield Finding(number, f"{message}: {line.strip()}")


def _breaks(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _banned_import(alias.name)
    elif isinstance(node, ast.ImportFrom):
        yield from _banned_import(node.module or "")
        if node.module == "math":
            yield from (
                f"math.{alias.name} is a float" for alias in node.names if alias.name not in INTEGER_MATH
            )
    elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
        yield f"float literal {node.value}"
    elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        yield "true division: use // and say in the name how it rounds"
    elif isinstance(node, ast.Call):
        yield from _banned_call(node)
    elif isinstance(node, ast.keyword) and node.arg == "key" and _named(node.value) in ("hash", "id"):
        yield "ordered by hash() or id()"
    elif (
        isinstance(node, ast.arg | ast.AnnAssign) and node.annotation and _mentions(node.annotation, "float")
    ):
        yield "float annotation"
    elif isinstance(node, ast.Attribute) and _named(node.value) == "math" and node.attr not in INTEGER_MATH:
        yield f"math.{node.attr} is a float"


def _banned_import(module: str) -> Iterator[str]:
    if module.partition(".")[0] in MODULES:
        yield f"import of {module} in a pure package"


def _banned_call(node: ast.Call) -> Iterator[str]:
    name = _named(node.func)
    if name in CALLS:
        yield f"{name}(): {CALLS[name]}"
    if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_METHODS:
        yield f".{node.func.attr}(): time is an input"


def _names_of_sets(tree: ast.AST) -> frozenset[str]:
    """Names of variables, parameters and attributes that this module assigns or declares as sets."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and _annotates_set(node.annotation):
            names.add(_last_name(node.target))
        elif isinstance(node, ast.arg) and node.annotation and _annotates_set(node.annotation):
            names.add(node.arg)
        elif isinstance(node, ast.Assign) and _is_set(node.value, frozenset()):
            names.update(_last_name(target) for target in node.targets)
    return frozenset(names - {""})


def _annotates_set(annotation: ast.expr) -> bool:
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return _last_name(outer) in SET_TYPES


def _is_set(node: ast.expr, names: frozenset[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr in SET_METHODS and _is_set(node.func.value, names)
        return _named(node.func) in ("set", "frozenset")
    if isinstance(node, ast.BinOp) and isinstance(node.op, SET_OPERATORS):
        return any(_is_set(side, names) or _is_keys(side) for side in (node.left, node.right))
    return isinstance(node, ast.Name | ast.Attribute) and _last_name(node) in names


def _is_keys(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("keys", "items")
    )


def _read_without_order(tree: ast.AST) -> frozenset[int]:
    """Object numbers of the comprehensions whose order nobody sees, such as the one in `any(x > 0 for x in seen)`."""
    blind: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _named(node.func) in ORDER_BLIND and not node.keywords:
            blind.update(id(argument) for argument in node.args)
        elif isinstance(node, ast.SetComp):
            blind.add(id(node))
    return frozenset(blind)


def _ordered_reads(node: ast.AST, blind: frozenset[int]) -> Iterator[ast.expr]:
    """Expressions that `node` reads in their order."""
    if isinstance(node, ast.For):
        yield node.iter
    elif isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp) and id(node) not in blind:
        yield from (generator.iter for generator in node.generators)
    elif isinstance(node, ast.Starred | ast.YieldFrom) or _unpacks(node):
        yield node.value
    elif isinstance(node, ast.Call):
        yield from _ordered_arguments(node)


def _unpacks(node: ast.AST) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Tuple | ast.List) for target in node.targets
    )


def _ordered_arguments(node: ast.Call) -> Iterator[ast.expr]:
    name = _named(node.func)
    keyed = name in ORDER_BLIND and any(keyword.arg == "key" for keyword in node.keywords)
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name in ORDER_TAKERS or keyed or method in ("join", "extend", "fromkeys"):
        yield from node.args
    elif isinstance(node.func, ast.Attribute) and method == "pop" and not node.args:
        yield node.func.value


def _named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return _named(node)


def _mentions(node: ast.expr, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))
