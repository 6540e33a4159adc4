"""The list of modules: explicit, complete, in order; kinds, codes and numbers are unique and where they belong."""

import pytest

from gridnode.chain.kinds import kind_of, to_event, to_message
from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import Message
from gridnode.codec.records import decode, from_json
from gridnode.execution.registry import (
    ACCOUNTS,
    CODES,
    EVENTS,
    MESSAGES,
    MODULES,
    code_name,
    decode_message,
    event_to_json,
    message_from_json,
    message_to_json,
)
from gridnode.modules.token.events import Burned
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Malformed, Rejected
from gridnode.state.prefixes import NAMES
from tests.chain_in_memory import account

BOB = account("bob")


NUMBERS = {name: number for number, name in NAMES.items()}


def test_every_module_has_a_number_and_settlement_comes_last() -> None:
    names = [module.name for module in MODULES]
    assert sorted(names) == sorted(NUMBERS)
    assert names[-1] == "settlement"


def test_every_message_has_one_handler_and_a_kind_of_its_module() -> None:
    for module in MODULES:
        assert list(module.handlers) == list(module.messages), module.name
        for cls in (*module.messages, *module.events):
            assert kind_of(cls).startswith(f"{module.name}."), cls
    assert len(MESSAGES) == sum(len(module.messages) for module in MODULES)
    assert len(EVENTS) == sum(len(module.events) for module in MODULES)


def test_codes_are_in_the_hundred_of_their_module() -> None:
    for module in MODULES:
        number = NUMBERS[module.name]
        assert all(100 * number < code < 100 * number + 100 for code in module.codes), module.name
        assert list(module.codes) == sorted(module.codes), module.name
    assert len(CODES) == len(ChainCode) + sum(len(module.codes) for module in MODULES)


def test_accounts_of_modules_are_distinct() -> None:
    assert len(ACCOUNTS) == sum(len(module.accounts) for module in MODULES)


def test_json_of_a_message_and_back() -> None:
    message = to_message(Transfer(BOB, Denomination.THB, 5))
    readable = message_to_json(message)
    assert readable["kind"] == "token.transfer"
    assert readable["body"]["amount"] == "5"
    assert from_json(Message, message_from_json(readable)) == message


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"kind": "token.transfer"},
        {"kind": 5, "body": {}},
        {"kind": "token.transfer", "body": {"recipient": "x", "denomination": "thb", "amount": "1"}},
        {"kind": "token.transfer", "body": {"denomination": "thb", "amount": "1"}},
        {"kind": "token.transfer", "body": {}, "more": 1},
    ],
)
def test_bad_json_is_malformed(bad: object) -> None:
    with pytest.raises(Malformed):
        message_from_json(bad)


def test_unknown_kind_is_told_apart() -> None:
    for attempt in (lambda: message_from_json({"kind": "token.steal", "body": {}}), lambda: decode_message(Message("x", b"y"))):
        with pytest.raises(Rejected) as refusal:
            attempt()
        assert refusal.value.code is ChainCode.UNKNOWN_MESSAGE


def test_json_of_an_event() -> None:
    event = to_event(Burned(BOB, Denomination.THB, 2))
    assert event_to_json(event)["body"] == {
        "source": event_to_json(event)["body"]["source"],
        "denomination": "thb",
        "amount": "2",
    }
    assert decode(EVENTS[event.kind], event.body) == Burned(BOB, Denomination.THB, 2)


def test_names_of_codes() -> None:
    assert [code_name(code) for code in (0, 4, 107, 9_999)] == ["OK", "EXPIRED", "INSUFFICIENT_BALANCE", "9999"]
