"""Makes the packages of py-libp2p that only collect their parts run when something of theirs is asked for, and not before.

`import libp2p.peer.id` first runs `libp2p/__init__.py`, which imports every transport, every discovery, the DHT, an ACME client and a
thousand modules in all: most of a second of a start, in which a killed validator does not vote, for parts that a node has no use for.
A lazy package is in its place as if it had been run, so its modules are found; the first name looked up in it that is not there runs
its `__init__.py`, as the import would have. Nobody who needs it can tell the difference.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

LAZY = (
    "libp2p",
    "libp2p.network",
    "libp2p.rcmgr",
    "libp2p.security",
    "libp2p.transport",
    "libp2p.transport.quic",
)
"""Packages whose `__init__.py` imports what a node does not use; parents first."""


def lighten_libp2p() -> None:
    """Put the packages of LAZY in place, those that nobody has imported yet."""
    for name in LAZY:
        if name not in sys.modules:
            _put(name)


def _put(name: str) -> None:
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module named {name!r}: py-libp2p has another shape than gridnode was written for", name=name)
    package, loader = module_from_spec(spec), spec.loader

    def run_and_get(attribute: str) -> Any:
        """The module's `__getattr__`, which python calls for what it does not find."""
        vars(package).pop("__getattr__", None)
        loader.exec_module(package)
        return getattr(package, attribute)

    vars(package)["__getattr__"] = run_and_get
    sys.modules[name] = package
    parent, _, own = name.rpartition(".")
    if parent:
        vars(sys.modules[parent])[own] = package  # what an import does last
