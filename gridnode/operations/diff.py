"""gridnode diff: where two nodes part. First block by bisection over hashes, then what of it differs, then the first row of the state."""

from __future__ import annotations

from dataclasses import dataclass

from gridnode.chain.recorded import RecordedBlock
from gridnode.codec.records import to_json
from gridnode.operations.compare_rows import first_of_lists
from gridnode.operations.diff_state import Apart, Pair, first_row
from gridnode.operations.difference import MISSING, Difference, between
from gridnode.operations.records import receipt_record, transaction_record
from gridnode.operations.side import Rows, Side


@dataclass(frozen=True, slots=True)
class Compared:
    """What came out."""

    heights: tuple[int, int]
    """Of the two sides."""
    alike: int
    """Highest block that both hold and that is the same; all below it are, too."""
    differences: tuple[Difference, ...]
    """What differs: of the first block that does, header, transaction, receipt; then row of the state or of its trees."""
    modules: tuple[str, ...]
    """Modules whose trees have different roots."""
    state: str
    """What became of the comparison of states, in words."""


async def compare(left: Side, right: Side) -> Compared:
    """Compare two nodes. Raises OperatorError or RemoteProblem when one of them cannot be read."""
    one, other = await left.genesis_hash(), await right.genesis_hash()
    heights = await left.height(), await right.height()
    if one != other:
        apart = Difference(0, "genesis", "genesis hash", "", one.hex(), other.hex(), note="the nodes are of two chains")
        return Compared(heights, 0, (apart,), (), "not compared")
    common = min(heights)
    first = await _first_block(left, right, common)
    found: list[Difference] = []
    if first is not None:
        found += _of_block(first, await left.block(first), await right.block(first))
    if heights[0] != heights[1] and first is not None:
        return Compared(heights, first - 1, tuple(found), (), "not compared: the nodes stand at different heights of two branches")
    pair = Pair(left, right, same_block=first is None)
    try:
        modules, rows, said = await _state(pair)
    except Apart as apart_:
        modules, rows, said = [], [], f"not compared: {apart_}; the states of two nodes are compared at one height"
    alike = common if first is None else first - 1
    return Compared(heights, alike, (*found, *rows), tuple(modules), said)


async def _first_block(left: Side, right: Side, common: int) -> int | None:
    """Height of the first block that differs, None when the blocks up to `common` are the same.

    A header names the one before by hash, so blocks that are the same at a height are the same below it.
    """
    low, high = 0, common
    if not common or await _same(left, right, common):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if await _same(left, right, middle):
            low = middle
        else:
            high = middle
    return high


async def _same(left: Side, right: Side, height: int) -> bool:
    return await left.block_hash(height) == await right.block_hash(height)


def _of_block(height: int, left: RecordedBlock, right: RecordedBlock) -> list[Difference]:
    """What differs in two blocks of one height: the first field of the header, the first transaction, the first receipt."""
    found = [between(height, "header", "header", to_json(left.block.header), to_json(right.block.header))]
    mine, theirs = list(left.block.transactions), list(right.block.transactions)
    index = first_of_lists(mine, theirs)
    if index is not None:
        one = transaction_record(mine[index]) if index < len(mine) else MISSING
        other = transaction_record(theirs[index]) if index < len(theirs) else MISSING
        found.append(between(height, "transaction", f"transactions[{index}]", one, other))
    index = first_of_lists(list(left.receipts), list(right.receipts))
    if index is not None:
        one = receipt_record(left.receipts[index]) if index < len(left.receipts) else MISSING
        other = receipt_record(right.receipts[index]) if index < len(right.receipts) else MISSING
        found.append(between(height, "receipt", f"receipts[{index}]", one, other))
    return [difference for difference in found if difference is not None]


async def _state(pair: Pair) -> tuple[list[str], list[Difference], str]:
    """Modules whose roots differ, the first row that does, and what was compared."""
    one, other = await pair.left.roots(), await pair.right.roots()
    together = one.height == other.height
    modules = [name for name in one.found if together and one.found[name] != other.found.get(name)]
    row = await first_row(pair, Rows.STATE, modules if not pair.same_block else [])
    if row is not None:
        return modules, [row], "the states differ"
    tree = await first_row(pair, Rows.TREES, [])
    if tree is not None:
        return modules, [tree], "the rows are alike; the trees over them differ, so one of them is damaged: `gridnode verify` says which"
    return [], [], f"rows and trees are alike at block {one.height}"
