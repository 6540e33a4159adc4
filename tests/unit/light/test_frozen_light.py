"""Light blocks that were written down are judged as they were: a client of today and a chain of then agree."""

from tests.vectors import light_frozen
from tests.vectors.load import load


def test_frozen_light_blocks_are_as_they_were() -> None:
    frozen = load(light_frozen.NAME)
    light_frozen.check(frozen)
    assert frozen == light_frozen.computed()
