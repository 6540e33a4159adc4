"""What `gridnode_frozen.json` must hold, computed from the samples by the code as it is.

A difference means that a running chain would fork. To write the file anew, before a chain exists:
`python -m tests.vectors.frozen`.
"""

import json
from typing import Any

from gridnode.chain.block import header_hash
from gridnode.chain.commit import commit_hash
from gridnode.chain.evidence import evidence_id
from gridnode.chain.genesis import genesis_hash
from gridnode.chain.transaction import decode_transaction
from gridnode.chain.validators import validators_hash
from gridnode.chain.vote import VoteKind, proposal_hash, vote_hash
from gridnode.codec.records import encode
from gridnode.crypto.address import address_of, encode_address, module_address
from gridnode.crypto.hashing import Tag
from gridnode.modules.validators.power import authority_powers, stake_powers
from gridnode.modules.validators.turns import Turn, next_seed, order_of
from gridnode.primitives.ids import Hash
from tests.vectors import samples
from tests.vectors.load import FOLDER

NAME = "gridnode_frozen.json"
TAGS = (
    "gridnode/address",
    "gridnode/commit",
    "gridnode/evidence",
    "gridnode/genesis",
    "gridnode/header",
    "gridnode/key-rotation",
    "gridnode/module-account",
    "gridnode/proposal",
    "gridnode/proposer-draw",
    "gridnode/proposer-seed",
    "gridnode/transaction",
    "gridnode/transaction-id",
    "gridnode/validator-set",
    "gridnode/vote",
)


def computed() -> dict[str, Any]:
    """All frozen values: names to hex, or to names in order."""
    transaction = decode_transaction(samples.RAW)
    block_hash = header_hash(samples.HEADER)
    return {
        "tags_of_the_word_gridnode": {name: Tag(name).hash(b"gridnode").hex() for name in TAGS},
        "public_keys": {name: keys.public_key.hex() for name, keys in samples.KEYS.items()},
        "addresses": {
            name: [address_of(keys.public_key).hex(), encode_address(address_of(keys.public_key))]
            for name, keys in samples.KEYS.items()
        },
        "module_addresses": {name: module_address(name).hex() for name in ("market/escrow", "token/fees")},
        "records": {name: encode(record).hex() for name, record in samples.RECORDS.items()},
        "transaction": {
            "raw": samples.RAW.hex(),
            "id": transaction.id.hex(),
            "signing_hash": transaction.signing_hash.hex(),
            "sender": transaction.sender.hex(),
        },
        "hashes": {
            "header": block_hash.hex(),
            "evidence": evidence_id(samples.EVIDENCE).hex(),
            "commit": commit_hash(samples.COMMIT).hex(),
            "genesis": genesis_hash(samples.GENESIS).hex(),
            "validators": validators_hash(samples.VALIDATORS).hex(),
            "prevote_nil": vote_hash(samples.CHAIN, VoteKind.PREVOTE, 1, 0, b"").hex(),
            "precommit": vote_hash(samples.CHAIN, VoteKind.PRECOMMIT, 2, 100_000, block_hash).hex(),
            "proposal_new": proposal_hash(samples.CHAIN, 2, 0, -1, block_hash).hex(),
            "proposal_again": proposal_hash(samples.CHAIN, 2, 3, 1, block_hash).hex(),
        },
        "proposer_order": {str(height): _order(height) for height in (0, 1, 2, 3, 4, 5, 6, 7, 255, 256, 2**32, 2**63)},
        "powers": {
            f"weights {weights}, bonds {bonds}, share {share}": _powers(weights, bonds, share)
            for weights, bonds, share in POWERS
        },
    }


POWERS = (
    ((1, 1, 1, 1), (), 670_000),
    ((1, 1, 1, 1), (10**18,), 670_000),
    ((3, 2, 1), (10**18, 2 * 10**18, 3 * 10**18 + 1), 600_000),
    ((1,), (1, 10**30), 333_334),
    ((7, 11), (5, 5, 5), 1_000_000),
)
"""Weights of authorities, bonds, authority_share_ppm."""


def _powers(weights: tuple[int, ...], bonds: tuple[int, ...], share_ppm: int) -> list[int]:
    own = authority_powers(weights, bool(bonds))
    return own + (stake_powers(bonds, sum(own), share_ppm) if bonds else [])


def _order(height: int) -> list[str]:
    """Names in the order of a height: zones NORTH and SOUTH have two validators each, NORTH was last."""
    zones = {"EGAT": "NORTH", "MEA": "NORTH", "PEA": "SOUTH", "ERC": "SOUTH"}
    members = samples.VALIDATORS.members
    turns = [Turn(member.address, zones[member.name], member.power) for member in members]
    seed = next_seed(Hash(height.to_bytes(32, "big")), bytes(32))
    names = {member.address: member.name for member in members}
    return [names[address] for address in order_of(seed, turns, "NORTH")]


if __name__ == "__main__":
    (FOLDER / NAME).write_text(json.dumps(computed(), indent=1) + "\n", encoding="utf-8")
