"""Questions about settlement: statements with their corrections, congestion rent, and device locks that sales wait for."""

from __future__ import annotations

from typing import Any

from gridnode.api.pages import page
from gridnode.api.problems import bad_parameter, not_found
from gridnode.api.reading import Ask
from gridnode.api.shapes import address, settled, statement, thb
from gridnode.codec.records import to_json
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.market.locks import Lock, locks
from gridnode.modules.metering.tables import Quality
from gridnode.modules.settlement import queries
from gridnode.modules.settlement.correction_tables import Correction, CorrectionSums, Spending
from gridnode.modules.settlement.desk import NOTHING
from gridnode.modules.settlement.tables import MTUS, Statement
from gridnode.primitives.ids import PointId
from gridnode.primitives.limits import MAX_NAME_CHARS

SEPARATOR = "/"


def settlements(ask: Ask) -> dict[str, Any]:
    """Statements of an MTU by name, or of one `point`, and their sums; or of all points of an `owner`, latest first.

    `after` is a point's name, of an owner `mtu/point` of the last row.
    """
    mtu, owner = ask.parameters.integer("mtu"), ask.parameters.address("owner")
    if (mtu is None) == (owner is None):
        raise bad_parameter("mtu", "mtu or owner, one of them", "neither or both")
    if owner is None and mtu is not None:
        return _of_mtu(ask, mtu)
    if owner is None or ask.parameters.name("point") is not None:
        raise bad_parameter("point", "a point of an mtu", "a point of an owner")
    limit = ask.parameters.limit()
    found = queries.statements_of(ask.reader, owner, limit, _place(ask.parameters.text("after")))
    return page(
        found, limit, lambda row: f"{row[0]}{SEPARATOR}{row[1]}", lambda row: _row(ask, *row)
    )


def _place(text: str | None) -> tuple[int, PointId] | None:
    """(MTU, point) of a row of an owner's list, as `next` has it."""
    if text is None:
        return None
    digits, _, point = text.partition(SEPARATOR)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and 1 <= len(point) <= MAX_NAME_CHARS):
        raise bad_parameter("after", f"mtu{SEPARATOR}point, e.g. 1921344{SEPARATOR}P1", text)
    return int(digits), PointId(point)


def _of_mtu(ask: Ask, mtu: int) -> dict[str, Any]:
    limit, after, point = ask.parameters.limit(), ask.parameters.name("after"), ask.parameters.name("point")
    if point is None:
        found = queries.statements(ask.reader, mtu, limit, None if after is None else PointId(after))
    else:
        one = queries.statement(ask.reader, mtu, PointId(point))
        found = [] if one is None else [(PointId(point), one)]
    rows = page(found, limit, lambda row: row[0], lambda row: _row(ask, mtu, *row))
    totals = settled(MTUS.get(ask.reader, mtu) or NOTHING)
    return {"mtu": mtu, "totals": totals, "corrections": _sums(queries.corrected(ask.reader, mtu)), **rows}


def _row(ask: Ask, mtu: int, point: PointId, found: Statement | None) -> dict[str, Any]:
    """A statement, how many corrections stand beside it, and what all of them come to."""
    told: dict[str, Any] = {"mtu": mtu, "point": point}
    if found is not None:
        told |= statement(point, found)
    return told | {"result": _result(queries.result(ask.reader, mtu, point))}


def settlement(ask: Ask) -> dict[str, Any]:
    """One connection point in an MTU: its statement (null when everything came late), its corrections by entry, the result."""
    mtu, point = ask.parameters.required_integer("mtu"), PointId(ask.parameters.required_name("point"))
    limit, after = ask.parameters.limit(), ask.parameters.integer("after")
    first = queries.statement(ask.reader, mtu, point)
    result = queries.result(ask.reader, mtu, point)
    if first is None and not result.corrections:
        raise not_found("settlement", f"{point} in MTU {mtu}")
    found = queries.corrections(ask.reader, mtu, point, limit, after)
    return {
        "mtu": mtu,
        "point": point,
        "statement": None if first is None else statement(point, first),
        "result": _result(result),
        **page(found, limit, lambda row: row[0], lambda row: _correction(*row)),
    }


def _correction(number: int, found: Correction) -> dict[str, Any]:
    moved = found.credited - found.charged
    return {
        "entry": number,
        **to_json(found),
        "estimated": found.quality is Quality.ESTIMATED,
        **thb("amount", moved),
        **thb("unpaid", found.unpaid),
        **thb("lack_vat", found.lack_vat),
    }


def _result(found: queries.Result) -> dict[str, Any]:
    return {
        "corrections": found.corrections,
        "quality": None if found.quality is None else found.quality.name.lower(),
        "estimated": found.quality is Quality.ESTIMATED,
        "generated_wh": found.generated_wh,
        "consumed_wh": found.consumed_wh,
        "imbalance_wh": found.imbalance_wh,
        **thb("amount", found.amount),
        **thb("lack_vat", found.lack_vat),
    }


def _sums(sums: CorrectionSums) -> dict[str, Any]:
    return {
        **to_json(sums),
        **thb("amount", sums.credited - sums.charged),
        **thb("unpaid", sums.unpaid),
        **thb("vat", sums.vat_added - sums.vat_removed),
    }


def congestion(ask: Ask) -> dict[str, Any]:
    """Congestion rent: what there is, what came in and went out, and each spending, latest first; `after` is a spending's number."""
    limit = ask.parameters.limit()
    known = queries.congestion(ask.reader)
    found = queries.spendings(ask.reader, limit, ask.parameters.integer("after"))
    return {
        "account": address(CONGESTION),
        **thb("balance", known.balance),
        **thb("paid_in", known.paid_in),
        **thb("spent", known.spent),
        **page(found, limit, lambda row: row[0], lambda row: _spending(*row)),
    }


def _spending(number: int, found: Spending) -> dict[str, Any]:
    return {"number": number, **to_json(found), **thb("amount", found.amount)}


def lock_rows(ask: Ask) -> dict[str, Any]:
    """Device locks that sales of an MTU ask for, by connection point, until it is settled; `after` is a point's name."""
    mtu, limit, after = ask.parameters.required_integer("mtu"), ask.parameters.limit(), ask.parameters.name("after")
    found = locks(ask.reader, mtu, limit, None if after is None else PointId(after))
    return {"mtu": mtu, **page(found, limit, lambda row: row[0], lambda row: _lock(*row))}


def _lock(point: PointId, found: Lock) -> dict[str, Any]:
    missing_wh = max(0, found.requested_wh - found.acknowledged_wh)
    return {"point": point, **to_json(found), "missing_wh": missing_wh}
