"""The ledger: what one builds the others accept, every lie in a header is named, and nothing of a discarded block stays."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gridnode.chain.block import NO_ENERGY, Block, Header
from gridnode.chain.commit import NO_COMMIT, Commit, commit_hash
from gridnode.chain.receipt import ChainCode
from gridnode.crypto.merkle import EMPTY_ROOT
from gridnode.execution.executed import Executed
from gridnode.execution.registry import MESSAGES
from gridnode.execution.validation import BlockInvalid, transactions_root
from gridnode.modules.grid.clock import clock
from gridnode.modules.metering.messages import sign_reading
from gridnode.modules.registry.messages import BindMeter, RegisterParticipant, RegisterPoint
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.modules.token.codes import TokenCode
from gridnode.modules.token.messages import Mint, Transfer
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.modules.validators.tables import SEATS
from gridnode.primitives.errors import InvariantBroken
from gridnode.state.commitment import read_roots
from gridnode.state.overlay import State
from gridnode.state.prefixes import VALIDATORS
from tests.chain_in_memory import CHAIN, PARAMS, THB, MemoryChain, account, genesis, keys_of

T = Denomination.THB
BOB = account("bob")
PAY = Transfer(BOB, T, 5)


def two_chains() -> tuple[MemoryChain, MemoryChain]:
    """Two nodes at height 1 of the same chain."""
    maker, voter = MemoryChain(), MemoryChain()
    executed = maker.block(maker.transaction("alice", PAY))
    voter.commit(voter.ledger.execute(executed.block, executed.transactions))
    return maker, voter


def proposal(maker: MemoryChain) -> Executed:
    return maker.build([maker.transaction("alice", PAY), maker.transaction("bob", PAY)])


def test_what_one_builds_the_other_accepts() -> None:
    maker, voter = two_chains()
    executed = proposal(maker)
    again = voter.ledger.execute(executed.block, executed.transactions)
    assert again == replace(executed, update=again.update)
    assert (again.update.root, again.update.pages) == (executed.update.root, executed.update.pages)
    assert [receipt.code for receipt in again.receipts] == [0, TokenCode.SAME_ACCOUNT, 0]


def test_block_is_executed_once_when_it_is_asked_for_again() -> None:
    maker, _ = two_chains()
    executed = proposal(maker)
    assert maker.ledger.execute(executed.block, executed.transactions) is executed


def test_slices_give_the_node_its_turn() -> None:
    maker = MemoryChain()
    waiting = [maker.transaction("alice", *([PAY] * 50)) for _ in range(5)]
    run = maker.ledger.building(maker.ledger.tip.time_ms + 1, account("mea-node"), NO_COMMIT, waiting)
    assert sum(1 for _ in run) == 2


def test_abandoned_run_leaves_nothing() -> None:
    maker = MemoryChain()
    waiting = [maker.transaction("alice", *([PAY] * 50)) for _ in range(5)]
    run = maker.ledger.building(maker.ledger.tip.time_ms + 1, account("mea-node"), NO_COMMIT, waiting)
    next(run)
    with pytest.raises(InvariantBroken):
        maker.build(waiting)
    run.close()
    assert maker.build(waiting).block.header.transaction_count == 5


def test_abandoned_run_undoes_levels_that_a_rule_left_open() -> None:
    maker = MemoryChain()
    waiting = [maker.transaction("alice", *([PAY] * 50)) for _ in range(5)]
    run = maker.ledger.building(maker.ledger.tip.time_ms + 1, account("mea-node"), NO_COMMIT, waiting)
    next(run)
    books = maker.ledger._books
    books.open_period(7, books.add_band([[0, 0], [0, 0]]), [1, 1], [1, 1])
    books.begin()
    run.close()
    assert (books.depth(), books.periods()) == (0, [])


def test_discarded_block_leaves_nothing() -> None:
    maker = MemoryChain()
    first = maker.build([maker.transaction("alice", PAY)])
    maker.ledger.discard()
    second = maker.build([])
    assert second.update.root != first.update.root
    with pytest.raises(InvariantBroken):
        maker.ledger.commit(first)
    maker.commit(second)
    assert BALANCES.get(maker.reader, BOB, T) == 1_000 * THB


def roots(chain: MemoryChain) -> list[bytes]:
    """Roots of the modules' trees, but for that of the validators, who take turns with the blocks."""
    return [root for number, root in sorted(read_roots(chain.pages).items()) if number != VALIDATORS]


def test_roots_are_those_of_the_same_state_however_it_came_about() -> None:
    one, other = MemoryChain(), MemoryChain()
    one.block(one.transaction("alice", PAY), one.transaction("carol", PAY))
    other.block(other.transaction("carol", PAY))
    other.block(other.transaction("alice", PAY))
    assert roots(one) == roots(other)


def test_restart_goes_on_alike() -> None:
    maker, _ = two_chains()
    reopened = maker.reopened()
    assert reopened.tip == maker.ledger.tip
    executed = proposal(maker)
    assert reopened.execute(executed.block, executed.transactions).block == executed.block


def test_empty_block() -> None:
    chain = MemoryChain()
    executed = chain.block()
    header = executed.block.header
    assert (header.transactions_root, header.transaction_count, header.energy) == (EMPTY_ROOT, 0, NO_ENERGY)
    assert len(executed.receipts) == 1
    assert (executed.receipts[0].transaction_id, executed.receipts[0].events) == (b"", ())


LIES: list[tuple[str, Any]] = [
    ("chain_id", "other"),
    ("height", 3),
    ("previous_hash", bytes(32)),
    ("last_commit_hash", bytes(32)),
    ("evidence_root", bytes(32)),
    ("transactions_root", bytes(32)),
    ("receipts_root", bytes(32)),
    ("state_root", bytes(32)),
    ("validators_hash", bytes(32)),
    ("next_validators_hash", bytes(32)),
    ("proposer", account("alice")),
    ("transaction_count", 3),
    ("energy", replace(NO_ENERGY, traded_wh=1)),
]


@pytest.mark.parametrize(("field", "lie"), LIES)
def test_every_lie_in_a_header_is_named(field: str, lie: Any) -> None:
    maker, voter = two_chains()
    executed = proposal(maker)
    block = replace(executed.block, header=replace(executed.block.header, **{field: lie}))
    with pytest.raises(BlockInvalid, match=field):
        voter.ledger.execute(block, executed.transactions)
    assert voter.ledger.execute(executed.block, executed.transactions).block == executed.block


def test_every_field_of_a_header_is_covered() -> None:
    covered = [field for field, _ in LIES]
    assert [field for field in Header.__annotations__ if field not in covered] == ["time_ms"]


def test_time_goes_on() -> None:
    maker, voter = two_chains()
    tip_ms = maker.ledger.tip.time_ms
    executed = maker.ledger.build(tip_ms + 1, account("mea-node"), maker.last_commit(), [])
    block = replace(executed.block, header=replace(executed.block.header, time_ms=tip_ms))
    with pytest.raises(BlockInvalid, match="time_ms"):
        voter.ledger.execute(block, ())
    for time_ms, proposer in ((tip_ms, "mea-node"), (tip_ms + 1, "alice")):
        with pytest.raises(BlockInvalid):
            maker.ledger.build(time_ms, account(proposer), maker.last_commit(), [])


def test_another_proposer_changes_who_gets_the_fee() -> None:
    maker, voter = two_chains()
    executed = proposal(maker)
    header = replace(executed.block.header, proposer=account("pea-node"))
    with pytest.raises(BlockInvalid, match="state_root"):
        voter.ledger.execute(replace(executed.block, header=header), executed.transactions)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda commit: NO_COMMIT,
        lambda commit: replace(commit, signatures=(b"", *commit.signatures[1:])),
        lambda commit: replace(commit, signatures=(bytes(64), *commit.signatures[1:])),
        lambda commit: replace(commit, round=1),
        lambda commit: replace(commit, block_hash=bytes(32)),
    ],
)
def test_last_commit_must_be_one(spoil: Callable[[Commit], Commit]) -> None:
    maker, voter = two_chains()
    executed = proposal(maker)
    bad = spoil(executed.block.last_commit)
    block = Block(
        replace(executed.block.header, last_commit_hash=commit_hash(bad)), executed.block.transactions, bad
    )
    with pytest.raises(BlockInvalid, match="last_commit"):
        voter.ledger.execute(block, executed.transactions)


def test_first_block_has_no_commit() -> None:
    maker = MemoryChain()
    commit = Commit(0, 0, maker.ledger.tip.block_hash, (b"", b"", b""))
    executed = maker.ledger.build(maker.ledger.tip.time_ms + 1, account("mea-node"), commit, [])
    maker.ledger.discard()
    with pytest.raises(BlockInvalid, match="last_commit"):
        maker.ledger.execute(executed.block, ())


def forged(maker: MemoryChain, transactions: list[Any]) -> Block:
    """A block with these transactions whose header is right except for what execution would give."""
    honest = maker.build([])
    maker.ledger.discard()
    header = replace(
        honest.block.header,
        transaction_count=len(transactions),
        transactions_root=transactions_root(transactions),
    )
    return replace(honest.block, header=header, transactions=tuple(item.raw for item in transactions))


def expired(chain: MemoryChain) -> list[Any]:
    return [chain.transaction("alice", PAY, valid_ms=500)]


def twice(chain: MemoryChain) -> list[Any]:
    return [chain.transaction("alice", PAY)] * 2


def penniless(chain: MemoryChain) -> list[Any]:
    return [chain.transaction("stranger", PAY)]


def far_ahead(chain: MemoryChain) -> list[Any]:
    return [chain.transaction("alice", PAY, valid_ms=602_000)]


def too_many_messages(chain: MemoryChain) -> list[Any]:
    return [chain.transaction("alice", *([PAY] * 200)) for _ in range(3)]


def too_many(chain: MemoryChain) -> list[Any]:
    return [chain.transaction("alice", PAY) for _ in range(PARAMS.max_block_transactions + 1)]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (expired, ChainCode.EXPIRED.name),
        (twice, ChainCode.DUPLICATE.name),
        (penniless, ChainCode.FEE_UNPAID.name),
        (far_ahead, ChainCode.TOO_FAR_AHEAD.name),
        (too_many_messages, "messages: expected at most"),
        (too_many, "transactions: expected at most"),
    ],
)
def test_block_with_what_cannot_stand_in_it_is_invalid(make: Callable[[MemoryChain], list[Any]], reason: str) -> None:
    maker, voter = two_chains()
    transactions = make(maker)
    with pytest.raises(BlockInvalid, match=reason):
        voter.ledger.execute(forged(maker, transactions), transactions)


def test_replay_in_a_later_block_is_invalid() -> None:
    maker, voter = two_chains()
    executed = maker.block(maker.transaction("alice", PAY))
    voter.commit(voter.ledger.execute(executed.block, executed.transactions))
    again = list(executed.transactions)
    with pytest.raises(BlockInvalid, match="DUPLICATE"):
        voter.ledger.execute(forged(maker, again), again)


def test_transactions_must_be_those_of_the_block() -> None:
    maker, voter = two_chains()
    executed = proposal(maker)
    with pytest.raises(BlockInvalid, match="transactions"):
        voter.ledger.execute(executed.block, tuple(reversed(executed.transactions)))


def test_building_leaves_out_what_cannot_stand() -> None:
    chain = MemoryChain()
    good = chain.transaction("alice", PAY)
    bad = [*expired(chain), *penniless(chain), good]
    executed = chain.build([good, *bad])
    assert executed.transactions == (good,)
    assert [refused.rejected.code for refused in executed.refused] == [
        ChainCode.EXPIRED,
        ChainCode.FEE_UNPAID,
        ChainCode.DUPLICATE,
    ]


def test_building_keeps_the_bounds_and_passes_over_what_is_too_large() -> None:
    chain = MemoryChain()
    large = [chain.transaction("alice", *([PAY] * 200)) for _ in range(3)]
    small = [chain.transaction("alice", PAY) for _ in range(PARAMS.max_block_transactions)]
    executed = chain.build([*large, *small])
    assert executed.transactions == (*large[:2], *small[: PARAMS.max_block_transactions - 2])
    assert executed.refused == ()


def test_building_keeps_the_bound_of_bytes() -> None:
    chain = MemoryChain(genesis(params=replace(PARAMS, max_block_messages=10_000)))
    large = [chain.transaction("alice", *([PAY] * 250)) for _ in range(9)]
    executed = chain.build(large)
    size = len(large[0].raw)
    assert executed.transactions == tuple(large[: PARAMS.max_block_bytes // size])
    assert 1 < len(executed.transactions) < 9


def test_figures_of_a_failed_transaction_are_taken_back() -> None:
    chain = MemoryChain()
    assert chain.run("erc", RegisterParticipant(BOB, Kind.PROSUMER, "CITY", "")) == 0
    key = keys_of("device").public_key
    binding = BindMeter("M", "P", key, Direction.GENERATION, Source.SOLAR, 1_000)
    assert chain.run("mea", RegisterPoint("P", BOB, "CITY"), binding) == 0
    mtu = clock(chain.reader).mtu_at(chain.ledger.tip.time_ms)
    chain.block(after_ms=3_000)
    reading = sign_reading(CHAIN, keys_of("device"), mtu, 700, 0)
    failed = chain.build([chain.transaction("bob", reading, Transfer(BOB, T, 1))])
    assert failed.receipts[0].code == TokenCode.SAME_ACCOUNT
    assert failed.block.header.energy == NO_ENERGY
    kept = chain.build([chain.transaction("bob", reading)])
    assert (kept.receipts[0].code, kept.block.header.energy.generated_wh) == (0, 700)


def test_only_authorities_carry_energy_transactions() -> None:
    maker = MemoryChain()
    seat = SEATS.require(maker.reader, account("pea-node"))
    state = State(maker.reader)
    SEATS.put(state, account("pea-node"), replace(seat, is_authority=False))
    maker.reader.apply(state.writes())
    reading = maker.transaction("alice", sign_reading(CHAIN, keys_of("device"), 1, 1, 0))
    executed = maker.build([reading, maker.transaction("alice", PAY)], proposer="pea")
    assert [item.body.messages[0].kind for item in executed.transactions] == ["token.transfer"]
    header = replace(forged(maker, [reading]).header, proposer=account("pea-node"))
    with pytest.raises(BlockInvalid, match="authority"):
        maker.ledger.execute(replace(forged(maker, [reading]), header=header), [reading])


def test_broken_rule_stops_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = MemoryChain()
    kind = MESSAGES["token.mint"]._replace(
        handler=lambda context, sender, message: BALANCES.put(context.state, sender, T, 1)
    )
    monkeypatch.setitem(MESSAGES, "token.mint", kind)
    with pytest.raises(InvariantBroken, match="THB"):
        chain.build([chain.transaction("bank", Mint(BOB, T, 5))])
    assert chain.build([]).block.header.transaction_count == 0


def test_genesis_alone_fixes_the_first_state() -> None:
    assert MemoryChain().reopened().tip == MemoryChain().ledger.tip
    other = MemoryChain(genesis(chain_id="elsewhere"))
    assert other.ledger.tip.block_hash != MemoryChain().ledger.tip.block_hash
