"""`gridnode light` against four real nodes: from genesis, from a trusted block, through a liar, beside witnesses good and bad."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gridnode.chain.block import header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.light_block import LightBlock
from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import Vote, VoteKind, vote_hash
from gridnode.codec.records import decode, from_json
from gridnode.crypto.keys import verify
from gridnode.light.attack import Attack
from gridnode.primitives.ids import Hash, Signature
from gridnode.replay.provision import NetworkPlan
from tests.integration.testnet.lying_node import Lie, lying
from tests.integration.testnet.processes import Testnet, running, until

pytestmark = pytest.mark.slow
TIMEOUT_S = 120


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testnet]:
    """Four validators with a few blocks."""
    with running(tmp_path_factory.mktemp("light")) as made:
        made.goes_on(8)
        yield made


def light(*arguments: str, cwd: Path | None = None) -> tuple[int, Any, str]:
    """Exit code, JSON and standard error of the command, in a process of its own."""
    command = [sys.executable, "-m", "gridnode", "light", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, cwd=cwd)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr


def genesis_of(net: Testnet) -> tuple[str, str]:
    """The option that trusts the genesis file."""
    return "--genesis", str(net.plan.folder / "genesis.toml")


def urls(net: Testnet) -> list[str]:
    """APIs of the four."""
    return [node.plan.url for node in net.validators]


def header_at(net: Testnet, height: int) -> str:
    """Hash of a block, from a node that the test trusts."""
    return str(net.validators[0].get(f"blocks/{height}", events="false")["hash"])


def test_from_genesis_with_witnesses(net: Testnet, tmp_path: Path) -> None:
    """One step to any height, as the set does not change; the folder serves the next question."""
    first, *others = urls(net)
    witnesses = [word for url in others for word in ("--witness", url)]
    store = str(tmp_path / "store")
    code, found, _ = light(*genesis_of(net), "--api", first, *witnesses, "--height", "5", "--store", store)
    assert code == 0
    assert (found["height"], found["hash"], found["steps"], found["trusted_height"]) == (5, header_at(net, 5), 1, 1)
    assert [one["opinion"] for one in found["witnesses"]] == ["agrees"] * 3
    code, found, _ = light("--store", store, "--api", first, *witnesses)
    assert code == 0
    assert found["trusted_height"] == 5
    assert found["hash"] == header_at(net, found["height"])
    code, found, _ = light("--store", store, "--api", first, "--height", "3")
    assert (code, found["hash"]) == (0, header_at(net, 3))


def test_from_a_trusted_block_up_and_down(net: Testnet) -> None:
    """Down by hashes, without a witness; another hash is not that block."""
    first, second, *_ = urls(net)
    trust = f"6:{header_at(net, 6)}"
    for height in (3, 6, 8):
        code, found, _ = light("--trust", trust, "--api", first, "--witness", second, "--height", str(height))
        assert (code, found["hash"]) == (0, header_at(net, height))
    code, _, error = light("--trust", "6:" + "00" * 32, "--api", first)
    assert code == 1
    assert "expected block 6 with the trusted hash 0000" in error
    code, _, error = light("--trust", trust, "--api", first, "--trusting-period", "1s", "--height", "8")
    assert code == 2
    assert "older than the trusting period of 1000 ms" in error


def signed_by(plan: NetworkPlan, block: LightBlock, number: int, **changes: Any) -> LightBlock:
    """The block with another header, signed by the first `number` validators of the set: they double-sign, or are too few."""
    header = replace(block.header, **changes)
    digest = header_hash(header)
    keys = {node.consensus_keys.public_key: node.consensus_keys for node in plan.nodes if node.consensus_keys is not None}
    content = vote_hash(header.chain_id, VoteKind.PRECOMMIT, header.height, block.commit.round, digest)
    signatures = tuple(
        Signature(keys[member.key].sign(content) if index < number else b"")
        for index, member in enumerate(block.validators.members)
    )
    return LightBlock(header, Commit(header.height, block.commit.round, digest, signatures), block.validators)


def lies(plan: NetworkPlan) -> dict[str, tuple[Lie, str]]:
    """Lies about block 7, and what the client says of each."""

    def about_7(lie: Lie) -> Lie:
        return lambda block: lie(block) if block.header.height == 7 else block

    other = Hash(b"x" * 32)
    return {
        "header": (about_7(lambda b: replace(b, header=replace(b.header, state_root=other))), "expected a commit of block"),
        "commit": (
            about_7(lambda b: replace(b, commit=replace(b.commit, signatures=b.commit.signatures[::-1]))),
            "valid precommit signature",
        ),
        "validators": (
            about_7(lambda b: replace(b, validators=ValidatorSet(b.validators.members[:3]))),
            "whose hash the header names",
        ),
        "two of four": (about_7(lambda b: signed_by(plan, b, 2, state_root=other)), "more than 2/3 of power"),
        "nothing": (about_7(lambda _: None), "expected a light block of height 7, got none"),
    }


def test_a_liar_in_between_is_found_out(net: Testnet) -> None:
    """Whatever it swaps: one line, exit code 1, nothing on standard output."""
    first = urls(net)[0]
    for lie, reason in lies(net.plan).values():
        with lying(first, lie) as url:
            code, found, error = light(*genesis_of(net), "--api", url, "--height", "7")
        assert (code, found) == (1, None)
        assert reason in error


def test_a_witness_that_lies_is_not_believed_and_one_alone_confirms_nothing(net: Testnet) -> None:
    """It cannot prove its block; nobody listens at the other's port."""
    first, second, *_ = urls(net)
    lie, reason = lies(net.plan)["two of four"]
    with lying(second, lie) as url:
        question = (*genesis_of(net), "--api", first, "--height", "7", "--witness", url)
        code, found, _ = light(*question, "--witness", second, "--witness", "http://127.0.0.1:1")
        assert code == 0
        assert [one["opinion"] for one in found["witnesses"]] == ["is wrong", "agrees", "no answer"]
        assert reason in found["witnesses"][0]["reason"]
        code, _, error = light(*question)
    assert code == 1
    assert "UNCONFIRMED: no witness confirms block 7" in error


def test_a_witness_that_proves_another_chain_leaves_evidence(net: Testnet, tmp_path: Path) -> None:
    """All four have signed another block 7: the client cannot know which one is the chain's, and says who voted twice."""
    first, second, third, _ = urls(net)
    with lying(second, lambda b: signed_by(net.plan, b, 4, state_root=Hash(b"x" * 32)) if b.header.height == 7 else b) as url:
        asked = ("--api", first, "--witness", third, "--witness", url, "--height", "7")
        code, found, error = light(*genesis_of(net), *asked, "--store", str(tmp_path / "s"), "--no-report")
    assert (code, found) == (1, None)
    assert "attack (equivocation) above block 1" in error
    [path] = (tmp_path / "s").glob("attack-7-*.json")
    assert str(path) in error
    report = json.loads(path.read_text())
    named = [one["name"] for one in report["both_signed"]]
    assert len(named) >= 3, "a quorum signed the real one, and all of them the other"
    attack = decode(Attack, bytes.fromhex(report["evidence"]))
    keys = {member.address: member.key for member in attack.common.validators.members}
    assert len(report["double_votes"]) == len(named)
    for pair in report["double_votes"]:
        for vote in (from_json(Vote, one) for one in pair):
            digest = vote_hash(net.plan.chain_id, vote.kind, vote.height, vote.round, vote.block_hash)
            assert verify(keys[vote.validator], digest, vote.signature)
    assert [entry.name for entry in (tmp_path / "s").glob("*.light")] == [f"{1:020d}.light"]


def test_balances_are_proven(net: Testnet) -> None:
    """Against a header that the light client verified; a proof under another header is refused."""
    first, second, *_ = urls(net)
    address = net.validators[0].get("accounts/" + net.validators[0].get("validators")[0]["operator"])["address"]
    code, found, _ = light(*genesis_of(net), "--api", first, "--witness", second, "--account", address)
    assert code == 0
    assert [row["what"] for row in found["rows"]] == ["balance in GRID", "balance in THB", "balance in CO2"]
    for row in found["rows"]:
        assert row["hash"] == header_at(net, row["height"])
    code, found, _ = light(*genesis_of(net), "--api", first, "--key", found["rows"][1]["key"])
    assert code == 0
    code, _, error = light(*genesis_of(net), "--api", first, "--key", "ff")
    assert code == 1
    assert "BAD_PARAMETER" in error


def test_following_goes_on_until_interrupted(net: Testnet) -> None:
    """One object a line, heights ascending; SIGINT ends it with 130."""
    command = [sys.executable, "-m", "gridnode", "light", "--json", "--follow", *genesis_of(net), "--api", urls(net)[0]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        heights = [json.loads(process.stdout.readline())["height"] for _ in range(3)]
        assert heights == sorted(set(heights))
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 130
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_primary_that_is_gone_is_said_to_be(net: Testnet) -> None:
    """And the chain is not blamed."""
    node = net.validators[3]
    node.kill()
    code, found, error = light(*genesis_of(net), "--api", node.plan.url)
    assert (code, found) == (1, None)
    assert "UNREACHABLE" in error
    net.start([node])
    until(lambda: node.height > 0, "it is back")
