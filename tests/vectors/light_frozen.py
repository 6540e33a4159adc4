"""What `light_frozen.json` must hold: a few light blocks in canonical bytes, and what a light client says of pairs of them.

Blocks 1 to 6 of one chain: the set stays, loses a member, is replaced. To write the file anew, before a chain exists:
`python -m tests.vectors.light_frozen`.
"""

from __future__ import annotations

import json
from typing import Any

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.codec.records import decode, encode
from gridnode.light.rules import verify
from gridnode.light.terms import Terms
from gridnode.primitives.errors import GridnodeError
from tests.light_chain import CHAIN, HOUR_MS, LightChain, changed
from tests.vectors.load import FOLDER

NAME = "light_frozen.json"
FOUR, THREE, OTHERS = {0: 4, 1: 3, 2: 2, 3: 1}, {0: 4, 1: 3, 2: 2}, {4: 1, 5: 1}


def blocks() -> dict[str, LightBlock]:
    """By name: the height, and some that are wrong."""
    chain = LightChain([FOUR, FOUR, FOUR, THREE, THREE, OTHERS, OTHERS])
    found = {str(block.header.height): block for block in chain.blocks}
    found["3 by two of four"] = changed(chain.at(3), [1, 2])
    found["3 at the time of 2"] = changed(chain.at(3), time_ms=chain.at(2).header.time_ms)
    found["6 on another block"] = changed(chain.at(6), previous_hash=header_hash(chain.at(4).header))
    return found


CASES = (
    ("1", "2", 0),
    ("1", "3", 0),
    ("1", "5", 0),
    ("1", "6", 0),
    ("4", "6", 0),
    ("5", "6", 0),
    ("5", "6", HOUR_MS),
    ("1", "2", -10_000),
    ("1", "3 by two of four", 0),
    ("2", "3 by two of four", 0),
    ("2", "3 at the time of 2", 0),
    ("5", "6 on another block", 0),
    ("3", "2", 0),
)
"""Trusted, new, and how much later than the new one's time the clock is."""


def says(trusted: LightBlock, block: LightBlock, late_ms: int) -> str:
    """The verdict, or the class of what was raised."""
    try:
        return verify(trusted, block, block.header.time_ms + late_ms, Terms(CHAIN, HOUR_MS, 5_000)).name
    except GridnodeError as error:
        return type(error).__name__


def computed() -> dict[str, Any]:
    """Blocks in hex, their hashes, and the verdict of each case."""
    made = blocks()
    return {
        "blocks": {name: encode(block).hex() for name, block in made.items()},
        "hashes": {name: header_hash(block.header).hex() for name, block in made.items()},
        "verdicts": [[trusted, new, late_ms, says(made[trusted], made[new], late_ms)] for trusted, new, late_ms in CASES],
    }


def check(frozen: dict[str, Any]) -> None:
    """The frozen bytes decode, hash and are judged as it stands there."""
    stored = {name: decode(LightBlock, bytes.fromhex(text)) for name, text in frozen["blocks"].items()}
    assert {name: header_hash(block.header).hex() for name, block in stored.items()} == frozen["hashes"]
    for trusted, new, late_ms, expected in frozen["verdicts"]:
        assert says(stored[trusted], stored[new], late_ms) == expected, (trusted, new, late_ms)


if __name__ == "__main__":
    (FOLDER / NAME).write_text(json.dumps(computed(), indent=1) + "\n", encoding="utf-8")
