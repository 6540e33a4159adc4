"""Nodes begin from snapshots, as processes: one that joins, one that lost everything; peers that lie; and when there is no snapshot.

One network whose validators make a snapshot each INTERVAL blocks.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.integration.testnet.chains import nobody_lied, same_everywhere, signs_again
from tests.integration.testnet.load import Load
from tests.integration.testnet.processes import NodeProcess, Testnet, until, write

INTERVAL = 20
STORAGE = f"[storage]\nsnapshot_interval = {INTERVAL}\n\n"
BY_SNAPSHOT = STORAGE + '[sync]\nmode = "snapshot"\n\n'


def configure(node: NodeProcess, text: str) -> None:
    """Put sections into a node's configuration."""
    before = node.plan.config.read_text(encoding="utf-8")
    node.plan.config.write_text(before + "\n" + text, encoding="utf-8")


def snapshots(node: NodeProcess) -> list[dict[str, object]]:
    """What a node offers, the newest first."""
    return list(node.get("snapshots")["rows"])


def wipe(node: NodeProcess, keep: tuple[str, ...] = ()) -> None:
    """Everything that a stopped node has stored is lost, but these files."""
    data = node.plan.folder / "data"
    kept = {name: (data / name).read_bytes() for name in keep}
    shutil.rmtree(data)
    data.mkdir()
    for name, content in kept.items():
        (data / name).write_bytes(content)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testnet]:
    """Four validators that have a snapshot each. Nobody is jailed for what he misses while he is away."""
    testnet = Testnet(write(tmp_path_factory.mktemp("net") / "n", jails=False))
    try:
        for node in testnet.validators:
            configure(node, STORAGE)
        testnet.start()
        with Load(testnet, "first"):
            until(lambda: all(snapshots(node.alive()) for node in testnet.validators), "all have a snapshot", 180)
        yield testnet
    finally:
        testnet.close()


def test_all_make_the_same_snapshot(net: Testnet) -> None:
    """Byte for byte, so that chunks may come from any of them."""
    rows = [{row["height"]: row["manifest_hash"] for row in snapshots(node)} for node in net.validators]
    common = set.intersection(*(set(row) for row in rows))
    assert common
    for height in common:
        assert len({row[height] for row in rows}) == 1


def test_an_observer_joins_by_snapshot(net: Testnet) -> None:
    """It has never replayed the blocks before; it goes on with the same ones, and serves the snapshot that it came from."""
    observer = net.observer
    configure(observer, BY_SNAPSHOT)
    with Load(net, "join"):
        observer.start()
        restored = observer.until_event("restored")
        observer.ready()
        height = int(restored["height"])
        assert height % INTERVAL == 0
        until(lambda: observer.alive().height >= height + 5, "it goes on")
        assert height in [row["height"] for row in snapshots(observer)] or observer.height >= height + INTERVAL
    same_everywhere([*net.validators, observer], start=max(1, height - 3))
    events = [row["event"] for row in observer.events()]
    assert "beginning without a snapshot: block sync from genesis" not in events
    observer.kill()
    observer.start()
    observer.ready()
    until(lambda: observer.alive().height >= height + 6, "it goes on after a restart")
    observer.kill()


@pytest.mark.slow
def test_peers_that_serve_bad_chunks_are_left(net: Testnet) -> None:
    """Three offer the right manifest and wrong chunks, and are asked first: they are named, and the fourth one's chunks make the state."""
    observer = net.observer
    wipe(observer)
    *liars, honest = sorted(net.validators, key=lambda node: node.plan.node_keys.public_key)
    for liar in liars:
        liar.kill()
        code = liar.plan.folder / "liar.py"
        code.write_text(LIAR, encoding="utf-8")
        liar.start_with(code)
    for liar in liars:
        liar.ready()
    with Load(net, "liars"):
        newest = max(int(str(row["height"])) for row in snapshots(honest))
        until(lambda: all(int(str(snapshots(node)[0]["height"])) > newest for node in net.validators), "all have a new one", 180)
        seen = len(observer.events())
        observer.start()
        observer.until_event("restored", seen)
        observer.ready()
    blamed = {row["peer"] for row in observer.events()[seen:] if row["event"] == "a wrong chunk"}
    assert blamed
    assert blamed <= {liar.plan.node_keys.public_key.hex() for liar in liars}
    observer.kill()
    for liar in liars:
        liar.kill()
    net.start(liars)


LIAR = '''
import sys
from gridnode.cli.main import main
from gridnode.storage.snapshots import SnapshotStore
honest = SnapshotStore.chunk
def lying(self, height, index):
    chunk = honest(self, height, index)
    return None if chunk is None else bytes(len(chunk))
SnapshotStore.chunk = lying
main()
'''


@pytest.mark.parametrize("kept", [("guard",), ()], ids=["its guard is left", "nothing is left"])
def test_a_validator_that_lost_its_data_votes_again(net: Testnet, kept: tuple[str, ...]) -> None:
    """It begins from a snapshot, listens until it has caught up, and signs nothing twice, whether or not it knows what it has signed."""
    victim = net["MEA"]
    if "[sync]" not in victim.plan.config.read_text(encoding="utf-8"):
        configure(victim, '[sync]\nmode = "snapshot"\n')
    with Load(net, "wiped"):
        net.goes_on()
        victim.kill()
        wipe(victim, kept)
        before, seen = net["EGAT"].height, len(victim.events())
        victim.start()
        victim.until_event("restored", seen)
        victim.ready()
        signs_again(victim, net["EGAT"], before)
        lost = [row for row in victim.events()[seen:] if row["event"] == "the guard was lost; nothing is signed up to this height"]
        assert bool(lost) is not bool(kept)
    nobody_lied(net.validators)
    same_everywhere(net.validators, start=before)


@pytest.mark.slow
def test_without_a_snapshot_it_begins_at_genesis(net: Testnet) -> None:
    """It says so in its log."""
    observer = net.observer
    for node in net.validators:
        node.kill()
        shutil.rmtree(node.plan.folder / "data" / "snapshots")
        text = node.plan.config.read_text(encoding="utf-8")
        node.plan.config.write_text(text.replace(f"snapshot_interval = {INTERVAL}", "snapshot_interval = 0"), encoding="utf-8")
    net.start()
    wipe(observer)
    seen = len(observer.events())
    observer.start()
    observer.until_event("no peer offers a snapshot", seen)
    observer.until_event("beginning without a snapshot: block sync from genesis", seen)
    observer.ready()
    until(lambda: observer.alive().height >= net["EGAT"].height - 2, "it replays the chain")
    assert observer.get("blocks/1")["height"] == 1
    assert observer.get("snapshots")["first_height"] == 1
    observer.kill()
