"""Bytes, hashes, ids and orders that may never change: a difference would fork a running chain."""

import pytest

from gridnode.chain.transaction import decode_transaction
from gridnode.codec.records import decode
from tests.vectors import frozen, samples
from tests.vectors.load import load

FROZEN = load(frozen.NAME)
COMPUTED = frozen.computed()


def test_the_same_values_are_frozen_and_computed() -> None:
    assert {part: list(values) for part, values in FROZEN.items()} == {
        part: list(values) for part, values in COMPUTED.items()
    }


@pytest.mark.parametrize(
    ("part", "name"), [(part, name) for part, values in FROZEN.items() for name in values]
)
def test_frozen(part: str, name: str) -> None:
    assert COMPUTED[part][name] == FROZEN[part][name]


@pytest.mark.parametrize("name", samples.RECORDS)
def test_frozen_bytes_decode_to_the_sample(name: str) -> None:
    sample = samples.RECORDS[name]
    assert decode(type(sample), bytes.fromhex(FROZEN["records"][name])) == sample


def test_frozen_transaction_decodes_to_the_sample() -> None:
    assert decode_transaction(bytes.fromhex(FROZEN["transaction"]["raw"])).body == samples.BODY
