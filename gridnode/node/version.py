"""Which gridnode this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

UNINSTALLED = "0+checkout"
"""Stands for the version of source files that run without having been installed."""


def node_version() -> str:
    """Version of the installed package."""
    try:
        return version("gridnode")
    except PackageNotFoundError:
        return UNINSTALLED
