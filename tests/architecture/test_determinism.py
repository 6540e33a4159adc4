"""Pure packages keep the determinism fence."""

import pytest

from tests.architecture.determinism import fence, fence_cython
from tests.architecture.tree import assert_clean, pure_files, report


def test_pure_python_keeps_the_fence() -> None:
    assert_clean(report(fence, pure_files(".py", ".pyi")))


def test_pure_cython_keeps_the_fence() -> None:
    assert_clean(report(fence_cython, pure_files(".pyx", ".pxd")))


@pytest.mark.parametrize(
    "bad",
    [
        "import os",
        "import os.path",
        "from time import monotonic",
        "from random import choice",
        "from math import sqrt",
        "import math\nx = math.log(2)",
        "x = 1.5",
        "x = 2j",
        "def f(a, b):\n    return a / b",
        "def f(a):\n    a /= 2",
        "x = float(3)",
        "def f(x: float): ...",
        "x: list[float] = []",
        "x = hash('a')",
        "x = sorted([], key=id)",
        "x = clock.now()",
        "x = datetime.utcnow()",
        "for x in {1, 2}: ...",
        "for x in set(y): ...",
        "x = list(frozenset(y))",
        "x = [y for y in {1, 2}]",
        "seen = set()\nfor x in seen: ...",
        "def f(seen: set[int]):\n    return [x for x in seen]",
        "class A:\n    seen: frozenset[int]\n    def f(self):\n        return tuple(self.seen)",
        "def f(a: set[int], b):\n    for x in a | b: ...",
        "for x in a.keys() & b.keys(): ...",
        "def f(a: set[int]):\n    return a.pop()",
        "def f(a: set[int]):\n    return sorted(a, key=len)",
        "def f(a: set[int]):\n    x, y = a",
        "x = b''.join({b'a', b'b'})",
        "x = [*{1, 2}]",
        "x = open('f')",
    ],
)
def test_fence_refuses(bad: str) -> None:
    assert list(fence(bad))


@pytest.mark.parametrize(
    "good",
    [
        "import math\nx = math.isqrt(9) // 2",
        "def f(x):\n    return isinstance(x, float)",
        "def f(a: set[int]):\n    return sorted(a)",
        "def f(a: set[int]):\n    return any(x > 1 for x in a)",
        "def f(a: set[int], b):\n    return b in a and len(a)",
        "def f(a: dict[int, int]):\n    return [x for x in a]",
        "def f(a: list[int]):\n    return a.pop()",
        "def f(a: set[int]):\n    return {x + 1 for x in a}",
        "x = 'floats / 1.5'",
    ],
)
def test_fence_admits(good: str) -> None:
    assert not list(fence(good))


@pytest.mark.parametrize(
    "bad",
    [
        "cdef double x",
        "x = a / b",
        "a /= b",
        "from libc.math cimport sqrt",
        "import time",
        "x = rand()",
        "x = 0.5",
    ],
)
def test_cython_fence_refuses(bad: str) -> None:
    assert list(fence_cython(bad))


@pytest.mark.parametrize(
    "good", ["x = a // b", "a //= b", "# a / b", '"""1.5 / 2"""', "from libc.stdint cimport int64_t"]
)
def test_cython_fence_admits(good: str) -> None:
    assert not list(fence_cython(good))
