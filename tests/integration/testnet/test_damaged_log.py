"""The log of a real crashed validator, cut at every byte of its last records and with every byte of them changed.

It is recovered, or the node only listens, or it is refused with the file's name; no step is ever signed twice in two ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from gridnode.chain.genesis import Genesis
from gridnode.chain.vote import Proposal, Vote
from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import ProposalReceived, StartHeight, TimeoutElapsed, VoteReceived
from gridnode.consensus.journal import event_of
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair
from gridnode.node.checkup import check_up, read_stored
from gridnode.node.findings import Verdict
from gridnode.node.genesis_file import load_genesis
from gridnode.node.memory import place_of
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.units import Height
from gridnode.storage.sign_guard import Refused, SignGuard, message_of
from gridnode.storage.wal import Wal, survey
from tests.integration.testnet.chains import nobody_lied, same_everywhere
from tests.integration.testnet.crashed import Crashed
from tests.integration.testnet.processes import NodeProcess, Testnet, running, until

LAST_RECORDS = 4
ROUNDS = 3
"""So many rounds the restored node goes through alone, with every timeout elapsing."""


class Case(NamedTuple):
    """What a crashed validator left, in memory."""

    genesis: Genesis
    keys: KeyPair
    start: StartHeight  # of the height under way
    name: str  # of the log's file
    content: bytes
    first: int  # byte at which its last records begin
    guard: bytes
    said: dict[tuple[int, int, int], bytes]  # place of each own message in the log or guard -> its block


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashed]:
    with running(tmp_path_factory.mktemp("net") / "n", validators=2) as net:
        yield Crashed(net)


@pytest.fixture(scope="module")
def case(crashed: Crashed) -> Case:
    data = crashed.node.plan.folder / "data"
    [path] = (data / "wal").glob("*.log")
    [segment] = survey(data / "wal")
    assert segment.torn_bytes == 0
    content = path.read_bytes()
    head = (len(content) - sum(map(len, segment.entries))) // len(segment.entries)
    first = len(content) - sum(head + len(entry) for entry in segment.entries[-LAST_RECORDS:])
    pair = crashed.node.plan.consensus_keys
    assert pair is not None
    me = address_of(pair.public_key)
    own = [message_of(crashed.last, me)]
    for event in map(event_of, segment.entries):
        if isinstance(event, VoteReceived) and event.vote.validator == me:
            own.append(event.vote)
        if isinstance(event, ProposalReceived) and event.proposal.proposer == me:
            own.append(event.proposal)
    said = {place_of(message): message.block_hash for message in own}
    genesis, guard = load_genesis(crashed.folder / "genesis.toml"), (data / "guard").read_bytes()
    stored = read_stored(data / "chain", genesis, None)
    assert stored.tip == crashed.tip
    start = StartHeight(Height(stored.tip + 1), stored.validators, stored.proposers)
    return Case(genesis, pair, start, path.name, content, first, guard, said)


def outcome(case: Case, content: bytes, folder: Path) -> str:
    """Restart on a damaged log: `refused`, `listens` or `signs`. Fails when a step is signed in another way than before."""
    (folder / "wal").mkdir(parents=True, exist_ok=True)
    (folder / "wal" / case.name).write_bytes(content)
    (folder / "guard").write_bytes(case.guard)
    guard = SignGuard(folder / "guard", case.genesis.chain_id, case.keys)
    try:
        wal = Wal(folder / "wal")
    except OperatorError as error:
        refused = str(error)
    else:
        return restarted(case, guard, wal)
    assert case.name in refused
    assert "corrupted at byte" in refused
    return "refused"


def restarted(case: Case, guard: SignGuard, wal: Wal) -> str:
    """Go on from a log that could be read."""
    engine = Engine(case.genesis.params, guard.address)
    effects = engine.restore(case.start, wal.entries(), guard.last_message())
    wal.prune(case.start.height)
    signs = engine.signs
    went_on(engine, effects, guard, wal, dict(case.said))
    wal.close()
    return "signs" if signs else "listens"


def went_on(engine: Engine, effects: list[fx.Effect], guard: SignGuard, wal: Wal, said: dict[tuple[int, int, int], bytes]) -> None:
    """Perform what is asked for, every timeout at once, for some rounds."""
    queue = list(effects)
    while queue and engine.round < ROUNDS:
        effect = queue.pop(0)
        made: Vote | Proposal | Refused | None = None
        if isinstance(effect, fx.Persist):
            wal.append(effect.entry, effect.sync)
        elif isinstance(effect, fx.SignVote):
            made = guard.sign_vote(effect.kind, effect.height, effect.round, effect.block_hash)
        elif isinstance(effect, fx.SignProposal):
            made = guard.sign_proposal(effect.height, effect.round, effect.valid_round, effect.block_hash)
        elif isinstance(effect, fx.ScheduleTimeout) and effect.round < ROUNDS:
            queue += engine.handle(TimeoutElapsed(effect.kind, effect.height, effect.round))
        if isinstance(made, Vote | Proposal):
            assert said.setdefault(place_of(made), made.block_hash) == made.block_hash, made
            queue += engine.handle(VoteReceived(made) if isinstance(made, Vote) else ProposalReceived(made))


def test_whole_it_signs(case: Case, tmp_path: Path) -> None:
    """Undamaged, the log leads to what the guard has signed."""
    assert outcome(case, case.content, tmp_path) == "signs"


def test_cut_at_every_byte(case: Case, tmp_path: Path) -> None:
    """What is missing at the end is recovered, or it led to a signature and the node listens; a cut is never taken for corruption."""
    found = {size: outcome(case, case.content[:size], tmp_path) for size in range(case.first, len(case.content))}
    assert set(found.values()) <= {"signs", "listens"}
    order = list(found.values())
    assert order == sorted(order, key=["listens", "signs"].index)  # with more of the log it never knows less
    assert outcome(case, b"", tmp_path) == "listens"


def test_every_byte_changed(case: Case, tmp_path: Path) -> None:
    """A record that a later one calls durable is refused; another is cut like a torn one."""
    found = []
    for at in range(case.first, len(case.content)):
        changed = bytearray(case.content)
        changed[at] ^= 0x41
        found.append(outcome(case, bytes(changed), tmp_path))
    assert set(found) <= {"signs", "listens", "refused"}
    assert found[0] in ("refused", "listens")


@pytest.mark.parametrize("part", [0.0, 0.4, 1.0])
def test_a_process_starts_with_a_log_cut_short(crashed: Crashed, case: Case, tmp_path: Path, part: float) -> None:
    """The checkup lets it start, both nodes go on from the height under way, and nobody hears two votes of one step."""
    size = case.first + int((len(case.content) - case.first) * part) if part else 0
    expected = outcome(case, case.content[:size], tmp_path / "alone")
    crashed.copy(tmp_path / "n")
    plans = [replace(node.plan, folder=tmp_path / "n" / node.name) for node in crashed.net.validators]
    net = Testnet(replace(crashed.net.plan, folder=tmp_path / "n", nodes=tuple(plans)))
    path = plans[0].folder / "data" / "wal" / case.name
    path.write_bytes(case.content[:size])
    assert not [finding for finding in check_up(plans[0].config) if finding.verdict is Verdict.REFUSE]
    for node in net.validators:
        node.log.write_text("")
    try:
        net.start()
        victim: NodeProcess = net.validators[0]
        if expected == "signs":
            until(lambda: victim.height > crashed.tip + 1, "the chain goes on")
            same_everywhere(net.validators, max(1, crashed.tip))
        else:
            until(lambda: victim.get("status")["step"] != "start", "the height is under way")
            assert not victim.get("status")["signs"]
            assert victim.height == crashed.tip  # one of two only listens: no quorum, and no second vote
        nobody_lied(net.validators)
    finally:
        net.close()
