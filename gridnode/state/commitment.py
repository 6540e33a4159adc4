"""The state root: one sparse Merkle tree per module, the roots of all modules in an RFC 6962 tree.

    update = commitment.update(state.writes())       nothing is stored, nothing remembered
    ... update.root goes into the header, update.pages into the batch that commits the block ...
    commitment.commit(update)                        when that batch is on disk

An update that is never committed, because another proposal won, leaves no trace. The leaf of a module in the RFC 6962 tree is its
number (1 byte) and its root; every module has one, also while it has no rows, in ascending order of the numbers.

Tree rows are stored under the module's number: alone for the root (count of leaves, hash), followed by depth and path for the
pages and buckets of `gridnode._native.commitment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridnode._native.commitment import update as update_tree
from gridnode.crypto import merkle
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Hash
from gridnode.state.kv import Reader
from gridnode.state.page_cache import PageCache
from gridnode.state.prefixes import NAMES

MODULES = tuple(sorted(NAMES))
"""Numbers of the modules in the order of the RFC 6962 tree."""

EMPTY_TREE = bytes(36)
"""Root row of a tree without leaves: count 0, hash of zeros."""


@dataclass(frozen=True, slots=True)
class Update:
    """What a block's writes make of the trees."""

    root: Hash
    """State root after the writes."""
    pages: dict[bytes, bytes | None]
    """Tree rows to store, None for those to delete."""
    module_roots: dict[int, bytes]
    """Root rows by module, after the writes."""
    version: int
    """How many updates had been committed before this one was made."""


class Commitment:
    """The trees of the committed state."""

    def __init__(self, pages: Reader) -> None:
        """`pages` reads the stored tree rows; what `commit` was told must be stored there."""
        self._cache = PageCache(pages)
        self._roots = read_roots(pages)
        self.root = state_root(self._roots)
        """State root of the committed state."""
        self._version = 0

    def update(self, writes: Mapping[bytes, bytes | None]) -> Update:
        """What `writes` (net changes of rows, grouped by module as in `State.writes`) make of the trees.

        Raises InvariantBroken when a key belongs to no module, or when the stored rows are damaged.
        """
        pages: dict[bytes, bytes | None] = {}
        roots = dict(self._roots)
        for module, rows in _by_module(writes).items():
            try:
                roots[module] = update_tree(self._cache.get, module, roots[module], rows, pages)
            except ValueError as error:
                raise InvariantBroken("state-tree", f"{NAMES[module]}: {error}") from None
            if roots[module] != self._roots[module]:
                pages[bytes([module])] = None if roots[module] == EMPTY_TREE else roots[module]
        return Update(state_root(roots), pages, roots, self._version)

    def commit(self, update: Update) -> None:
        """Take over an update whose page writes are stored.

        Raises InvariantBroken when another one was committed since it was made.
        """
        if update.version != self._version:
            raise InvariantBroken("state-tree", "an update was committed that was made of an earlier state")
        self._cache.replace(update.pages)
        self._roots, self.root = update.module_roots, update.root
        self._version += 1


def read_roots(pages: Reader) -> dict[int, bytes]:
    """Root rows by module as they are stored."""
    return {module: pages.get(bytes([module])) or EMPTY_TREE for module in MODULES}


def state_root(roots: Mapping[int, bytes]) -> Hash:
    """RFC 6962 root over the root rows of all modules."""
    return merkle.root(root_leaves(roots))


def root_leaves(roots: Mapping[int, bytes]) -> list[bytes]:
    """Leaves of the RFC 6962 tree: number and root hash of each module."""
    return [root_leaf(module, roots[module][4:]) for module in MODULES]


def root_leaf(module: int, root: bytes) -> bytes:
    """Data of a module's leaf in the RFC 6962 tree."""
    return bytes([module]) + root


def _by_module(writes: Mapping[bytes, bytes | None]) -> dict[int, list[tuple[bytes, bytes | None]]]:
    groups: dict[int, list[tuple[bytes, bytes | None]]] = {}
    for key, value in writes.items():
        module = key[0] if key else 0
        if module not in NAMES:
            raise InvariantBroken("state-key", f"{key.hex() or 'the empty key'} belongs to no module")
        groups.setdefault(module, []).append((key, value))
    return groups
