"""Questions about lots and bundles: certificates of origin, with the fields of a granular certificate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gridnode.api.pages import page
from gridnode.api.problems import not_found
from gridnode.api.reading import Ask
from gridnode.api.shapes import address
from gridnode.codec.records import to_json
from gridnode.modules.lots import queries
from gridnode.modules.lots.tables import Bundle, Lot

T = TypeVar("T")
CARRIER = "electricity"


def lots(ask: Ask) -> dict[str, Any]:
    """Lots of one owner in order of number; `retired` chooses certificates or lots that can still move; `after` is a number."""
    return _owned(ask, queries.lots_of, _lot)


def lot_by_number(ask: Ask) -> dict[str, Any]:
    """One lot."""
    number = ask.parameters.required_integer("number")
    found = queries.lot(ask.reader, number)
    if found is None:
        raise not_found("lot", number)
    return _lot(ask, number, found)


def bundles(ask: Ask) -> dict[str, Any]:
    """Bundles of one owner in order of number; `retired` chooses certificates or bundles that can still move; `after` is a number."""
    return _owned(ask, queries.bundles_of, _bundle)


def bundle_by_number(ask: Ask) -> dict[str, Any]:
    """One bundle."""
    return _bundle(ask, *_found(ask))


def bundle_lots(ask: Ask) -> dict[str, Any]:
    """Lots inside of a bundle in order of number; `after` is a number."""
    number, _ = _found(ask)
    limit = ask.parameters.limit()
    found = queries.lots_inside(ask.reader, number, limit, ask.parameters.integer("after"))
    return page(found, limit, lambda row: row[0], lambda row: _lot(ask, *row))


def _owned(ask: Ask, query: Callable[..., list[tuple[int, T]]], shape: Callable[[Ask, int, T], Any]) -> dict[str, Any]:
    """A page of what an owner has."""
    owner = ask.parameters.required_address("owner")
    limit = ask.parameters.limit()
    after, retired = ask.parameters.integer("after"), ask.parameters.boolean("retired")
    found = query(ask.reader, owner, limit, after, retired)
    return page(found, limit, lambda row: row[0], lambda row: shape(ask, *row))


def _found(ask: Ask) -> tuple[int, Bundle]:
    number = ask.parameters.required_integer("number")
    found = queries.bundle(ask.reader, number)
    if found is None:
        raise not_found("bundle", number)
    return number, found


def _lot(ask: Ask, number: int, found: Lot) -> dict[str, Any]:
    """A lot with its certificate id; of one in a bundle, the owner and the retirement are the bundle's."""
    seen = queries.certificate(ask.reader, number, found)
    return {
        "number": number,
        "certificate_id": f"{ask.node.store.chain_id}/{number}",
        "energy_carrier": CARRIER,
        **to_json(found),
        "start_ms": seen.start_ms,
        "end_ms": seen.end_ms,
        "bundle": found.bundle or None,
        **_holding(seen.owner, seen.retired_ms, seen.purpose),
    }


def _bundle(ask: Ask, number: int, found: Bundle) -> dict[str, Any]:
    return {
        "number": number,
        "certificate_id": f"{ask.node.store.chain_id}/bundle/{number}",
        "energy_carrier": CARRIER,
        **to_json(found),
        "sealed": found.sealed,
        "sealed_ms": found.sealed_ms or None,
        **_holding(found.owner, found.retired_ms, found.purpose),
    }


def _holding(owner: bytes, retired_ms: int, purpose: str) -> dict[str, Any]:
    """Whose it is, and what became of it; beneficiary and time are null while it is not retired."""
    retired = retired_ms > 0
    return {
        "owner": address(owner),
        "retired": retired,
        "retired_ms": retired_ms if retired else None,
        "beneficiary": address(owner) if retired else None,
        "purpose": purpose,
    }
