"""How what a light client found looks: a verified header, and the evidence of an attack."""

from __future__ import annotations

from typing import Any

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.client.light import Verified
from gridnode.codec.records import encode, to_json
from gridnode.crypto.address import encode_address
from gridnode.light.attack import Attack, both_signed, double_votes, signers_of


def verified_row(verified: Verified) -> dict[str, Any]:
    """A verified header, from where and in how many steps, and what the witnesses say."""
    walked = verified.walked
    header = walked.block.header
    return {
        "height": header.height,
        "hash": header_hash(header).hex(),
        "chain_id": header.chain_id,
        "time_ms": header.time_ms,
        "state_root": header.state_root.hex(),
        "validators": len(walked.block.validators.members),
        "trusted_height": walked.trace[0].header.height if walked.trace else None,
        "steps": max(0, len(walked.trace) - 1),
        "asked": walked.asked,
        "witnesses": [
            {"url": one.witness, "opinion": one.statement.opinion.value, "reason": one.statement.reason} for one in verified.heard
        ],
        "header": to_json(header),
    }


def attack_document(attack: Attack, primary: str, witness: str) -> dict[str, Any]:
    """The evidence for people and programs; `evidence` is the record `gridnode.light.attack.Attack` in canonical bytes.

    Each pair of `double_votes` proves by itself that its validator voted twice in one round.
    """
    return {
        "kind": attack.kind.value,
        "common": _block(attack.common),
        "primary": _side(attack, attack.ours, primary),
        "witness": _side(attack, attack.theirs, witness),
        "common_power": attack.common.validators.total_power,
        "both_signed": [{"name": one.name, "address": encode_address(one.address)} for one in both_signed(attack)],
        "double_votes": [[to_json(vote) for vote in pair] for pair in double_votes(attack)],
        "evidence": encode(attack).hex(),
    }


def _block(block: LightBlock) -> dict[str, Any]:
    return {"height": block.header.height, "hash": header_hash(block.header).hex(), "round": block.commit.round}


def _side(attack: Attack, block: LightBlock, url: str) -> dict[str, Any]:
    side = signers_of(attack, block)
    signers = [{"name": one.name, "address": encode_address(one.address), "power": one.power} for one in side.signers]
    return {"url": url, **_block(block), "common_signers": signers, "common_signers_power": side.power}
