"""A small day on a chain in memory, from enrolment to settlement, and its transcript.

`python -m tests.scenarios.execution.small_day` prints the transcript; with `--write` it replaces the frozen one, which is a fork for every
chain that runs.
"""

import sys
from pathlib import Path

from gridnode.chain.transaction import VerifiedTransaction
from gridnode.codec.records import to_json
from gridnode.execution.executed import Executed
from gridnode.execution.registry import MODULES, code_name, event_to_json
from gridnode.modules.market.messages import PlaceSheet, SheetEntry
from gridnode.modules.market.sources import ANY_SOURCE, source_bit
from gridnode.modules.market.tables import Side
from gridnode.modules.metering.messages import SubmitReading, sign_reading
from gridnode.modules.registry.messages import (
    BindMeter,
    RegisterParticipant,
    RegisterPoint,
    SuspendParticipant,
)
from gridnode.modules.registry.tables import Direction, Kind, Source
from gridnode.modules.token.messages import Approve, Burn, Mint, Transfer, TransferFrom
from gridnode.modules.token.tables import Denomination
from tests.chain_in_memory import CHAIN, START_MS, MemoryChain, account, keys_of

FROZEN = Path(__file__).with_name("small_day.txt")
MTU_MS = 3_000
FIRST = START_MS // MTU_MS
THB = Denomination.THB
SOLAR = source_bit(Source.SOLAR)


def transcript() -> str:
    """What happens in each block: codes, fees, events, energy, roots."""
    chain = MemoryChain()
    lines = [f"genesis {chain.ledger.tip.block_hash.hex()}"]
    for executed in run(chain):
        lines.extend(_told(executed))
    for module in MODULES:
        module.check_whole(chain.reader)
    return "\n".join(lines) + "\n"


def run(chain: MemoryChain) -> list[Executed]:
    """Run the day; returns its blocks, except for the empty ones between readings."""
    make = chain.transaction
    return [
        _enrolment(chain),
        chain.block(*_meters(chain), proposer="pea"),
        chain.block(
            make("bank", Mint(account("alice"), THB, 7)),
            make("alice", Transfer(account("bob"), THB, 5), Approve(account("carol"), THB, 100)),
            make("carol", TransferFrom(account("alice"), account("carol"), THB, 60)),
            make("carol", TransferFrom(account("alice"), account("carol"), THB, 60)),
            make("bank", Burn(THB, 3)),
            proposer="egat",
        ),
        chain.block(*_sheets(chain), after_ms=100),
        *[chain.block(after_ms=step) for step in (3_000, 3_000)],
        *[_metered(chain, mtu) for mtu in (FIRST + 3, FIRST + 4)],
        *[chain.block(after_ms=MTU_MS) for _ in range(2)],
    ]


def _enrolment(chain: MemoryChain) -> Executed:
    people = [
        RegisterParticipant(account(name), Kind.PROSUMER, zone, name)
        for name, zone in (("alice", "CITY"), ("bob", "CITY"), ("carol", "NORTH"))
    ]
    return chain.block(
        chain.transaction("erc", *people), chain.transaction("mea", SuspendParticipant(account("bob"), "no right to"))
    )


def _meters(chain: MemoryChain) -> list[VerifiedTransaction]:
    made = []
    for dso, name, zone, direction, source in (
        ("mea", "alice", "CITY", Direction.GENERATION, Source.SOLAR),
        ("mea", "bob", "CITY", Direction.CONSUMPTION, Source.GRID),
        ("pea", "carol", "NORTH", Direction.CONSUMPTION, Source.GRID),
    ):
        point, meter = f"{name}-point", f"{name}-meter"
        binding = BindMeter(meter, point, keys_of(meter).public_key, direction, source, 100_000)
        made.append(chain.transaction(dso, RegisterPoint(point, account(name), zone), binding))
    return made


def _sheets(chain: MemoryChain) -> list[VerifiedTransaction]:
    def entries(side: Side, energy_wh: int, limit_micro: int, sources: int) -> tuple[SheetEntry, ...]:
        return tuple(SheetEntry(FIRST + ahead, side, energy_wh, limit_micro, sources) for ahead in (3, 4))

    return [
        chain.transaction("alice", PlaceSheet(1, "alice-point", entries(Side.OFFER, 900, 2_500_000, SOLAR))),
        chain.transaction("bob", PlaceSheet(1, "bob-point", entries(Side.BID, 500, 3_000_000, SOLAR))),
        chain.transaction("carol", PlaceSheet(1, "carol-point", entries(Side.BID, 600, 4_000_000, ANY_SOURCE))),
        chain.transaction("carol", PlaceSheet(2, "bob-point", entries(Side.BID, 1, 1, ANY_SOURCE))),
    ]


def _metered(chain: MemoryChain, mtu: int) -> Executed:
    """Readings of an MTU in the first block after its end; bob's comes twice."""
    chain.block(after_ms=max(1, (mtu + 1) * MTU_MS - chain.ledger.tip.time_ms - 1))
    bob = _reading("bob-meter", mtu, 0, 520)
    return chain.block(
        chain.transaction("alice", _reading("alice-meter", mtu, 850, 0), bob),
        chain.transaction("carol", _reading("carol-meter", mtu, 0, 300)),
        chain.transaction("bob", bob),
        after_ms=500,
    )


def _reading(meter: str, mtu: int, generated_wh: int, consumed_wh: int) -> SubmitReading:
    return sign_reading(CHAIN, keys_of(meter), mtu, generated_wh, consumed_wh)


def _told(executed: Executed) -> list[str]:
    header = executed.block.header
    energy = header.energy
    lines = [
        "",
        f"block {header.height} at {header.time_ms - START_MS} ms: {header.transaction_count} transactions",
        "  energy "
        + " ".join(f"{name}={value}" for name, value in to_json(energy).items() if name != "by_source"),
        *[f"  {row.source} {row.energy_wh} Wh" for row in energy.by_source],
    ]
    for receipt in executed.receipts:
        who = receipt.transaction_id.hex()[:8] or "hooks"
        lines.append(f"  {who} {code_name(receipt.code)} message {receipt.failed_message} fee {receipt.fee}")
        for event in receipt.events:
            body = event_to_json(event)["body"]
            lines.append(f"    {event.kind} " + " ".join(f"{name}={value}" for name, value in body.items()))
    lines.extend((f"  receipts {header.receipts_root.hex()}", f"  state {header.state_root.hex()}"))
    return lines


if __name__ == "__main__":
    if "--write" in sys.argv:
        FROZEN.write_text(transcript(), encoding="utf-8")
    else:
        sys.stdout.write(transcript())
