"""The chain that the questions are about, lived through once a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio

from tests.integration.api.served import ServedChain
from tests.integration.api.trading_day import live_through


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedChain]:
    """A chain on which something happened."""
    made = ServedChain(tmp_path_factory.mktemp("day"))
    trio.run(live_through, made)
    yield made
    made.store.close()
