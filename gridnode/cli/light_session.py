"""One run of `gridnode light`: begins with what is trusted, asks, verifies, prints; on an attack, leaves the evidence in a file."""

from __future__ import annotations

import json
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from gridnode.chain.block import header_hash
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.light_block import LightBlock
from gridnode.cli.light_shapes import attack_document, verified_row
from gridnode.cli.light_state import Proven, proven_rows
from gridnode.cli.report import tell
from gridnode.cli.show import show
from gridnode.client.light import LightClient, RemoteSource, remote_of, run_driver
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.client.trusted import TrustedFolder
from gridnode.codec.records import decode, encode
from gridnode.crypto.address import encode_address
from gridnode.execution.genesis import evidence_period_ms
from gridnode.light.asking import NEWEST, ask_one
from gridnode.light.attack import Attack, Divergence, both_signed
from gridnode.light.terms import Terms
from gridnode.light.trusted import MemoryBlocks, TrustedBlocks
from gridnode.light.walk import begin_with_genesis, begin_with_hash
from gridnode.primitives.errors import Malformed, OperatorError, PeerFault

TIMEOUT_S = 30.0
FOLLOW_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is trusted at first."""

    genesis: Genesis | None
    """A genesis file's."""
    block: tuple[int, bytes] | None
    """Height and hash."""
    store: Path | None
    """Folder of blocks trusted before."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be verified, and with whose help."""

    api: str
    """The primary's."""
    witnesses: tuple[str, ...]
    """Others'."""
    height: int
    """0: the newest."""
    account: str | None
    """Whose balances are wanted."""
    key: bytes | None
    """Of a row of the state."""
    follow: bool
    """Whether to go on."""
    report: bool
    """Whether nodes are told of an attack."""
    as_json: bool
    """How to print."""


def now_ms() -> int:
    """This machine's clock."""
    return time.time_ns() // 1_000_000


def run(beginning: Beginning, wanted: Wanted, period_ms: int) -> bool:
    """Do it; False when somebody lied, which was told on standard error. Raises OperatorError, RemoteProblem."""
    if len({wanted.api, *wanted.witnesses}) <= len(wanted.witnesses):
        raise OperatorError("--witness: expected other nodes than the one of --api, each once")
    trusted: TrustedBlocks = MemoryBlocks() if beginning.store is None else TrustedFolder(beginning.store)
    try:
        trio.run(_conversation, beginning, wanted, trusted, period_ms)
    except Divergence as divergence:
        path = _keep_evidence(divergence, wanted, beginning.store)
        print(f"gridnode: {divergence.reason}\ngridnode: evidence in {path}", file=sys.stderr)
        if wanted.report:
            _report(divergence.attack, (wanted.api, *wanted.witnesses))
        return False
    except PeerFault as fault:
        print(f"gridnode: {fault}", file=sys.stderr)
        return False
    return True


async def _conversation(beginning: Beginning, wanted: Wanted, trusted: TrustedBlocks, period_ms: int) -> None:
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(remote_of(wanted.api, TIMEOUT_S))
        others = [await stack.enter_async_context(remote_of(url, TIMEOUT_S)) for url in wanted.witnesses]
        source = RemoteSource(primary)
        terms = await _begin(beginning, trusted, source, primary, period_ms)
        client = LightClient(source, [RemoteSource(one) for one in others], trusted, terms, now_ms)
        if wanted.follow:
            await _follow(client, wanted)
        elif wanted.account is not None or wanted.key is not None:
            await _prove(client, primary, wanted)
        else:
            row = verified_row(await client.verified(wanted.height))
            show(row if wanted.as_json else _brief(row), wanted.as_json)


async def _begin(
    beginning: Beginning, trusted: TrustedBlocks, source: RemoteSource, primary: Remote, period_ms: int
) -> Terms:
    """Have something trusted, and know which chain it is of."""
    lowest = trusted.at_or_above(0)
    if beginning.genesis is not None:
        terms = _terms(beginning.genesis, period_ms)
        if lowest is None:
            trusted.put(await run_driver(begin_with_genesis(beginning.genesis, terms), source, now_ms))
        else:
            _check_genesis(beginning, beginning.genesis, lowest)
        return terms
    if beginning.block is not None:
        height, block_hash = beginning.block
        known = trusted.at_or_below(height)
        if known is None or header_hash(known.header) != block_hash:
            # Which chain it is, the trusted hash says: a header that names another one has another hash.
            peeked, _ = await run_driver(ask_one(height), source, now_ms)
            terms = await _terms_told(peeked.header.chain_id, primary, period_ms)
            if lowest is not None and lowest.header.chain_id != terms.chain_id:
                raise OperatorError(f"--store: holds blocks of chain {lowest.header.chain_id}, the node is of {terms.chain_id}")
            trusted.put(await run_driver(begin_with_hash(height, block_hash, terms), source, now_ms))
            return terms
    if lowest is None:
        raise OperatorError(f"{beginning.store}: holds no trusted block yet; expected --trust HEIGHT:HASH or --genesis FILE")
    return await _terms_told(lowest.header.chain_id, primary, period_ms)


def _terms(genesis: Genesis, period_ms: int) -> Terms:
    return Terms.within(genesis.chain_id, period_ms, evidence_period_ms(genesis), "--trusting-period")


async def _terms_told(chain_id: str, primary: Remote, period_ms: int) -> Terms:
    """Without a genesis file, how long evidence counts is the node's word; a liar cannot make the default longer than a week."""
    try:
        genesis = decode(Genesis, await primary.raw("genesis/raw"))
    except Malformed as error:
        raise RemoteProblem(200, "BAD_GENESIS", f"{primary.url}: malformed genesis: {error}") from None
    if genesis.chain_id != chain_id:
        raise RemoteProblem(200, "BAD_GENESIS", f"{primary.url}: expected the genesis of chain {chain_id}, got {genesis.chain_id}")
    return _terms(genesis, period_ms)


def _check_genesis(beginning: Beginning, genesis: Genesis, lowest: LightBlock) -> None:
    """Whether a store may go with a genesis file, as far as the store tells."""
    header = lowest.header
    is_first_of_another = header.height == 1 and header.previous_hash != genesis_hash(genesis)
    if header.chain_id != genesis.chain_id or is_first_of_another:
        raise OperatorError(f"{beginning.store}: holds trusted blocks of another chain than the genesis file's")


async def _follow(client: LightClient, wanted: Wanted) -> None:
    """Print every new header of the primary's, one object a line, until interrupted; a node that is away for a while is asked again."""
    shown, complaint = 0, ""
    while True:
        try:
            verified = await client.verified(NEWEST)
            complaint = ""
        except RemoteProblem as problem:
            if problem.code not in ("UNREACHABLE", "UNCONFIRMED"):
                raise
            if complaint != str(problem):
                complaint = str(problem)
                print(f"gridnode: {complaint}; asking again", file=sys.stderr)
        else:
            row = verified_row(verified)
            if row["height"] > shown:
                shown = row["height"]
                print(json.dumps(row) if wanted.as_json else f"{row['height']} {row['hash']} {row['time_ms']}", flush=True)
        await trio.sleep(FOLLOW_PAUSE_S)


async def _prove(client: LightClient, primary: Remote, wanted: Wanted) -> None:
    rows: list[Proven] = await proven_rows(client, primary, wanted.account, wanted.key)
    if wanted.as_json:
        show({"rows": [row._asdict() for row in rows]}, True)
    else:
        show([row._asdict() for row in rows], False)


def _report(attack: Attack, urls: tuple[str, ...]) -> None:
    """Tell every node that was asked: which of them lies is not known, and whoever is honest passes it on."""
    names = {encode_address(member.address): member.name for member in both_signed(attack)}
    for url in urls:
        rows, problem = tell(url, encode(attack))
        said = ", ".join(f"{names.get(row['validator'], row['validator'])} {row['status']}" for row in rows)
        print(f"gridnode: reported to {url}: {problem or said}", file=sys.stderr)


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "header"}


def _keep_evidence(divergence: Divergence, wanted: Wanted, store: Path | None) -> Path:
    """Write the evidence beside the trusted blocks, or here. Raises OperatorError when the disk refuses."""
    attack = divergence.attack
    name = f"attack-{attack.ours.header.height}-{header_hash(attack.theirs.header).hex()[:16]}.json"
    path = (store or Path()) / name
    text = json.dumps(attack_document(attack, wanted.api, divergence.witness), indent=2)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{divergence.reason}; {path}: cannot write the evidence: {error.strerror}") from None
    return path
