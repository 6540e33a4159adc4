"""The modules in their one order, and every kind of message and event they have.

Adding a module is one entry in MODULES. The order is consensus data: opening states, hooks and invariants follow it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, NamedTuple

from gridnode.chain.kinds import kind_of
from gridnode.chain.receipt import ChainCode, Event
from gridnode.chain.transaction import Message, SignatureCheck, Transaction
from gridnode.codec.faults import within
from gridnode.codec.records import decode, encode, from_json, to_json
from gridnode.execution.module import Checks, Handler, Lane, Module, Work
from gridnode.modules.carbon import events as carbon_events
from gridnode.modules.carbon import invariants as carbon_invariants
from gridnode.modules.carbon import messages as carbon_messages
from gridnode.modules.carbon import rules as carbon_rules
from gridnode.modules.carbon.codes import CarbonCode
from gridnode.modules.carbon.tables import ESCROW_ACCOUNT as CARBON_ESCROW
from gridnode.modules.carbon.tables import CarbonGenesis
from gridnode.modules.grid import events as grid_events
from gridnode.modules.grid import invariants as grid_invariants
from gridnode.modules.grid import messages as grid_messages
from gridnode.modules.grid import rules as grid_rules
from gridnode.modules.grid.codes import GridCode
from gridnode.modules.grid.tables import GridGenesis
from gridnode.modules.lots import events as lots_events
from gridnode.modules.lots import invariants as lots_invariants
from gridnode.modules.lots import messages as lots_messages
from gridnode.modules.lots import rules as lots_rules
from gridnode.modules.lots.codes import LotsCode
from gridnode.modules.lots.tables import BUNDLED, HOLD, LotsGenesis
from gridnode.modules.market import events as market_events
from gridnode.modules.market import invariants as market_invariants
from gridnode.modules.market import messages as market_messages
from gridnode.modules.market import rules as market_rules
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.tables import ESCROW_ACCOUNT, MarketGenesis
from gridnode.modules.metering import events as metering_events
from gridnode.modules.metering import invariants as metering_invariants
from gridnode.modules.metering import messages as metering_messages
from gridnode.modules.metering import rules as metering_rules
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.tables import MeteringGenesis
from gridnode.modules.registry import events as registry_events
from gridnode.modules.registry import invariants as registry_invariants
from gridnode.modules.registry import messages as registry_messages
from gridnode.modules.registry import rules as registry_rules
from gridnode.modules.registry.codes import RegistryCode
from gridnode.modules.registry.tables import RegistryGenesis
from gridnode.modules.settlement import events as settlement_events
from gridnode.modules.settlement import invariants as settlement_invariants
from gridnode.modules.settlement import messages as settlement_messages
from gridnode.modules.settlement import rules as settlement_rules
from gridnode.modules.settlement.codes import SettlementCode
from gridnode.modules.settlement.tables import SettlementGenesis
from gridnode.modules.token import events as token_events
from gridnode.modules.token import invariants as token_invariants
from gridnode.modules.token import messages as token_messages
from gridnode.modules.token import rules as token_rules
from gridnode.modules.token.codes import TokenCode
from gridnode.modules.token.tables import TokenGenesis
from gridnode.modules.validators import events as validators_events
from gridnode.modules.validators import invariants as validators_invariants
from gridnode.modules.validators import messages as validators_messages
from gridnode.modules.validators import rules as validators_rules
from gridnode.modules.validators.codes import ValidatorsCode
from gridnode.modules.validators.tables import BONDS, ValidatorsOpening
from gridnode.primitives.errors import Malformed, Rejected
from gridnode.primitives.ids import Address

MODULES: Final[tuple[Module, ...]] = (
    Module(
        name="token",
        lane=Lane.GENERAL,
        genesis=TokenGenesis,
        open=token_rules.open,
        messages=token_messages.MESSAGES,
        handlers=token_rules.HANDLERS,
        events=token_events.EVENTS,
        codes=TokenCode,
        check_block=token_invariants.check_block,
        check_whole=token_invariants.check_whole,
    ),
    Module(
        name="registry",
        lane=Lane.GENERAL,
        genesis=RegistryGenesis,
        open=registry_rules.open,
        messages=registry_messages.MESSAGES,
        handlers=registry_rules.HANDLERS,
        events=registry_events.EVENTS,
        codes=RegistryCode,
        check_block=registry_invariants.check_block,
        check_whole=registry_invariants.check_whole,
    ),
    Module(
        name="validators",
        lane=Lane.GENERAL,
        genesis=ValidatorsOpening,
        open=validators_rules.open,
        messages=validators_messages.MESSAGES,
        handlers=validators_rules.HANDLERS,
        events=validators_events.EVENTS,
        codes=ValidatorsCode,
        check_block=validators_invariants.check_block,
        check_whole=validators_invariants.check_whole,
        end_block=validators_rules.end_block,
        checks=validators_messages.CHECKS,
        accounts=(BONDS,),
    ),
    Module(
        name="grid",
        lane=Lane.ENERGY,
        genesis=GridGenesis,
        open=grid_rules.open,
        messages=grid_messages.MESSAGES,
        handlers=grid_rules.HANDLERS,
        events=grid_events.EVENTS,
        codes=GridCode,
        check_block=grid_invariants.check_block,
        check_whole=grid_invariants.check_whole,
    ),
    Module(
        name="lots",
        lane=Lane.GENERAL,
        genesis=LotsGenesis,
        open=lots_rules.open,
        messages=lots_messages.MESSAGES,
        handlers=lots_rules.HANDLERS,
        events=lots_events.EVENTS,
        codes=LotsCode,
        check_block=lots_invariants.check_block,
        check_whole=lots_invariants.check_whole,
        accounts=(HOLD, BUNDLED),
    ),
    Module(
        name="metering",
        lane=Lane.ENERGY,
        genesis=MeteringGenesis,
        open=metering_rules.open,
        messages=metering_messages.MESSAGES,
        handlers=metering_rules.HANDLERS,
        events=metering_events.EVENTS,
        codes=MeteringCode,
        check_block=metering_invariants.check_block,
        check_whole=metering_invariants.check_whole,
        checks=metering_messages.CHECKS,
    ),
    Module(
        name="market",
        lane=Lane.ENERGY,
        genesis=MarketGenesis,
        open=market_rules.open,
        messages=market_messages.MESSAGES,
        handlers=market_rules.HANDLERS,
        events=market_events.EVENTS,
        codes=MarketCode,
        check_block=market_invariants.check_block,
        check_whole=market_invariants.check_whole,
        end_block=market_rules.end_block,
        work=market_messages.WORK,
        accounts=(ESCROW_ACCOUNT, CONGESTION),
    ),
    Module(
        name="carbon",
        lane=Lane.GENERAL,
        genesis=CarbonGenesis,
        open=carbon_rules.open,
        messages=carbon_messages.MESSAGES,
        handlers=carbon_rules.HANDLERS,
        events=carbon_events.EVENTS,
        codes=CarbonCode,
        check_block=carbon_invariants.check_block,
        check_whole=carbon_invariants.check_whole,
        accounts=(CARBON_ESCROW,),
    ),
    Module(
        name="settlement",
        lane=Lane.ENERGY,
        genesis=SettlementGenesis,
        open=settlement_rules.open,
        messages=settlement_messages.MESSAGES,
        handlers=settlement_rules.HANDLERS,
        events=settlement_events.EVENTS,
        codes=SettlementCode,
        check_block=settlement_invariants.check_block,
        check_whole=settlement_invariants.check_whole,
        end_block=settlement_rules.end_block,
    ),
)
"""All modules, each after those whose functions it calls."""


class MessageKind(NamedTuple):
    """What is known of a kind of message."""

    cls: type[Any]
    """Its record."""
    handler: Handler
    """The rule that runs it."""
    lane: Lane
    """Who may propose it."""
    checks: Checks | None
    """Signatures inside it, or None."""
    work: Work | None
    """How much work it is, or None when it is one message's."""


MESSAGES: Final[dict[str, MessageKind]] = {
    kind_of(cls): MessageKind(
        cls, module.handlers[cls], module.lane, (module.checks or {}).get(cls), (module.work or {}).get(cls)
    )
    for module in MODULES
    for cls in module.messages
}
"""kind -> what is known of it."""

EVENTS: Final[dict[str, type[Any]]] = {kind_of(cls): cls for module in MODULES for cls in module.events}
"""kind -> record of an event."""

_ENUMS: Final[tuple[type[IntEnum], ...]] = (ChainCode, *(module.codes for module in MODULES))

CODES: Final[dict[int, IntEnum]] = {
    int(code): code for enum in _ENUMS for code in enum
}
"""number -> result code."""

ACCOUNTS: Final[frozenset[Address]] = frozenset(account for module in MODULES for account in module.accounts)
"""Accounts that only rules move: no message pays into them."""


def message_kind(message: Message) -> MessageKind:
    """What is known of a message's kind. Raises Rejected(UNKNOWN_MESSAGE)."""
    found = MESSAGES.get(message.kind)
    if found is None:
        raise Rejected(ChainCode.UNKNOWN_MESSAGE, f"expected a known kind of message, got {message.kind}", "kind")
    return found


def work_of(transaction: Transaction) -> int:
    """How much of a block's `max_block_messages` a transaction takes: one for each message, more where a message holds many orders.

    From kinds and sizes alone, so that nothing is taken apart to be counted. Unknown kinds count as one; they are refused later.
    """
    work = 0
    for message in transaction.body.messages:
        known = MESSAGES.get(message.kind)
        work += 1 if known is None or known.work is None else known.work(message.body)
    return work


def decode_message(message: Message) -> Any:
    """The record in a message. Raises Rejected(UNKNOWN_MESSAGE), or Malformed saying what was expected where."""
    return decode(message_kind(message).cls, message.body)


def message_checks(message: Message, chain_id: str) -> tuple[SignatureCheck, ...]:
    """Signatures inside a message, besides its sender's. Raises as `decode_message`."""
    known = message_kind(message)
    return known.checks(decode(known.cls, message.body), chain_id) if known.checks else ()


def message_from_json(value: Any) -> dict[str, str]:
    """A message whose body is a JSON object, `{"kind": ..., "body": {...}}`, as JSON form of `Message` (body in hex).

    Raises Rejected(UNKNOWN_MESSAGE), or Malformed naming the field and what was expected.
    """
    if not isinstance(value, dict) or sorted(value) != ["body", "kind"] or not isinstance(value["kind"], str):
        raise Malformed("messages: expected objects with the fields kind and body")
    found = MESSAGES.get(value["kind"])
    if found is None:
        raise Rejected(ChainCode.UNKNOWN_MESSAGE, f"expected one of {', '.join(MESSAGES)}", "kind")
    try:
        return {"kind": value["kind"], "body": encode(from_json(found.cls, value["body"])).hex()}
    except Malformed as fault:
        raise within("body", fault) from None


def message_to_json(message: Message) -> dict[str, Any]:
    """A message with its record as a JSON object. Raises Rejected(UNKNOWN_MESSAGE) or Malformed."""
    return {"kind": message.kind, "body": to_json(decode_message(message))}


def event_to_json(event: Event) -> dict[str, Any]:
    """An event of a receipt with its record as a JSON object."""
    return {"kind": event.kind, "body": to_json(decode(EVENTS[event.kind], event.body))}


def code_name(code: int) -> str:
    """Name of a result code, e.g. `INSUFFICIENT_BALANCE`; its number when it is unknown."""
    found = CODES.get(code)
    return str(code) if found is None else found.name
