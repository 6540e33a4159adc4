"""`Module`: what execution needs to know of a module of business rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from gridnode.chain.transaction import SignatureCheck
from gridnode.modules.context import Context, Writes
from gridnode.primitives.ids import Address
from gridnode.state.kv import Reader

Handler = Callable[[Context, Address, Any], None]
"""(context, sender, message): returns when the message took effect, raises Rejected when it did not."""
Work = Callable[[bytes], int]
"""body of a message -> how many messages of the ordinary kind it works as much as."""
Checks = Callable[[Any, str], tuple[SignatureCheck, ...]]
"""(message, chain id): signatures inside a message, besides its sender's."""


class Lane(IntEnum):
    """Who may propose a block with a module's messages."""

    GENERAL = 1  # any validator
    ENERGY = 2  # authorities only


@dataclass(frozen=True, slots=True)
class Module:
    """A module of business rules."""

    name: str
    """As in kinds (`token.transfer`) and in genesis."""
    lane: Lane
    """Who may propose its messages."""
    genesis: type[Any]
    """Record of its opening state."""
    open: Callable[[Context, Any], None]
    """Writes the opening state."""
    messages: tuple[type[Any], ...]
    """Message classes."""
    handlers: Mapping[type[Any], Handler]
    """Message class -> rule."""
    events: tuple[type[Any], ...]
    """Event classes."""
    codes: type[IntEnum]
    """Result codes."""
    check_block: Callable[[Reader, Writes], None]
    """(before, writes): invariants over the rows that a block changed. Raises InvariantBroken."""
    check_whole: Callable[[Reader], None]
    """Invariants over all rows. Raises InvariantBroken."""
    end_block: Callable[[Context], None] | None = None
    """Hook after a block's transactions."""
    checks: Mapping[type[Any], Checks] | None = None
    """Message class -> signatures inside it."""
    work: Mapping[type[Any], Work] | None = None
    """Message class -> how much work it is, where that is not one message's."""
    accounts: tuple[Address, ...] = ()
    """Accounts that only its rules move."""
