"""The compiled state tree agrees with its definition after any history of changes, and leaves no trace of how it got there."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode._native import commitment
from gridnode._native import sha256 as kernel_sha256
from gridnode.state import reference_tree

NO_ROOT = bytes(36)
MODULE = 3
KEYS = st.integers(0, 400).map(lambda number: b"key %d" % number)
VALUES = st.one_of(st.none(), st.binary(max_size=4))
HISTORIES = st.lists(st.dictionaries(KEYS, VALUES, max_size=120), max_size=6)


def digest(data: bytes) -> bytes:
    return sha256(data).digest()


class Tree:
    """A kernel tree over rows in a dict, and beside it the plain content."""

    def __init__(self) -> None:
        self.root = NO_ROOT
        self.rows: dict[bytes, bytes] = {}
        self.content: dict[bytes, bytes] = {}

    def update(self, changes: dict[bytes, bytes | None]) -> None:
        writes: dict[bytes, bytes | None] = {}
        self.root = commitment.update(self.rows.get, MODULE, self.root, list(changes.items()), writes)
        for rows, made in ((self.rows, writes), (self.content, changes)):
            for key, value in made.items():
                if value is None:
                    rows.pop(key, None)
                else:
                    rows[key] = value

    @property
    def leaves(self) -> dict[bytes, bytes]:
        return {digest(key): digest(value) for key, value in self.content.items()}


@given(HISTORIES)
@settings(max_examples=60)
def test_root_is_that_of_the_definition(history: list[dict[bytes, bytes | None]]) -> None:
    tree = Tree()
    for changes in history:
        tree.update(changes)
        assert tree.root == len(tree.content).to_bytes(4, "big") + reference_tree.root(tree.leaves)


@given(HISTORIES)
@settings(max_examples=60)
def test_rows_depend_on_the_content_alone(history: list[dict[bytes, bytes | None]]) -> None:
    tree, fresh = Tree(), Tree()
    for changes in history:
        tree.update(changes)
    fresh.update(dict(tree.content))
    assert tree.rows == fresh.rows
    tree.update(dict.fromkeys(tree.content))
    assert tree.rows == {}
    assert tree.root == NO_ROOT


@given(st.dictionaries(KEYS, st.binary(max_size=4)), KEYS)
@settings(max_examples=60)
def test_path_is_that_of_the_definition(content: dict[bytes, bytes], key: bytes) -> None:
    tree = Tree()
    tree.update(dict(content))
    found = commitment.path(tree.rows.get, MODULE, tree.root, digest(key))
    assert found == reference_tree.path(tree.leaves, digest(key))


def test_many_leaves_over_several_pages() -> None:
    tree = Tree()
    tree.update({b"%d" % number: b"old" for number in range(20_000)})
    tree.update({b"%d" % number: b"new" for number in range(0, 20_000, 7)})
    tree.update({b"%d" % number: None for number in range(20_000) if number % 3})
    assert tree.root[4:] == reference_tree.root(tree.leaves)
    fresh = Tree()
    fresh.update(dict(tree.content))
    assert tree.rows == fresh.rows


def test_long_common_prefixes() -> None:
    """Keys chosen so that their hashes agree in many bits make a deep tree, which shrinks again when they go."""
    start = digest(b"0")[:2]
    close = [key for key in (b"%d" % number for number in range(400_000)) if digest(key)[:2] == start]
    tree = Tree()
    tree.update(dict.fromkeys(close, b""))
    assert tree.root[4:] == reference_tree.root(tree.leaves)
    tree.update(dict.fromkeys(close[1:]))
    assert list(tree.rows.values()) == [digest(close[0]) + digest(b"")]


def test_damage_is_seen() -> None:
    tree = Tree()
    tree.update({b"%d" % number: b"" for number in range(500)})
    for name, row in tree.rows.items():
        damaged = {**tree.rows, name: row[:-1]}
        with pytest.raises(ValueError):
            commitment.update(damaged.get, MODULE, tree.root, [(b"%d" % n, b"x") for n in range(500)], {})
        del damaged[name]
        with pytest.raises(ValueError):
            commitment.update(damaged.get, MODULE, tree.root, [(b"%d" % n, b"x") for n in range(500)], {})


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(ValueError):
        commitment.update({}.get, MODULE, NO_ROOT, [(b"a", b"1"), (b"a", b"2")], {})


@given(data=st.binary(max_size=300))
@settings(max_examples=50)
def test_sha256(data: bytes) -> None:
    try:
        for library in ("libsodium", "openssl"):
            kernel_sha256.use(library)
            assert kernel_sha256.sha256_of(data) == digest(data)
    finally:
        kernel_sha256.use("openssl")
