"""The checks of a run find what is wrong: each is shown a network that broke the promise, in one place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import trio

from tests.endtoend import checks
from tests.endtoend.follow import Follower, Seen
from tests.endtoend.load import Sent
from tests.endtoend.manifest import Expectations, Manifest, Perturbation, parse_manifest
from tests.endtoend.nodes import Worst
from tests.endtoend.perturb import Done

MANIFEST = parse_manifest('name = "m"\nabout = "A."\nblocks = 9\nnodes = [{ name = "EGAT" }, { name = "MEA" }]', "m")


class Answers:
    """An API with a chain of headers and a few rows."""

    def __init__(
        self, hashes: dict[int, str], held: int = 0, supply: str = "10", statuses: dict[str, str] | None = None, lied: Sequence[str] = ()
    ) -> None:
        self.hashes, self.held, self.supply = hashes, held, supply
        self.statuses, self.lied = statuses or {}, lied

    async def get(self, path: str, **parameters: Any) -> Any:
        """Rows of the path that is asked for."""
        if path == "blocks":
            rows = [{"height": height, "hash": name, "state_root": "r"} for height, name in self.hashes.items()]
            return {"rows": rows, "next": None}
        if path == "validators":
            return [{"name": name, "status": status, "power": int(status == "active")} for name, status in self.statuses.items()]
        if path == "consensus":
            return {"convictions": [{"name": name} for name in self.lied]}
        if path == "tokens":
            return {name: {"supply": self.supply} for name in ("grid", "thb", "co2")}
        return {"balances": {"thb": {"amount": str(self.held)}}}


def node(name: str, hashes: dict[int, str] | None = None, join: str = "start", **more: Any) -> Any:
    """A node as the checks see one."""
    return SimpleNamespace(name=name, entry=SimpleNamespace(join=join), remote=Answers(hashes or {}), **more)


def followed(*blocks: Seen) -> Follower:
    """A follower that has seen these blocks."""
    follower = Follower({})
    follower.blocks = list(blocks)
    for block in blocks:
        for key in block.outcomes:
            follower.places.setdefault(key, []).append(block.height)
    return follower


def seen(height: int, round_: int = 0, proposer: str = "EGAT", outcomes: dict[str, int] | None = None) -> Seen:
    """A block."""
    return Seen(height, "h", height, proposer, round_, ("EGAT", "MEA"), outcomes or {})


def wrong_headers(*nodes: Any) -> list[str]:
    """What is found in chains of three blocks."""
    return trio.run(checks.same_headers, {one.name: one for one in nodes}, 3)


def test_headers() -> None:
    """Another hash, a block that is missing; from a snapshot on only what is there."""
    good, forked, short = {1: "a", 2: "b", 3: "c"}, {1: "a", 2: "x", 3: "c"}, {2: "b", 3: "c"}
    assert wrong_headers(node("A", good), node("B", good)) == []
    assert "B: block 2" in wrong_headers(node("A", good), node("B", forked))[0]
    assert "B: block 1" in wrong_headers(node("A", good), node("B", short))[0]
    assert wrong_headers(node("A", good), node("B", short, join="snapshot")) == []
    assert "B: block 3" in wrong_headers(node("A", good), node("B", {2: "b"}, join="snapshot"))[0]


def test_everyone_takes_part() -> None:
    """Who never proposed is named; who never signed, or not since; and who is in jail. Not those of whom it is not expected."""
    chain = followed(seen(1), seen(2, proposer="MEA"))
    assert checks.everyone_takes_part(MANIFEST, chain) == []
    assert "MEA has proposed none" in checks.everyone_takes_part(MANIFEST, followed(seen(1), seen(2)))[0]
    assert checks.everyone_takes_part(MANIFEST, chain, 1) == []
    assert "EGAT is in none of the commits above 2 of 2" in checks.everyone_takes_part(MANIFEST, chain, 2)[0]
    chain.validators = [{"name": "EGAT", "is_jailed": False}, {"name": "MEA", "is_jailed": True}]
    assert checks.everyone_takes_part(MANIFEST, chain) == ["MEA is in jail at height 2"]
    assert checks.everyone_takes_part(msgspec.structs.replace(MANIFEST, expect=Expectations(idle=("MEA",))), chain) == []


def test_the_validator_set() -> None:
    """Jailed ones are in it, revoked and convicted ones are not; who is convicted was to be, on every node, for one piece of evidence."""
    liar = msgspec.structs.replace(MANIFEST, expect=Expectations(validators=("EGAT",), convicted=("MEA",)))

    def wrong(manifest: Manifest, statuses: dict[str, str], lied: Sequence[str] = ()) -> list[str]:
        one = SimpleNamespace(name="A", remote=Answers({}, statuses=statuses, lied=lied))
        return trio.run(checks.validator_set, manifest, {"A": one})

    assert wrong(MANIFEST, {"EGAT": "active", "MEA": "jailed"}) == []
    assert "got EGAT" in wrong(MANIFEST, {"EGAT": "active", "MEA": "revoked"})[0]
    assert "expected [] to be convicted" in wrong(MANIFEST, {"EGAT": "active", "MEA": "convicted"}, ["MEA"])[1]
    assert wrong(liar, {"EGAT": "active", "MEA": "convicted"}, ["MEA"]) == []
    assert "got [] and []" in wrong(liar, {"EGAT": "active", "MEA": "revoked"})[0]
    for pieces, count in ((1, 0), (0, 1), (2, 1)):
        chain = followed(seen(1), replace(seen(2), evidence=pieces))
        assert len(checks.evidence_once(liar, chain)) == count
    assert checks.evidence_once(MANIFEST, followed(seen(1))) == []


def test_rounds_are_explained_by_perturbations_alone() -> None:
    """Later rounds during one and shortly after it; elsewhere they count."""
    kill = Perturbation(kind="kill", nodes=("MEA",), height=2)
    chain = followed(*(seen(height, round_=1 if height in (3, 9) else 0) for height in range(1, 12)))
    calm, figures = checks.rounds_explained(chain, [Done(kill, 0, 2, 1, 4)], [])
    assert calm == []
    assert figures == {"late": 2, "unexplained": 0, "most_rounds": 1}
    wrong, figures = checks.rounds_explained(chain, [], [])
    assert figures["unexplained"] == 2
    assert "blocks [3, 9]" in wrong[0]


def accounted(chain: Follower, held: int, supply: str = "10") -> list[str]:
    """What is found when two transfers of 1 and 2 were sent."""
    sent = {"a": Sent(b"", 10**9, 1, 0), "b": Sent(b"", 10**9, 2, 0)}
    missing = [key for key in sent if key not in chain.places]
    load = SimpleNamespace(sent=sent, refused={}, collector="grid1", missing=lambda: missing)
    witness = SimpleNamespace(remote=Answers({}, held, supply))
    expected = dict.fromkeys(("grid", "thb", "co2"), "10")
    return trio.run(checks.accounts_for_load, load, chain, witness, expected)


def test_the_load_is_accounted_for() -> None:
    """Lost, doubled, failed, arrived without having been sent, money out of nothing."""
    once = followed(seen(1, outcomes={"a": 0}), seen(2, outcomes={"b": 0}))
    assert accounted(once, 3) == []
    assert "in no block" in accounted(followed(seen(1, outcomes={"a": 0})), 1)[0]
    assert "more than one place" in accounted(followed(seen(1, outcomes={"a": 0, "b": 0}), seen(2, outcomes={"b": 0})), 3)[0]
    assert "transfers failed" in accounted(followed(seen(1, outcomes={"a": 0, "b": 7})), 1)[0]
    assert "the collector holds 5" in accounted(once, 5)[0]
    assert "the supply was" in accounted(once, 3, supply="11")[0]


def test_processes_and_logs(tmp_path: Path) -> None:
    """Memory beyond the bound, a traceback, words that are no event, a liar."""
    fat = node("A", worst=Worst(rss_bytes=checks.MAX_RSS_BYTES + 1))
    assert "bytes of memory" in checks.processes_bounded({"A": fat})[0]
    good = json.dumps({"time": "t", "event": "block"})
    for line, word in (
        ("Traceback (most recent call last):", "Traceback"),
        ("gridnode: out of luck", "expected lines of JSON"),
        (json.dumps({"event": "equivocation"}), "equivocation"),
    ):
        log = tmp_path / "node.log"
        log.write_text(f"{good}\n{line}\n", encoding="utf-8")
        found = checks.clean_logs({"A": node("A", local=SimpleNamespace(log=log))}, [])
        assert len(found) == 1
        assert word in found[0]
    assert checks.clean_logs({"A": node("A", local=SimpleNamespace(log=log))}, [], has_liars=True) == []
