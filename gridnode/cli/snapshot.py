"""gridnode snapshot: snapshots of a node that does not run. A running one makes them at an interval and lists them by API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridnode.cli.ask import AsJson
from gridnode.cli.show import show

if TYPE_CHECKING:
    from gridnode.chain.genesis import Genesis
    from gridnode.operations.place import Place
    from gridnode.storage.snapshots import SnapshotStore
    from gridnode.sync.snapshots import SealedManifest

app = typer.Typer(help="Snapshots of a node that does not run.", no_args_is_help=True)

Config = Annotated[Path, typer.Option("--config", help="Configuration file of the node, which must not be running.")]


@app.command(name="list")
def list_snapshots(config: Config, as_json: AsJson = False) -> None:
    """Which snapshots the node has, the newest first."""
    _, snapshots = _node(config)
    show([_row(snapshots, height) for height in snapshots.heights()], as_json, "no snapshots")


@app.command()
def create(config: Config, as_json: AsJson = False) -> None:
    """Make a snapshot of the newest block."""
    from gridnode.node.open_store import open_store
    from gridnode.node.snapshot_rows import write_snapshot

    place, snapshots = _node(config)
    store = open_store(_existing(place.chain), place.genesis)
    try:
        _expect(store.height > 0, f"{place.data}: expected a chain with a block")
        frozen = store.freeze()
        with frozen.rows:
            manifest = write_snapshot(frozen, snapshots)
    finally:
        store.close()
    show(_row(snapshots, manifest.height), as_json)


@app.command()
def export(
    config: Config,
    to: Annotated[Path, typer.Argument(help="New folder for the snapshot's files.")],
    height: Annotated[int | None, typer.Option(help="Which one; the newest without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy a snapshot, each chunk checked, to where another node can restore it from."""
    from gridnode.storage.snapshots import SnapshotStore

    _, snapshots = _node(config)
    chosen = _chosen(snapshots, height)
    _expect(not to.exists(), f"{to}: expected a new folder")
    target = SnapshotStore(to)
    _copy(snapshots, target, chosen)
    show(_row(target, chosen.manifest.height), as_json)


@app.command()
def restore(
    config: Config,
    source: Annotated[Path, typer.Argument(help="Folder of an exported snapshot.")],
    height: Annotated[int | None, typer.Option(help="Which one; the newest without it.")] = None,
    trust: Annotated[
        str | None, typer.Option(help="Hash of its block, from somebody you trust; needed once the validators are not those of genesis.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the database of a node that has none, and check all of it against the block's header."""
    from gridnode.chain.block import header_hash
    from gridnode.execution.named import accounts_named
    from gridnode.node.restore import has_blocks, restore_into
    from gridnode.primitives.errors import Malformed, OperatorError
    from gridnode.storage.snapshots import SnapshotStore

    _expect(source.is_dir(), f"{source}: no such folder; expected an exported snapshot")
    place, _ = _node(config)
    files = SnapshotStore(source, sweeps=False)
    chosen = _chosen(files, height)
    _check_trust(chosen, place.genesis, trust)
    chain = place.chain
    _expect(not has_blocks(chain, place.genesis), f"{chain}: expected no blocks; a snapshot never takes the place of a chain")
    if chain.exists():
        _remove(chain)
    try:
        restore_into(chain, chosen.manifest, _chunks(files, chosen), chosen.light, accounts_named)
    except Malformed as fault:
        raise OperatorError(f"{source}: this is not the state of block {chosen.manifest.height}: {fault}") from None
    header = chosen.light.header
    facts = {"height": header.height, "hash": header_hash(header).hex(), "state_root": header.state_root.hex()}
    show(facts | {"rows": chosen.manifest.rows}, as_json, "restored and verified; the node goes on from here")


def _node(config: Path) -> tuple[Place, SnapshotStore]:
    """Where the data of a node are that must not run, and its snapshots."""
    from gridnode.operations.place import place_of, refuse_held
    from gridnode.storage.snapshots import SnapshotStore

    place = place_of(config)
    refuse_held(place.data)
    return place, SnapshotStore(place.data / "snapshots", sweeps=False)


def _existing(chain: Path) -> Path:
    _expect(chain.is_dir(), f"{chain}: no such folder; expected the data of a node that has been started")
    return chain


def _chosen(snapshots: SnapshotStore, height: int | None) -> SealedManifest:
    heights = snapshots.heights()
    found = snapshots.sealed(heights[0] if height is None and heights else height or 0)
    _expect(found is not None, f"expected a snapshot{'' if height is None else f' of height {height}'}, there are {heights or 'none'}")
    assert found is not None, "it was expected"
    return found


def _chunks(snapshots: SnapshotStore, sealed: SealedManifest) -> Iterator[bytes]:
    manifest = sealed.manifest
    for index in range(len(manifest.chunks)):
        chunk = snapshots.fetched(manifest, index)
        _expect(chunk is not None, f"chunk {index} of the snapshot at {manifest.height} is missing or damaged")
        yield chunk or b""


def _copy(source: SnapshotStore, target: SnapshotStore, sealed: SealedManifest) -> None:
    from gridnode.primitives.errors import OperatorError

    try:
        for index, chunk in enumerate(_chunks(source, sealed)):
            target.put_chunk(sealed.manifest.height, index, chunk)
        target.seal(sealed)
    except OSError as error:
        raise OperatorError(f"the snapshot cannot be copied: {error.strerror}") from None


def _check_trust(sealed: SealedManifest, genesis: Genesis, trust: str | None) -> None:
    """The block is final by its validators, and who says that they are is the operator or the genesis."""
    from gridnode.chain.block import header_hash
    from gridnode.chain.genesis import genesis_hash
    from gridnode.chain.light_block import check_light_block
    from gridnode.primitives.errors import Malformed, OperatorError

    header, manifest = sealed.light.header, sealed.manifest
    try:
        check_light_block(sealed.light, genesis.chain_id)
    except Malformed as fault:
        raise OperatorError(f"the snapshot's block is not final: {fault}") from None
    _expect(manifest.genesis_hash == genesis_hash(genesis), "expected a snapshot of the chain with this genesis")
    found = header_hash(header).hex()
    if trust is not None:
        _expect(trust.lower() == found, f"expected the block {trust.lower()}, the snapshot is of block {header.height} {found}")
    else:
        _expect(
            sealed.light.validators == genesis.validators,
            f"the validators of block {header.height} are not those of genesis: ask another operator for its hash and give it with --trust",
        )


def _row(snapshots: SnapshotStore, height: int) -> dict[str, object]:
    sealed = snapshots.sealed(height)
    assert sealed is not None, "it was found"
    manifest = sealed.manifest
    return {
        "height": manifest.height,
        "hash": manifest.block_hash.hex(),
        "state_root": manifest.state_root.hex(),
        "rows": manifest.rows,
        "bytes": manifest.bytes,
        "chunks": len(manifest.chunks),
    }


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


def _expect(holds: bool, otherwise: str) -> None:
    from gridnode.primitives.errors import OperatorError

    if not holds:
        raise OperatorError(otherwise)
