"""Lists in pages: {rows, next}. `next` goes into the parameter `after` of the request for the page that follows; null means the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def page(
    found: Sequence[T],
    limit: int,
    cursor: Callable[[T], Any],
    shape: Callable[[T], Any],
    keep: Callable[[T], bool] = lambda _: True,
) -> dict[str, Any]:
    """A page of what a query `found` when asked for at most `limit` rows.

    Rows that `keep` refuses are left out, so a page of a filtered list may hold fewer rows than `limit`, even none, and yet have a next:
    the work behind one answer stays bounded.
    """
    return {
        "rows": [shape(row) for row in found if keep(row)],
        "next": cursor(found[-1]) if len(found) == limit else None,
    }
