"""Validators come, lie, fail, are replaced and come back, on real processes: the set follows the chain on every node.

Four authorities and whoever joins them. Nobody who joins is in anybody's configuration: the licence opens the gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gridnode.crypto.address import address_of, encode_address
from gridnode.modules.validators.messages import Bond, License, Revoke, Unjail
from gridnode.modules.validators.tables import Kind
from gridnode.primitives.ids import PublicKey
from gridnode.primitives.units import Amount
from gridnode.replay.cast import derived_key
from gridnode.storage.keystore import generate
from tests.integration.testnet.chains import nobody_lied, same_everywhere, signs_again
from tests.integration.testnet.joiners import events_of, give_grid, joiner, send, validator
from tests.integration.testnet.processes import SEED, NodeProcess, Testnet, until, write

pytestmark = pytest.mark.slow
GRID = 10**18
OPERATOR = "BANK"
LONG_S = 240.0
"""Turns are drawn, and a missed one takes a timeout; on a machine that does other things too."""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Testnet]:
    """Four authorities that have made their first blocks; the bank has GRID."""
    testnet = Testnet(write(tmp_path / "n"))
    give_grid(testnet.plan, OPERATOR, 1_000 * GRID)
    others: list[NodeProcess] = []
    testnet.others = others  # type: ignore[attr-defined]
    try:
        testnet.start()
        testnet.goes_on()
        yield testnet
    finally:
        for node in others:
            node.kill()
        testnet.close()


def account_of(name: str) -> bytes:
    """Account of an institution."""
    return address_of(derived_key(SEED, f"institution/{name}").public_key)


def ports(net: Testnet, number: int) -> tuple[int, int]:
    """Ports behind those of the network."""
    last = net.plan.observer.api_port
    return last + 1 + 2 * number, last + 2 + 2 * number


def proposes(node: NodeProcess, witness: NodeProcess, start: int) -> None:
    """Wait until `witness` has a block above `start` that `node`'s validator made."""
    assert node.plan.consensus_keys is not None
    maker = encode_address(address_of(node.plan.consensus_keys.public_key))
    seen = start

    def made() -> bool:
        nonlocal seen
        while seen < witness.height:
            seen += 1
            if witness.get(f"blocks/{seen}", events="false")["header"]["proposer"] == maker:
                return True
        return False

    until(made, f"{node.name} proposes", LONG_S)


def test_a_staked_validator_joins_bonds_lies_and_is_slashed_once(net: Testnet) -> None:
    egat, keys = net["EGAT"], generate()
    fifth = joiner(net, "FIFTH", "FIFTH", ports(net, 0), keys)
    net.others.append(fifth)  # type: ignore[attr-defined]
    fifth.start()
    fifth.ready()
    net.goes_on(3)
    assert fifth.height == 0, "without a licence it is not admitted"

    operator = account_of(OPERATOR)
    send(net, "ERC", License("FIFTH", Kind.STAKED, "", operator, keys.public_key, fifth.plan.node_keys.public_key, 0))
    until(lambda: fifth.alive().height >= egat.height - 1, "it is admitted and has the chain", LONG_S)
    assert fifth.status()["signs"] is False  # type: ignore[index]
    before = egat.height
    send(net, OPERATOR, Bond("FIFTH", Amount(100 * GRID)))
    assert validator(egat, "FIFTH")["stake"]["grid"] == "100"
    signs_again(fifth, egat, before)
    proposes(fifth, egat, before)
    found = egat.get("consensus")
    assert found["authority_power"] * 1_000_000 >= 670_000 * found["total_power"]
    same_everywhere([*net.validators, fifth])
    nobody_lied([*net.validators, fifth])

    # A second machine with the same consensus key and no guard's file: what the guard is there to prevent.
    twin = joiner(net, "FIFTH", "TWIN", ports(net, 1), keys, net.plan.observer.node_keys)
    net.others.append(twin)  # type: ignore[attr-defined]
    twin.start()
    until(lambda: egat.get("consensus")["convictions"], "the evidence is in a block", LONG_S)
    net.goes_on(3)
    for node in net.validators:
        [conviction] = node.get("consensus")["convictions"]
        assert conviction["name"] == "FIFTH"
        assert conviction["slashed"]["grid"] == "5"
        row = validator(node, "FIFTH")
        assert (row["status"], row["power"], row["stake"]["grid"]) == ("convicted", 0, "0")
        assert [item["grid"] for item in row["unbonding"]] == ["95"]
        assert len(events_of(node, "validators.convicted", before)) == 1
    assert egat.get(f"accounts/{encode_address(account_of('ERC'))}/balance")["balances"]["grid"]["grid"] == "5"
    same_everywhere(net.validators)


def test_an_authority_is_replaced_and_an_absent_one_is_jailed_and_returns(net: Testnet) -> None:
    egat, keys = net["EGAT"], generate()
    new = joiner(net, "NEW", "NEW", ports(net, 0), keys)
    net.others.append(new)  # type: ignore[attr-defined]
    new.start()
    new.ready()
    node_key = new.plan.node_keys.public_key
    send(net, "ERC", License("NEW", Kind.AUTHORITY, "", account_of(OPERATOR), keys.public_key, PublicKey(node_key), 1))
    signs_again(new, egat, egat.height)
    before = egat.height
    send(net, "ERC", Revoke("PEA"))
    assert sorted(row["name"] for row in egat.get("validators") if row["power"]) == ["EGAT", "ERC", "MEA", "NEW"]
    proposes(new, egat, before)
    net.goes_on(2)
    assert net["PEA"].status()["signs"] is False  # type: ignore[index]

    absent = net["ERC"]
    absent.kill()
    until(lambda: validator(egat, "ERC")["is_jailed"], "three turns missed in a row are jail", LONG_S)
    row = validator(egat, "ERC")
    assert (row["power"], row["status"]) == (0, "jailed")
    assert [event["name"] for event in events_of(egat, "validators.jailed", before)] == ["ERC"]
    net.start([absent])
    until(lambda: absent.alive().height >= egat.height - 1, "it has the chain again", LONG_S)
    until(lambda: egat.get("consensus")["last_final_ms"] >= row["jailed_until_ms"], "its pause is over", LONG_S)
    before = egat.height
    send(net, "ERC", Unjail("ERC"))
    signs_again(absent, egat, before)
    proposes(absent, egat, before)
    everybody = [*net.validators, new]
    same_everywhere(everybody)
    nobody_lied(everybody)
