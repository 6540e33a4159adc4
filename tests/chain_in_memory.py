"""A small chain that runs in memory: the real genesis, rules, ledger and commitment; three validators, accounts by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from gridnode.chain.block import Block
from gridnode.chain.commit import NO_COMMIT, Commit
from gridnode.chain.genesis import ChainParams, Genesis, ModuleGenesis
from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import (
    TransactionBody,
    VerifiedTransaction,
    decode_transaction,
    sign_transaction,
)
from gridnode.chain.validators import Validator, validator_set
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.codec.records import encode
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair, key_pair
from gridnode.execution.executed import Executed
from gridnode.execution.genesis import opening_writes
from gridnode.execution.ledger import Ledger, open_ledger
from gridnode.modules.carbon.tables import CarbonGenesis, SourceRate
from gridnode.modules.grid import tables as grid
from gridnode.modules.grid.tariffs import Band, Charge, Slot, Tariff
from gridnode.modules.lots.tables import LotsGenesis, SourceCarbon
from gridnode.modules.market.tables import Bounds, MarketGenesis, Mode
from gridnode.modules.metering.tables import MeteringGenesis
from gridnode.modules.registry import tables as registry
from gridnode.modules.settlement.tables import SettlementGenesis
from gridnode.modules.token import tables as token
from gridnode.modules.validators.tables import ValidatorParams, ValidatorsGenesis
from gridnode.primitives.ids import Address, Signature
from gridnode.state.commitment import Commitment
from gridnode.state.kv import MemoryReader

CHAIN = "test-chain"
START_MS = 1_700_000_000_000
THB = 10**9
ACTORS = ("egat", "mea", "pea", "erc", "bank", "alice", "bob", "carol")
NOTICE_MTUS = 96
"""What a change of the tariff needs."""
FEE = 1_000_000
"""Flat fee of a transaction, 1e-9 THB."""


def keys_of(name: str) -> KeyPair:
    """The key pair of a name, always the same."""
    return key_pair(sha256(name.encode()).digest())


def account(name: str) -> Address:
    """The account of a name."""
    return address_of(keys_of(name).public_key)


PARAMS = ChainParams(500, 10_000, 3_000, 1_000, 500, 10_000, 65_536, 100, 512)


GRID = 10**18
VALIDATOR_PARAMS = ValidatorParams(
    authority_share_ppm=600_000,
    min_bond=100 * GRID,
    unbonding_ms=90_000,
    evidence_ms=64_000,
    evidence_blocks=100,
    jail_ms=20_000,
    misses_to_jail=3,
    slash_ppm=50_000,
    slashed_account=account("erc"),
)
"""Blocks are a second apart: evidence counts for a minute."""


def validators() -> list[Validator]:
    """Validators of genesis: consensus keys of their own, fees to the institution's account."""
    return [
        Validator(name, account(f"{name}-node"), keys_of(f"{name}-node").public_key, 10, account(name))
        for name in ("egat", "mea", "pea")
    ]


def tariff(**changes: Any) -> Tariff:
    """Two bands, Monday to Friday 09:00 to 22:00 and the rest, without peak hours, Ft and VAT; `changes` replaces fields."""
    plain = Tariff(
        bands=(Band("on_peak", 5_798_200, 2_200_000), Band("off_peak", 2_636_900, 2_200_000)),
        default_band="off_peak",
        schedule=(Slot(0b11111, 36, 88, "on_peak"),),
        peak_from_quarter=0,
        peak_until_quarter=0,
        peak_multiplier_ppm=1_000_000,
        ft_micro_per_kwh=0,
        vat_ppm=0,
        distribution=(Charge("CITY", (300_000, 200_000)), Charge("NORTH", (250_000, 150_000))),
        wheeling=(Charge("city-bus", (100_000, 100_000)), Charge("north-bus", (120_000, 120_000))),
    )
    return replace(plain, **changes)


def openings() -> dict[str, Any]:
    """Opening state of each module by name."""
    return {
        "token": token.TokenGenesis(
            tuple(token.OpeningBalance(account(name), token.Denomination.THB, 1_000 * THB) for name in ACTORS),
            (
                token.RoleGrant(account("bank"), token.Denomination.THB, token.Role.MINTER),
                token.RoleGrant(account("bank"), token.Denomination.THB, token.Role.BURNER),
            ),
            token.FeeSchedule(FEE, (token.ModuleFee("token", 1_000), token.ModuleFee("registry", 0))),
        ),
        "registry": registry.RegistryGenesis(
            (
                registry.Institution(account("erc"), registry.Role.REGULATOR, "ERC"),
                registry.Institution(account("mea"), registry.Role.DSO, "MEA"),
                registry.Institution(account("pea"), registry.Role.DSO, "PEA"),
                registry.Institution(account("egat"), registry.Role.TSO, "EGAT"),
                registry.Institution(account("bank"), registry.Role.ISSUER, "Bank"),
            ),
            (registry.Service("CITY", account("mea")), registry.Service("NORTH", account("pea"))),
        ),
        "validators": ValidatorsGenesis(VALIDATOR_PARAMS, ()),
        "grid": grid.GridGenesis(
            grid.GridParams(grid.Clock(3_000, START_MS // 3_000, 2), NOTICE_MTUS),
            (grid.Zone("CITY"), grid.Zone("NORTH")),
            ("BUS",),
            (
                grid.Line("city-bus", "CITY", "BUS", 40_000, 50_000, account("egat")),
                grid.Line("north-bus", "NORTH", "BUS", 60_000, 70_000, account("egat")),
            ),
            (),
            tariff(),
        ),
        "lots": LotsGenesis((SourceCarbon(registry.Source.SOLAR, 41),)),
        "metering": MeteringGenesis(6_000, 6_000),
        "market": MarketGenesis(
            mode=Mode.CONTINUOUS,
            bounds=Bounds(1, 10_000_000, 1, 0, 10_000_000),
            trade_fee_micro=10_000,
            fee_account=account("egat"),
            open_ahead_mtus=96,
            gate_closure_ms=1_000,
            call_ms=0,
            max_book_orders=10_000,
            max_open_orders=1_000,
            lock_from_wh=0,
            match_steps_per_block=1_000,
            expiries_per_block=1_000,
        ),
        "carbon": CarbonGenesis(
            rates=(SourceRate(registry.Source.SOLAR, 500_000),),
            amount_step_nano=100_000,
            min_amount_nano=1_000_000,
            max_amount_nano=10**15,
            price_tick_micro=10_000,
            price_floor_micro=10_000,
            price_cap_micro=100_000_000,
            fee_micro=20_000,
            fee_account=account("egat"),
            max_open_orders=8,
            match_steps=3,
        ),
        "settlement": SettlementGenesis(1_000),
    }


def genesis(**changes: Any) -> Genesis:
    """Genesis of the test chain; `changes` replaces opening states by module name, or fields of it (`validators_set`: its list)."""
    states = openings()
    states |= {name: changes.pop(name) for name in list(changes) if name in states}
    modules = tuple(ModuleGenesis(name, encode(state)) for name, state in states.items())
    if "validators_set" in changes:
        changes["validators"] = changes.pop("validators_set")
    return replace(Genesis(CHAIN, START_MS, 1, PARAMS, validator_set(validators()), modules), **changes)


class MemoryChain:
    """A node's ledger with its state and tree in dicts."""

    def __init__(self, start: Genesis | None = None) -> None:
        self.genesis = start or genesis()
        self.reader = MemoryReader()
        self.pages = MemoryReader()
        self.blocks: list[Block] = []
        tree = Commitment(self.pages)
        writes = opening_writes(self.genesis)
        update = tree.update(writes)
        self._store(writes, update.pages)
        self.ledger = self.reopened()
        self._salt = 0

    def reopened(self) -> Ledger:
        """A ledger made from what is stored, as after a restart."""
        tip = self.blocks[-1].header if self.blocks else None
        voted = self.ledger.tip.voted if self.blocks else None
        return open_ledger(self.genesis, tip, voted, self.reader, Commitment(self.pages), reversed(self.blocks))

    def transaction(self, sender: str, *messages: Any, valid_ms: int = 120_000) -> VerifiedTransaction:
        """A transaction of a named sender, valid that long after the tip's time."""
        self._salt += 1
        keys = keys_of(sender)
        body = TransactionBody(
            CHAIN,
            keys.public_key,
            self.ledger.tip.time_ms + valid_ms,
            self._salt,
            tuple(to_message(item) for item in messages),
        )
        return VerifiedTransaction(decode_transaction(sign_transaction(body, keys)))

    def last_commit(self) -> Commit:
        """The commit of the tip, signed by all validators."""
        if not self.blocks:
            return NO_COMMIT
        tip = self.ledger.tip
        signed = vote_hash(CHAIN, VoteKind.PRECOMMIT, tip.height, 0, tip.block_hash)
        return Commit(
            tip.height,
            0,
            tip.block_hash,
            tuple(Signature(keys_of(f"{member.name}-node").sign(signed)) for member in tip.voted.members),
        )

    def build(
        self, transactions: Iterable[VerifiedTransaction], after_ms: int = 1_000, proposer: str = "mea"
    ) -> Executed:
        """Build a block, `after_ms` after the tip."""
        time_ms = self.ledger.tip.time_ms + after_ms
        return self.ledger.build(time_ms, account(f"{proposer}-node"), self.last_commit(), transactions)

    def commit(self, executed: Executed) -> None:
        """Store a block and go on from it."""
        self._store(executed.writes, executed.update.pages)
        self.blocks.append(executed.block)
        self.ledger.commit(executed)

    def block(self, *transactions: VerifiedTransaction, after_ms: int = 1_000, proposer: str = "mea") -> Executed:
        """Build and commit a block."""
        executed = self.build(transactions, after_ms, proposer)
        self.commit(executed)
        return executed

    def run(self, sender: str, *messages: Any) -> int:
        """Code of a transaction in a block of its own."""
        executed = self.block(self.transaction(sender, *messages))
        return executed.receipts[0].code

    def _store(self, writes: Any, pages: Any) -> None:
        self.reader.apply(writes)
        self.pages.apply(pages)
