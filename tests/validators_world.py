"""A chain in memory whose validators come, go, fail and lie: commits of any round, evidence, all invariants after every block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gridnode.chain.commit import NO_COMMIT, Commit
from gridnode.chain.evidence import Evidence, evidence_of
from gridnode.chain.receipt import Event
from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import Proposal, Vote, VoteKind, proposal_hash, vote_hash
from gridnode.codec.records import decode
from gridnode.crypto.address import address_of
from gridnode.execution.executed import Executed
from gridnode.execution.registry import EVENTS, MODULES
from gridnode.modules.token.tables import Denomination, OpeningBalance
from gridnode.modules.validators import queries
from gridnode.modules.validators.messages import License
from gridnode.modules.validators.queries import ValidatorRow
from gridnode.modules.validators.tables import Kind, ValidatorParams
from gridnode.primitives.ids import NO_HASH, Address, Hash, PublicKey, Signature
from gridnode.primitives.units import Amount, Height, Round
from tests.chain_in_memory import (
    CHAIN,
    GRID,
    VALIDATOR_PARAMS,
    MemoryChain,
    account,
    genesis,
    keys_of,
    openings,
)

RICH = ("alice", "bob", "carol")
"""Operators with 1,000,000 GRID each."""
A, B = Hash(b"\x0a" * 32), Hash(b"\x0b" * 32)


def node_key(name: str) -> PublicKey:
    """Consensus key of a name: that of the validators of genesis, too."""
    return keys_of(f"{name}-node").public_key


def address(name: str) -> Address:
    """Address of that key."""
    return address_of(node_key(name))


def licence(name: str, operator: str, weight: int = 0, key: str = "", zone: str = "") -> License:
    """A licence; staked unless it has a weight."""
    kind = Kind.AUTHORITY if weight else Kind.STAKED
    return License(name, kind, zone, account(operator), node_key(key or name), PublicKey(b""), weight)


def vote(name: str, height: int, block_hash: Hash, round_: int = 0, kind: VoteKind = VoteKind.PREVOTE) -> Vote:
    """A signed vote of the key of a name."""
    signed = vote_hash(CHAIN, kind, height, round_, block_hash)
    signature = keys_of(f"{name}-node").sign(signed)
    return Vote(kind, Height(height), Round(round_), block_hash, address(name), signature)


def proposal(name: str, height: int, block_hash: Hash, round_: int = 0, valid_round: int = -1) -> Proposal:
    """A signed proposal of the key of a name."""
    signed = proposal_hash(CHAIN, height, round_, valid_round, block_hash)
    signature = keys_of(f"{name}-node").sign(signed)
    return Proposal(Height(height), Round(round_), Round(valid_round), block_hash, address(name), signature)


def double_vote(name: str, height: int, round_: int = 0) -> Evidence:
    """Evidence of two votes."""
    return evidence_of(vote(name, height, A, round_), vote(name, height, NO_HASH, round_))


def double_proposal(name: str, height: int, round_: int = 0) -> Evidence:
    """Evidence of two proposals."""
    return evidence_of(proposal(name, height, A, round_), proposal(name, height, B, round_))


class ValidatorsWorld(MemoryChain):
    """The test chain with rich operators."""

    def __init__(self, weights: dict[str, int] | None = None, **changes: Any) -> None:
        """`weights` of the authorities by name, 10 for those not named; `changes` replace parameters."""
        states = openings()
        grid = tuple(OpeningBalance(account(name), Denomination.GRID, Amount(1_000_000 * GRID)) for name in RICH)
        token = replace(states["token"], balances=states["token"].balances + grid)
        params: ValidatorParams = replace(VALIDATOR_PARAMS, **changes)
        start = genesis(token=token, validators=replace(states["validators"], params=params))
        members = tuple(
            replace(member, power=(weights or {}).get(member.name, 10)) for member in start.validators.members
        )
        super().__init__(replace(start, validators=ValidatorSet(members)))
        self.keys = {address(name): name for name in ("egat", "mea", "pea")}
        self.round = 0
        """Of the commit that the newest block carries."""
        self._made_in = 0
        self.events: list[Any] = []
        self.history: list[Any] = []
        """Events of all blocks."""

    def know(self, *names: str) -> None:
        """These names' keys may sign from now on."""
        self.keys |= {address(name): name for name in names}

    def last_commit(self) -> Commit:
        """The commit of the tip in round `round`, signed by all who voted."""
        tip = self.ledger.tip
        if not tip.height:
            return NO_COMMIT
        signed = vote_hash(CHAIN, VoteKind.PRECOMMIT, tip.height, self.round, tip.block_hash)
        signatures = tuple(
            Signature(keys_of(f"{self.keys[member.address]}-node").sign(signed)) for member in tip.voted.members
        )
        return Commit(tip.height, Round(self.round), tip.block_hash, signatures)

    def next(
        self,
        *calls: tuple[str, Any],
        evidence: Sequence[Evidence] = (),
        round_: int | None = None,
        after_ms: int = 1_000,
        maker: Address | None = None,
    ) -> Executed:
        """A block of transactions of (sender, message), made in the first round, or in that of `maker`.

        The block before was committed in the round in which it was made, or in `round_`.
        """
        self.round = self._made_in if round_ is None else round_
        tip = self.ledger.tip
        self._made_in = 0 if maker is None else tip.proposers.index(maker)
        transactions = [self.transaction(sender, message) for sender, message in calls]
        made = self.ledger.build(
            tip.time_ms + after_ms, maker or tip.proposers[0], self.last_commit(), transactions, evidence
        )
        self.ledger.discard()
        again = self.reopened().execute(made.block, made.transactions)
        assert (again.block, again.writes, again.receipts, again.proposers) == (
            made.block,
            made.writes,
            made.receipts,
            made.proposers,
        )
        executed = self.ledger.execute(made.block, made.transactions)
        self.commit(executed)
        for module in MODULES:
            module.check_whole(self.reader)
        self.events = [_event(item) for receipt in executed.receipts for item in receipt.events]
        self.history += self.events
        return executed

    def codes(self, *calls: tuple[str, Any]) -> list[int]:
        """Codes of transactions in one block."""
        return [receipt.code for receipt in self.next(*calls).receipts[:-1]]

    def ok(self, *calls: tuple[str, Any]) -> None:
        """All of them take effect."""
        assert self.codes(*calls) == [0] * len(calls)

    def seen(self, kind: type[Any]) -> list[Any]:
        """Events of a kind in the newest block."""
        return [item for item in self.events if type(item) is kind]

    def powers(self) -> dict[str, int]:
        """Power in the set of the next height, by name of the licence."""
        return {member.name: member.power for member in self.ledger.tip.validators.members}

    def row(self, name: str) -> ValidatorRow:
        """All that is known of a validator."""
        return next(row for row in queries.validators(self.reader) if row.name == name)

    @property
    def height(self) -> int:
        """Of the newest block."""
        return self.ledger.tip.height


def _event(item: Event) -> Any:
    return decode(EVENTS[item.kind], item.body)
