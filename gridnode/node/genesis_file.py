"""The genesis file: TOML that people write and read, checked into the chain's canonical record. `genesis/README.md` explains each field.

Sections: `[accounts]` names addresses that the rest may use instead; `[chain]` is `ChainParams`; `[[validators]]` with
`[validator_params]`; then one section for each other module, with the fields of the module's genesis record. Every error names the
field and what was expected.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from gridnode.chain.genesis import ChainParams, Genesis, ModuleGenesis
from gridnode.chain.validators import Validator, ValidatorSet, validator_set
from gridnode.codec.records import encode, from_json
from gridnode.crypto.address import address_of
from gridnode.execution.registry import MODULES
from gridnode.modules.validators.tables import Place, ValidatorParams, ValidatorsGenesis, ValidatorsOpening
from gridnode.node.config import read_text
from gridnode.primitives.address_text import decode_address, encode_address
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.units import TimeMs

ACCOUNT_FIELDS = ("account", "operator", "owner", "dso", "fee_account", "slashed_account")
"""Fields in which a name of [accounts] may stand for its address."""
_OWN = ("chain_id", "time_ms", "version", "accounts", "chain", "validators", "validator_params")
FORMAT = 1


def load_genesis(path: Path) -> Genesis:
    """Genesis of a file. Raises OperatorError: one line with file, field and what was expected."""
    return parse_genesis(read_text(path, "genesis file"), str(path))


def parse_genesis(text: str, source: str) -> Genesis:
    """Genesis of a TOML text; `source` names it in errors. Raises OperatorError."""
    try:
        return _genesis(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, Malformed) as error:
        raise OperatorError(f"{source}: {error}") from None


def _genesis(document: dict[str, Any]) -> Genesis:
    modules = [module for module in MODULES if module.genesis is not ValidatorsOpening]
    _only(document, "genesis", (*_OWN, *(module.name for module in modules)))
    accounts = document.get("accounts", {})
    if not isinstance(accounts, dict):
        raise Malformed("accounts: expected a table of names and addresses")
    for name, address in accounts.items():
        try:
            decode_address(address)
        except (Malformed, TypeError, AttributeError) as error:
            raise Malformed(f"accounts.{name}: expected an address such as grid1...: {error}") from None
    if document.get("version") != FORMAT:
        raise Malformed(f"version: expected {FORMAT}, got {document.get('version')!r}")
    members, opening = _validators(
        _named(_required(document, "validators"), accounts),
        _named(_required(document, "validator_params"), accounts),
    )
    states = [ModuleGenesis("validators", encode(opening))]
    for module in modules:
        section = _named(_required(document, module.name), accounts)
        states.append(ModuleGenesis(module.name, encode(_record(module.genesis, section, module.name))))
    genesis = Genesis(
        _required(document, "chain_id"),
        TimeMs(_required(document, "time_ms")),
        FORMAT,
        _record(ChainParams, _required(document, "chain"), "chain"),
        members,
        tuple(states),
    )
    encode(genesis)  # bounds of the plain fields
    return genesis


def _validators(rows: Any, params: Any) -> tuple[ValidatorSet, ValidatorsGenesis]:
    if not isinstance(rows, list) or not rows:
        raise Malformed("validators: expected at least one [[validators]] entry")
    members, places = [], []
    for index, row in enumerate(rows):
        place = f"validators[{index}]"
        _only(row, place, ("name", "key", "power", "operator", "zone", "node_key"))
        address = encode_address(address_of(_hex_key(_required(row, "key", place), place)))
        own = {name: value for name, value in row.items() if name not in ("zone", "node_key")}
        members.append(_record(Validator, own | {"address": address}, place))
        if "zone" in row or "node_key" in row:
            there = {"name": row.get("name"), "zone": row.get("zone", ""), "node_key": row.get("node_key", "")}
            places.append(_record(Place, there, place))
    opening = ValidatorsGenesis(_record(ValidatorParams, params, "validator_params"), tuple(places))
    try:
        return validator_set(members), opening
    except ValueError as error:
        raise Malformed(f"validators: {error}") from None


def _hex_key(text: Any, place: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except (TypeError, ValueError):
        key = b""
    if len(key) != 32:
        raise Malformed(f"{place}.key: expected 32 bytes in hex, got {text!r:.80}")
    return key


def _record(cls: type[Any], section: Any, place: str) -> Any:
    try:
        return from_json(cls, section)
    except Malformed as error:
        raise Malformed(f"{place}.{error}") from None


def _required(table: dict[str, Any], name: str, place: str = "") -> Any:
    if name not in table:
        raise Malformed(f"{place + '.' if place else ''}{name}: missing")
    return table[name]


def _only(table: Any, place: str, names: tuple[str, ...]) -> None:
    if not isinstance(table, dict):
        raise Malformed(f"{place}: expected a table with {', '.join(names)}")
    for name in table:
        if name not in names:
            raise Malformed(f"{place}: unknown field {name}, expected {', '.join(names)}")


def _named(value: Any, accounts: dict[str, str], field: str = "") -> Any:
    """The value with names of [accounts] replaced by their addresses, in the fields that hold addresses."""
    if isinstance(value, dict):
        return {name: _named(item, accounts, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_named(item, accounts, field) for item in value]
    if field in ACCOUNT_FIELDS and isinstance(value, str):
        return accounts.get(value, value)
    return value


def account_text(key: bytes) -> str:
    """Address text of a public key, for [accounts]."""
    return encode_address(address_of(key))
