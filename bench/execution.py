"""What a transfer costs a node as the number of accounts grows: prints one JSON object.

    python bench/execution.py [--accounts N ...] [--blocks N] [--transfers N] [--dir DIR] [--seed N]

For each number of accounts: a LevelDB with that many balances and their tree, then blocks of signed transfers, each from a sender
of its own to a random account, taken in and built over it by the ledger as a proposer does, each committed in one synced
batch. Figures are medians over the blocks: microseconds of the thread's CPU time per transfer.

    admission_us      bytes taken apart, form, signature
    execution_us      rules, receipt, event, invariants, roots of lists, header
    commitment_us     the state's trees, reads of their pages included
    write_us          the synced batch, and the ledger's own commit
    transaction_us    all of it: what a transfer costs a node that has one of each to do
    populate_s        making the state, real time
    growth_percent    largest state against smallest: of execution and commitment, of all
"""

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from gridnode.chain.commit import NO_COMMIT, Commit
from gridnode.chain.genesis import ChainParams, Genesis, ModuleGenesis, genesis_hash
from gridnode.chain.kinds import to_message
from gridnode.chain.transaction import (
    TransactionBody,
    VerifiedTransaction,
    decode_transaction,
    sign_transaction,
)
from gridnode.chain.validators import Validator, validator_set
from gridnode.codec.records import encode
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair, key_pair, verify
from gridnode.execution.admission import check_form, signature_checks
from gridnode.execution.genesis import opening_writes
from gridnode.execution.ledger import Ledger, open_ledger
from gridnode.execution.registry import MODULES
from gridnode.modules.carbon.tables import CarbonGenesis
from gridnode.modules.grid import tables as grid
from gridnode.modules.grid.tariffs import Band, Charge, Tariff
from gridnode.modules.lots.tables import LotsGenesis
from gridnode.modules.market.tables import Bounds, MarketGenesis, Mode
from gridnode.modules.metering.tables import MeteringGenesis
from gridnode.modules.registry import tables as registry
from gridnode.modules.settlement.tables import SettlementGenesis
from gridnode.modules.token import tables as token
from gridnode.modules.token.messages import Transfer
from gridnode.modules.validators.tables import ValidatorParams, ValidatorsGenesis
from gridnode.primitives.ids import Address
from gridnode.state.commitment import Commitment
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from gridnode.storage.leveldb import Column, Database

CHAIN = "bench"
THB = token.Denomination.THB
OPENING = 10**15
CHUNK = 20_000
WARM_UP = 10
PARTS = ("admission_us", "execution_us", "commitment_us", "write_us")


class TimedTree(Commitment):
    """The state's trees with a stopwatch on their updates."""

    seconds = 0.0

    def update(self, writes: Any) -> Any:
        """As in `Commitment`."""
        start = time.thread_time()
        try:
            return super().update(writes)
        finally:
            self.seconds += time.thread_time() - start


def key(number: int) -> bytes:
    """Public key of an account that never sends: as many bytes as one, for nobody signs with it."""
    return sha256(number.to_bytes(8, "big")).digest()


def keys_of(number: int) -> KeyPair:
    """Key pair of an account that sends."""
    return key_pair(key(number))


class Cast:
    """Accounts 1 to N by number; a random choice of them sends, each once before any sends twice."""

    def __init__(self, accounts: int, transfers: int, chance: random.Random) -> None:
        self.accounts = accounts
        self.chance = chance
        self.senders = chance.sample(range(1, accounts + 1), min(accounts, transfers))
        self._keys = {number: keys_of(number) for number in self.senders}
        self._turn = 0

    def address(self, number: int) -> Address:
        """Account of a number."""
        keys = self._keys.get(number)
        return address_of(keys.public_key if keys else key(number))

    def transfers(self, count: int, time_ms: int) -> list[bytes]:
        """Signed transfers of the next senders to random accounts."""
        made = []
        for salt in range(count):
            source = self.senders[self._turn % len(self.senders)]
            self._turn += 1
            target = self.chance.randrange(1, self.accounts)
            message = to_message(Transfer(self.address(target + (target >= source)), THB, salt + 1))
            keys = self._keys[source]
            body = TransactionBody(CHAIN, keys.public_key, time_ms + 60_000, self._turn, (message,))
            made.append(sign_transaction(body, keys))
        return made


def _tariff() -> Tariff:
    return Tariff((Band("flat", 5, 2),), "flat", (), 0, 0, 1_000_000, 0, 0, (Charge("ZONE", (1,)),), ())


def genesis() -> Genesis:
    """A chain of one validator."""
    maker = address_of(key(0))
    states = {
        "token": token.TokenGenesis((), (), token.FeeSchedule(1_000, ())),
        "registry": registry.RegistryGenesis(
            tuple(registry.Institution(maker, role, "all") for role in (registry.Role.REGULATOR, registry.Role.DSO)),
            (registry.Service("ZONE", maker),),
        ),
        "grid": grid.GridGenesis(
            grid.GridParams(grid.Clock(900_000, 0, 0), 96), (grid.Zone("ZONE"),), (), (), (), _tariff()
        ),
        "validators": ValidatorsGenesis(
            ValidatorParams(670_000, 10**18, 90_000_000, 80_000_000, 1_000_000, 10_000, 3, 50_000, maker), ()
        ),
        "lots": LotsGenesis(()),
        "metering": MeteringGenesis(900_000, 900_000),
        "market": MarketGenesis(
            Mode.CONTINUOUS, Bounds(1, 1_000, 1, 0, 1_000), 0, maker, 96, 0, 0, 1_000, 1_000, 0, 1_000, 1_000
        ),
        "carbon": CarbonGenesis((), 10**6, 10**6, 10**9, 1, 1, 10**6, 0, maker, 64, 32),
        "settlement": SettlementGenesis(1_000),
    }
    params = ChainParams(500, 10_000, 3_000, 1_000, 500, 10_000, 4_194_304, 10_000, 100_000)
    validators = validator_set([Validator("all", maker, key(0), 1, maker)])
    modules = tuple(
        ModuleGenesis(module.name, encode(states[module.name])) for module in MODULES if module.name in states
    )
    return Genesis(CHAIN, 0, 1, params, validators, modules)


def write(database: Database, rows: Any, pages: Any) -> None:
    """One synced batch."""
    batch = database.batch()
    batch.apply(Column.STATE, rows)
    batch.apply(Column.PAGES, pages)
    batch.commit()


def populate(database: Database, tree: Commitment, start: Genesis, cast: Cast) -> None:
    """Genesis, and a balance of every account on top of it."""
    rows: Any = opening_writes(start)
    for first in range(1, cast.accounts + 1, CHUNK):
        state = State(MemoryReader())
        numbers = range(first, min(first + CHUNK, cast.accounts + 1))
        for number in numbers:
            token.BALANCES.put(state, cast.address(number), THB, OPENING)
        token.SUPPLY.put(state, THB, OPENING * numbers[-1])
        rows = dict(sorted({**rows, **state.writes()}.items()))
        update = tree.update(rows)
        write(database, rows, update.pages)
        tree.commit(update)
        rows = {}


def admit(raws: list[bytes]) -> list[VerifiedTransaction]:
    """What a node does with transactions that arrive."""
    taken = []
    for raw in raws:
        transaction = decode_transaction(raw)
        check_form(transaction, CHAIN)
        if all(verify(*check) for check in signature_checks(transaction)):
            taken.append(VerifiedTransaction(transaction))
    return taken


def one_block(ledger: Ledger, database: Database, tree: TimedTree, raws: list[bytes]) -> list[float]:
    """Seconds of admission, execution, commitment and writing."""
    tip = ledger.tip
    last_commit = NO_COMMIT
    if tip.height:
        last_commit = Commit(tip.height, 0, tip.block_hash, (bytes(64),))
    tree.seconds = 0.0
    start = time.thread_time()
    waiting = admit(raws)
    admitted = time.thread_time()
    executed = ledger.build(tip.time_ms + 1_000, address_of(key(0)), last_commit, waiting)
    built = time.thread_time()
    write(database, executed.writes, executed.update.pages)
    ledger.commit(executed)
    end = time.thread_time()
    assert len(executed.transactions) == len(raws)
    assert not any(receipt.code for receipt in executed.receipts)
    return [admitted - start, built - admitted - tree.seconds, tree.seconds, end - built]


def measure(accounts: int, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Figures at this number of accounts."""
    start = genesis()
    cast = Cast(accounts, (WARM_UP + options.blocks) * options.transfers, random.Random(options.seed))
    path = folder / str(accounts)
    began = time.perf_counter()
    database = Database(path, genesis_hash(start))
    populate(database, Commitment(database.view(Column.PAGES)), start, cast)
    database.compact()  # what was written in one go; in a node's life that work is spread over years
    database.close()
    populated = time.perf_counter() - began
    database = Database(path, genesis_hash(start))
    tree = TimedTree(database.view(Column.PAGES))
    ledger = open_ledger(start, None, None, database.view(Column.STATE), tree, [])
    gc.collect()
    gc.freeze()  # the cast is no part of a node
    rows = [
        one_block(ledger, database, tree, cast.transfers(options.transfers, ledger.tip.time_ms))
        for _ in range(WARM_UP + options.blocks)
    ][WARM_UP:]
    database.close()
    parts = dict(zip(PARTS, (statistics.median(column) for column in zip(*rows, strict=True)), strict=True))
    parts["transaction_us"] = sum(parts.values())
    figures = {name: round(seconds / options.transfers * 1e6, 1) for name, seconds in parts.items()}
    return {"accounts": accounts, **figures, "populate_s": round(populated, 1)}


def growth_percent(states: list[dict[str, Any]], parts: tuple[str, ...]) -> float:
    """By how much the sum of these parts grows from the first state to the last."""
    first, last = (sum(state[part] for part in parts) for state in (states[0], states[-1]))
    return round((last / first - 1) * 100, 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--blocks", type=int, default=30)
    parser.add_argument("--transfers", type=int, default=500)
    parser.add_argument("--dir", type=Path, default=None, help="where the databases are made; a temporary folder by default")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        states = [measure(accounts, Path(folder), options) for accounts in sorted(options.accounts)]
    growth = {
        "execution_and_commitment": growth_percent(states, ("execution_us", "commitment_us")),
        "transaction": growth_percent(states, ("transaction_us",)),
    }
    print(
        json.dumps({"transfers_per_block": options.transfers, "states": states, "growth_percent": growth}, indent=1)
    )


if __name__ == "__main__":
    main()
