"""export and import: what one node writes another stores; a file that was changed anywhere changes nothing."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from gridnode.chain.genesis import genesis_hash
from gridnode.operations.block_file import BlockFileReader, BlockFileWriter, Head
from gridnode.operations.export import export_blocks
from gridnode.operations.import_blocks import Imported, import_blocks
from gridnode.operations.place import Place
from gridnode.operations.verify import Wish, verify_place
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Signature
from gridnode.storage.leveldb import Column
from gridnode.sync.messages import FinalBlock
from tests.chain_in_memory import genesis
from tests.unit.node.peers_in_memory import GrownChain
from tests.unit.operations.chains import change, data_of, opened

BLOCKS = 5


def quiet(_done: int, _last: int) -> None:
    """Nobody looks."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A chain of five blocks."""
    return data_of(tmp_path / "a", BLOCKS)


@pytest.fixture
def file(place: Place, tmp_path: Path) -> Path:
    """All of them in a file."""
    out = tmp_path / "blocks.grid"
    trailer = export_blocks(place, out, 1, None, quiet)
    assert (trailer.blocks, trailer.last) == (BLOCKS, BLOCKS)
    return out


def empty(tmp_path: Path) -> Place:
    """A node that was never started."""
    return Place(tmp_path / "b", genesis())


def height(place: Place) -> int:
    """Where a node stands."""
    with opened(place.data) as store:
        return store.height


def written(blocks: list[FinalBlock], path: Path, first: int = 1, genesis_: bytes = genesis_hash(genesis())) -> Path:
    """A file with these blocks."""
    with path.open("wb") as out:
        writer = BlockFileWriter(out, Head(genesis_, first))
        for block in blocks:
            writer.add(block)
        writer.close()
    return path


def grown(blocks: int = BLOCKS) -> list[FinalBlock]:
    """Blocks of the chain."""
    chain = GrownChain(blocks)
    return [final for number in range(1, blocks + 1) if (final := chain.final(number)) is not None]


def test_what_was_exported_is_imported_and_verifies(place: Place, file: Path, tmp_path: Path) -> None:
    other = empty(tmp_path)
    assert import_blocks(other, file, quiet) == Imported(1, BLOCKS, 0, BLOCKS, BLOCKS)
    assert verify_place(other, Wish(), quiet).difference is None
    with opened(place.data) as mine, opened(other.data) as theirs:
        assert mine.tip_hash == theirs.tip_hash
    assert import_blocks(other, file, quiet) == Imported(1, BLOCKS, BLOCKS, 0, BLOCKS)
    again = tmp_path / "again.grid"
    export_blocks(other, again, 1, None, quiet)
    assert again.read_bytes() == file.read_bytes()


def test_parts_follow_each_other_and_gaps_are_refused(place: Place, tmp_path: Path) -> None:
    other = empty(tmp_path)
    first, second, late = tmp_path / "1", tmp_path / "2", tmp_path / "3"
    export_blocks(place, first, 1, 2, quiet)
    export_blocks(place, second, 2, 4, quiet)
    export_blocks(place, late, 5, 5, quiet)
    import_blocks(other, first, quiet)
    with pytest.raises(OperatorError, match="expected blocks from 3 on, the file begins with block 5"):
        import_blocks(other, late, quiet)
    assert import_blocks(other, second, quiet) == Imported(2, 4, 1, 2, 4)
    assert import_blocks(other, late, quiet).height == BLOCKS


@pytest.mark.parametrize(("first", "last"), [(0, 2), (3, 2), (1, BLOCKS + 1), (BLOCKS + 1, None)])
def test_blocks_that_are_not_there(place: Place, tmp_path: Path, first: int, last: int | None) -> None:
    with pytest.raises(OperatorError, match="expected blocks from 1 to 5"):
        export_blocks(place, tmp_path / "x", first, last, quiet)
    assert list(tmp_path.glob("x*")) == []


def test_nothing_is_written_over(place: Place, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(OperatorError, match="expected a name that is free"):
        export_blocks(place, file, 1, None, quiet)
    assert file.read_bytes() == before


def test_a_block_that_is_damaged_is_not_exported(place: Place, tmp_path: Path) -> None:
    change(place, Column.BLOCKS, lambda key, _: key == b"c" + (3).to_bytes(8, "big"), None)
    with pytest.raises(OperatorError, match="block 3 cannot be exported: commit"):
        export_blocks(place, tmp_path / "x", 1, None, quiet)
    assert list(tmp_path.glob("x*")) == []


def test_every_flipped_byte_is_found_before_anything_is_stored(tmp_path: Path) -> None:
    """Of the head, of lengths, of blocks, of hashes, of the trailer."""
    whole = written(grown(2), tmp_path / "whole").read_bytes()
    for at in range(len(whole)):
        data = whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :]
        with pytest.raises(OperatorError, match=r"byte|head|begins with|version"):
            list(BlockFileReader(BytesIO(data), tmp_path).entries())


def test_every_cut_is_found(tmp_path: Path) -> None:
    whole = written(grown(2), tmp_path / "whole").read_bytes()
    for size in range(len(whole)):
        with pytest.raises(OperatorError, match=f"cut off at byte {size}, in "):
            list(BlockFileReader(BytesIO(whole[:size]), tmp_path).entries())
    with pytest.raises(OperatorError, match="expected the end of the file behind its trailer"):
        list(BlockFileReader(BytesIO(whole + b"\0"), tmp_path).entries())


def test_a_damaged_file_changes_nothing_and_says_where(file: Path, tmp_path: Path) -> None:
    """Even when the damage stands behind good blocks."""
    data = bytearray(file.read_bytes())
    data[len(data) - 300] ^= 1
    file.write_bytes(data)
    other = empty(tmp_path)
    with pytest.raises(OperatorError, match=r"byte \d+, block 5: damaged"):
        import_blocks(other, file, quiet)
    assert not other.data.exists()


def test_another_chain_is_refused(tmp_path: Path) -> None:
    other = empty(tmp_path)
    with pytest.raises(OperatorError, match="expected blocks of the chain with genesis"):
        import_blocks(other, written(grown(1), tmp_path / "x", genesis_=bytes(32)), quiet)
    assert not other.data.exists()


def test_another_branch_is_refused(file: Path, tmp_path: Path) -> None:
    chain = GrownChain(1)
    chain.executed += [chain.memory.block(after_ms=77)]
    other = data_of(tmp_path / "b", 2, chain)
    with pytest.raises(OperatorError, match=r"block 2: expected .* which this node has"):
        import_blocks(other, file, quiet)
    assert height(other) == 2


def test_a_block_that_is_not_valid_leaves_those_before_it(tmp_path: Path) -> None:
    """Its commit lacks a quorum: the file is whole, and yet the block is not final."""
    blocks = grown()
    commit = blocks[3].commit
    few = replace(commit, signatures=(commit.signatures[0], *[Signature(b"")] * (len(commit.signatures) - 1)))
    blocks[3] = FinalBlock(blocks[3].block, few)
    other = empty(tmp_path)
    with pytest.raises(OperatorError, match=r"block 4: not valid on this chain: .*more than 2/3.*stands at block 3"):
        import_blocks(other, written(blocks, tmp_path / "x"), quiet)
    assert height(other) == 3
    assert verify_place(other, Wish(), quiet).difference is None


def test_the_wrong_file(tmp_path: Path) -> None:
    other, path = empty(tmp_path), tmp_path / "x"
    with pytest.raises(OperatorError, match="cannot be read: No such file"):
        import_blocks(other, path, quiet)
    path.write_bytes(b"")
    with pytest.raises(OperatorError, match="cut off at byte 0, in the head"):
        import_blocks(other, path, quiet)
    path.write_bytes(b"PK" + bytes(200))
    with pytest.raises(OperatorError, match="expected a file of gridnode blocks"):
        import_blocks(other, path, quiet)


def test_a_running_node_is_refused(place: Place, file: Path, tmp_path: Path) -> None:
    with opened(place.data), pytest.raises(OperatorError, match="in use by"):
        import_blocks(place, file, quiet)
    with opened(place.data), pytest.raises(OperatorError, match="in use by"):
        export_blocks(place, tmp_path / "x", 1, None, quiet)
