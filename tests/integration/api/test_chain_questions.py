"""Status, blocks, transactions, validators and peers; proofs that convince who knows the validators."""

from __future__ import annotations

import pytest
import trio

from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import Commit, check_commit
from gridnode.chain.light_block import LightBlocks, check_light_block
from gridnode.codec.records import decode, from_json
from gridnode.primitives.limits import MAX_LIGHT_BLOCKS
from gridnode.state.proof import StateProof, verify_proof
from tests.chain_in_memory import CHAIN
from tests.integration.api.served import ServedChain, all_rows, ask, refused, text
from tests.integration.api.trading_day import MTU


def test_status(chain: ServedChain) -> None:
    told = ask(chain, "status")
    header = chain.store.header
    assert header is not None
    assert told["chain_id"] == CHAIN
    assert told["height"] == chain.store.height
    assert told["hash"] == header_hash(header).hex()
    assert told["state_root"] == header.state_root.hex()
    assert told["name"] == "MEA"
    assert told["accepted"] > 0


def test_blocks_from_the_latest_down(chain: ServedChain) -> None:
    heights = [row["height"] for row in all_rows(chain, "blocks", 7)]
    assert heights == list(range(chain.store.height, 0, -1))
    page = ask(chain, "blocks", after=3)
    assert [row["height"] for row in page["rows"]] == [2, 1]
    assert page["next"] is None
    assert ask(chain, "blocks", after=1) == {"rows": [], "next": None}


def test_block_by_height_and_by_hash(chain: ServedChain) -> None:
    block = ask(chain, "blocks/1")
    assert block == ask(chain, f"blocks/hash/{block['hash']}")
    assert block["header"]["height"] == block["height"] == 1
    assert block["transactions"][0]["code_name"] == "OK"
    assert block["transactions"][0]["sender"] == text("erc")
    assert block["transactions"][0]["kinds"] == ["registry.register_participant"] * 3
    assert block["transactions"][0]["events"][0]["body"]["account"] == text("alice")
    header = from_json(Header, block["header"])
    assert header_hash(header).hex() == block["hash"]
    commit = {name: value for name, value in block["commit"].items() if name != "signed"}
    check_commit(from_json(Commit, commit), CHAIN, chain.store.genesis.validators, 1, bytes.fromhex(block["hash"]))
    assert block["commit"]["signed"] == 3


def test_block_without_events_is_small(chain: ServedChain) -> None:
    height = next(row["height"] for row in all_rows(chain, "blocks", 50) if row["energy"]["traded_wh"])
    whole, small = ask(chain, f"blocks/{height}"), ask(chain, f"blocks/{height}", events="false")
    assert "market.traded" in [event["kind"] for event in whole["events"]]
    assert small["events"] is None
    assert small["transactions"][0]["events"] is None
    assert whole["energy"]["traded_wh"] == small["energy"]["traded_wh"] > 0


def test_validators_and_peers(chain: ServedChain) -> None:
    assert sorted(row["name"] for row in ask(chain, "validators")) == ["egat", "mea", "pea"]
    assert [row["power"] for row in ask(chain, "validators")] == [10, 10, 10]
    row = ask(chain, "validators")[0]
    assert (row["status"], row["is_jailed"], row["stake"]["grid"], row["reputation_ppm"]) == ("active", False, "0", 1_000_000)
    found = ask(chain, "consensus")
    assert (found["total_power"], found["authority_power"], found["validators"], found["convictions"]) == (30, 30, 3, [])
    assert sorted(found["next_proposers"]) == ["egat", "mea", "pea"]
    assert found["last_final_height"] == ask(chain, "status")["height"]
    assert found["mean_block_ms"] > 0
    peer = ask(chain, "peers")[0]
    assert (peer["name"], peer["score"], peer["round_trip_us"], peer["banned_until_ms"]) == ("PEA", 97, 512, None)


@pytest.mark.parametrize(
    ("table", "parts", "there"),
    [
        ("token/balances", (text("bob"), "2"), True),
        ("token/balances", (text("nobody"), "2"), False),
        ("registry/meters", ("alice-pv",), True),
        ("registry/meters", ("no-such-meter",), False),
        ("market/params", (), True),
        ("metering/readings", ("alice-pv", str(MTU)), True),
        ("settlement/statements", (str(MTU), "bob-point"), True),
    ],
)
def test_a_proof_convinces_who_knows_the_validators(
    chain: ServedChain, table: str, parts: tuple[str, ...], there: bool
) -> None:
    told = ask(chain, f"proofs/{table}", part=list(parts))
    header = from_json(Header, told["header"])
    commit = {name: value for name, value in told["commit"].items() if name != "signed"}
    block_hash = header_hash(header)
    check_commit(from_json(Commit, commit), CHAIN, chain.store.genesis.validators, header.height, block_hash)
    assert (told["value"] is not None) is there
    value = None if told["value"] is None else bytes.fromhex(told["value"])
    key, proof = bytes.fromhex(told["key"]), from_json(StateProof, told["proof"])
    assert verify_proof(header.state_root, key, value, proof)
    assert not verify_proof(header.state_root, key, b"another", proof)
    assert ask(chain, "proofs", key=told["key"])["value"] == told["value"]


def light(chain: ServedChain, path: str) -> bytes:
    """Bytes of a GET outside the envelope."""

    async def scene() -> bytes:
        async with chain.client() as client:
            response = await client.get(path)
            assert response.status_code == 200, response.text
            assert response.headers["content-type"] == "application/msgpack"
            return response.content

    return trio.run(scene)


def test_light_blocks_from_a_height_down(chain: ServedChain) -> None:
    """Each checks by itself; 0 is the newest; bounds and parameters are those of the others."""
    top = chain.store.height
    for path, heights in (
        ("light/3/raw", [3]),
        ("light/3/raw?count=2", [3, 2]),
        ("light/3/raw?count=32", [3, 2, 1]),
        ("light/0/raw", [top]),
        ("light/0/raw?count=2", [top, top - 1]),
    ):
        blocks = decode(LightBlocks, light(chain, path)).blocks
        assert [block.header.height for block in blocks] == heights
        for block in blocks:
            check_light_block(block, CHAIN)
    assert refused(chain, f"light/{top + 1}/raw")[:2] == (404, "NOT_FOUND")
    assert refused(chain, f"light/{2**63}/raw")[:2] == (404, "NOT_FOUND")
    assert refused(chain, "light/x/raw")[:3] == (400, "BAD_PARAMETER", "height")
    for count in (0, MAX_LIGHT_BLOCKS + 1):
        assert refused(chain, "light/1/raw", count=count)[:3] == (400, "BAD_PARAMETER", "count")
    assert refused(chain, "light/1/raw", limit=1)[:3] == (400, "BAD_PARAMETER", "limit")


def test_no_proof_before_the_first_block(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = ServedChain(tmp_path_factory.mktemp("new"))
    assert refused(made, "proofs", key="0105")[:2] == (409, "NO_BLOCK")
    told = ask(made, "status")
    assert (told["height"], told["hash"], told["state_root"]) == (0, None, None)
    assert ask(made, "blocks") == {"rows": [], "next": None}
    assert refused(made, "light/0/raw")[:2] == (404, "NOT_FOUND")
    made.store.close()
