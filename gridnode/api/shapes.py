"""How records look in answers: JSON forms of the codec, with readable forms beside amounts and prices.

An amount is a decimal string of smallest units, because JSON numbers end at 2**53 in many readers; beside a field `fee` stands `fee_thb`,
the same in whole units. Energies are integers of Wh, prices integers of 1e-6 THB per kWh beside `..._thb_per_kwh`.
"""

from __future__ import annotations

from typing import Any

from gridnode.codec.records import to_json
from gridnode.crypto.address import encode_address
from gridnode.modules.market.sources import source_bit
from gridnode.modules.metering.queries import Correction, registers
from gridnode.modules.metering.tables import Quality, Reading
from gridnode.modules.registry.tables import Meter, Source
from gridnode.modules.settlement.tables import Settled, Statement
from gridnode.modules.token.tables import DECIMALS, Denomination
from gridnode.primitives.units import THB_DECIMALS, format_amount

PRICE_DECIMALS = 6


def money(amount: int, denomination: Denomination) -> dict[str, str]:
    """An amount as {amount: smallest units, <denomination>: whole units}."""
    return {"amount": str(amount), denomination.name.lower(): format_amount(amount, DECIMALS[denomination])}


def thb(name: str, amount: int) -> dict[str, str]:
    """A field with THB: `name` in 1e-9 THB, `name_thb` in THB."""
    return {name: str(amount), f"{name}_thb": format_amount(amount, THB_DECIMALS)}


def price(name: str, micro: int) -> dict[str, Any]:
    """A field with a price: `name_micro` in 1e-6 THB per kWh, `name_thb_per_kwh` in THB per kWh."""
    return {f"{name}_micro": micro, f"{name}_thb_per_kwh": format_amount(micro, PRICE_DECIMALS)}


def settled(sums: Settled) -> dict[str, Any]:
    """Sums over settlements."""
    names = ("sales", "wheeling", "rent", "fees", "excess_paid", "lack_paid", "unpaid", "lack_vat", "wheeling_vat")
    return to_json(sums) | _thb_of(sums, names) | thb("vat", sums.lack_vat + sums.wheeling_vat)


def statement(point: str, found: Statement) -> dict[str, Any]:
    """The settlement of a connection point in an MTU; what trades did stands beside the rest.

    `vat` is the value-added tax contained in lack and wheeling together; `estimated` says that a reading was the chain's own guess.
    """
    value = {"point": point, **to_json(found), **_thb_of(found, ("imbalance", "unpaid", "lack_vat", "wheeling_vat"))}
    del value["work"]
    return {
        **value,
        **thb("vat", found.lack_vat + found.wheeling_vat),
        "estimated": found.quality is Quality.ESTIMATED,
        **to_json(found.work),
        **_thb_of(found.work, ("sales", "purchases", "wheeling", "rent", "fees")),
    }


def _thb_of(record: Any, names: tuple[str, ...]) -> dict[str, str]:
    return {key: text for name in names for key, text in thb(name, getattr(record, name)).items()}


def meter(name: str, found: Meter) -> dict[str, Any]:
    """A meter with its name; the device key is null while none is bound."""
    value = to_json(found)
    return {"meter": name, **value, "device_key": value["device_key"] or None}


def reading(mtu: int, found: Reading) -> dict[str, Any]:
    """A version of a reading with its MTU, and its figures by OBIS code."""
    return {"mtu": mtu, **to_json(found), "registers": registers(found)}


def correction(found: Correction) -> dict[str, Any]:
    """First and latest version of a reading, and the difference of the latest to the first."""
    return {
        "mtu": found.mtu,
        "first": reading(found.mtu, found.first),
        "latest": reading(found.mtu, found.latest),
        "generated_difference_wh": found.latest.generated_wh - found.first.generated_wh,
        "consumed_difference_wh": found.latest.consumed_wh - found.first.consumed_wh,
    }


def address(value: bytes) -> str:
    """Text of an address."""
    return encode_address(value)


def source_names(mask: int) -> list[str]:
    """Names of the sources whose bits are set."""
    return [source.name.lower() for source in Source if mask & source_bit(source)]
