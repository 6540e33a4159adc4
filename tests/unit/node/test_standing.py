"""What a node tells of its newest block, from what every node has of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from gridnode.node.standing import _last_block
from gridnode.node.watch import Watch
from tests.growing_store import growing


def test_the_newest_block_is_told_without_its_transactions(tmp_path: Path) -> None:
    """As on a node that began from a snapshot, which has only header and commit of it."""
    with growing(tmp_path / "chain") as chain:
        chain.grow(3)
        store, watch = chain.store, Watch(0)
        pruning = store.pruning()
        while pruning.step(4):
            pass
        header, commit = store.header, store.commit_of(3)
        assert store.final_block(3) is None
        assert header is not None
        assert commit is not None
        signers = [member.name for member, signature in zip(store.voted.members, commit.signatures, strict=True) if signature]
        told = _last_block(cast("Any", SimpleNamespace(store=store, watch=watch)))
        assert signers
        assert told == {"height": 3, "time_ms": header.time_ms, "stored_ms": watch.stored_ms, "signers": signers}
