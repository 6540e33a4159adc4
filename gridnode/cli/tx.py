"""gridnode tx: messages signed and submitted, one of any kind, or the frequent ones by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson
from gridnode.cli.show import show

app = typer.Typer(help="Sign messages and submit them.", no_args_is_help=True, rich_markup_mode=None)

Keystore = Annotated[Path, typer.Option("--keystore", envvar="GRIDNODE_KEYSTORE", help="Keystore of the sender.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", envvar="GRIDNODE_PASSWORD_FILE", help="File with its password; else it is asked for."),
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the block and show the receipt.")]
Denomination = Annotated[str, typer.Option("--denomination", help="thb, grid or co2.")]
GeneratedWh = Annotated[int, typer.Option(min=0, help="Energy fed in, Wh.")]
ConsumedWh = Annotated[int, typer.Option(min=0, help="Energy taken, Wh.")]
AmountArgument = Annotated[str, typer.Argument(metavar="AMOUNT", help="Amount in whole units, e.g. 12.5.")]


@app.command()
def kinds(as_json: AsJson = False) -> None:
    """Every kind of message with its fields, for `send`."""
    from gridnode.cli.body import fields_of
    from gridnode.execution.registry import MESSAGES

    rows = [{"kind": kind, "field": name, "expects": text} for kind in MESSAGES for name, text in fields_of(kind).items()]
    show(rows, as_json)


@app.command()
def send(
    kind: Annotated[str, typer.Argument(help="Kind of message, e.g. token.transfer; `tx kinds` lists all.")],
    body: Annotated[str, typer.Option(help="JSON object of its fields, a list of objects, or @FILE.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Send one message of any kind, or up to 256 of a kind in one transaction."""
    from gridnode.cli.body import json_bodies
    from gridnode.cli.signing import Sender, send_bodies

    sender = Sender(keystore, password_file, api, wait, as_json)
    send_bodies(sender, [(kind, one) for one in json_bodies(body)])


@app.command()
def transfer(
    recipient: Annotated[str, typer.Argument(help="Address that receives it.")],
    amount: AmountArgument,
    keystore: Keystore,
    denomination: Denomination = "thb",
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Transfer an amount."""
    from gridnode.cli.body import amount as units

    body = {"recipient": recipient, "denomination": denomination, "amount": units(amount, denomination)}
    send_one("token.transfer", body, keystore, password_file, api, wait, as_json)


@app.command()
def approve(
    spender: Annotated[str, typer.Argument(help="Address that may move it.")],
    amount: AmountArgument,
    keystore: Keystore,
    denomination: Denomination = "thb",
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Allow an account to move an amount of yours; 0 takes it back."""
    from gridnode.cli.body import amount as units

    body = {"spender": spender, "denomination": denomination, "amount": units(amount, denomination)}
    send_one("token.approve", body, keystore, password_file, api, wait, as_json)


@app.command()
def reading(
    mtu: Annotated[int, typer.Option(min=0, help="Market time unit that was measured.")],
    keystore: Keystore,
    device: Annotated[Path, typer.Option(help="Keystore of the meter's device.")],
    device_password_file: Annotated[Path | None, typer.Option(help="File with its password.")] = None,
    generated_wh: GeneratedWh = 0,
    consumed_wh: ConsumedWh = 0,
    version: Annotated[int, typer.Option(min=0, help="How often the device reported this market time unit before.")] = 0,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Sign a meter's reading with its device's key and submit it."""
    from gridnode.cli.signing import Sender, send_reading

    sender = Sender(keystore, password_file, api, wait, as_json)
    send_reading(sender, device, device_password_file, mtu, (generated_wh, consumed_wh, version))


@app.command()
def substitute_reading(
    meter: Annotated[str, typer.Argument(help="Name of the meter.")],
    mtu: Annotated[int, typer.Option(min=0, help="Market time unit.")],
    version: Annotated[int, typer.Option(min=0, help="Number it gets: one more than the latest version's, 0 when there is none.")],
    reason: Annotated[str, typer.Option(help="Why; everybody can read it.")],
    keystore: Keystore,
    generated_wh: GeneratedWh = 0,
    consumed_wh: ConsumedWh = 0,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Put a value in place of a missing or wrong reading; the sender is the DSO of the meter's zone."""
    body = {
        "meter": meter,
        "mtu": mtu,
        "generated_wh": generated_wh,
        "consumed_wh": consumed_wh,
        "version": version,
        "reason": reason,
    }
    send_one("metering.substitute_reading", body, keystore, password_file, api, wait, as_json)


@app.command()
def pay_arrears(
    creditor: Annotated[str, typer.Argument(help="Address that you owe from settlements.")],
    amount: AmountArgument,
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Pay what you owe from settlements, all of it or a part."""
    from gridnode.cli.body import amount as units

    body = {"creditor": creditor, "amount": units(amount, "thb")}
    send_one("settlement.pay_arrears", body, keystore, password_file, api, wait, as_json)


@app.command()
def spend_rent(
    recipient: Annotated[str, typer.Argument(help="Address that receives it.")],
    amount: AmountArgument,
    purpose: Annotated[str, typer.Option(help="What it is for, as people read it.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Give out congestion rent; the sender is a regulator."""
    from gridnode.cli.body import amount as units

    body = {"recipient": recipient, "amount": units(amount, "thb"), "purpose": purpose}
    send_one("settlement.spend_rent", body, keystore, password_file, api, wait, as_json)


@app.command()
def acknowledge_lock(
    point: Annotated[str, typer.Argument(help="Connection point whose device holds the energy.")],
    mtu: Annotated[int, typer.Option(min=0, help="Market time unit for which it does.")],
    energy_wh: Annotated[int, typer.Option(min=0, help="Wh that it holds in all.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Say that a device holds energy for a sale; the sender is a gateway."""
    body = {"mtu": mtu, "point": point, "energy_wh": energy_wh}
    send_one("market.acknowledge_lock", body, keystore, password_file, api, wait, as_json)


@app.command()
def register_participant(
    account: Annotated[str, typer.Argument(help="Address of the participant.")],
    zone: Annotated[str, typer.Option(help="Zone where it is at home.")],
    name: Annotated[str, typer.Option(help="Pseudonym or firm; no personal data.")],
    keystore: Keystore,
    kind: Annotated[str, typer.Option(help="consumer or prosumer.")] = "consumer",
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Enrol a participant; the sender is a regulator."""
    body = {"account": account, "kind": kind, "zone": zone, "name": name}
    send_one("registry.register_participant", body, keystore, password_file, api, wait, as_json)


@app.command()
def set_tariff(
    file: Annotated[Path, typer.Argument(help="TOML or JSON file: a tariff, or a genesis file with [grid.tariff].")],
    from_mtu: Annotated[int, typer.Option(min=0, help="First market time unit in which it holds, beyond the notice.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Set the tariff from a market time unit on; the sender is a regulator."""
    from gridnode.cli.tariff_file import tariff_body

    send_one("grid.set_tariff", tariff_body(file, from_mtu), keystore, password_file, api, wait, as_json)


@app.command()
def set_holidays(
    file: Annotated[Path, typer.Argument(help="TOML or JSON file with `holidays`, or a genesis file.")],
    from_day: Annotated[int, typer.Option(min=0, help="First day that changes; it begins beyond the notice.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Set the holidays from a day on, to those of the file that are not before it; the sender is a regulator."""
    from gridnode.cli.tariff_file import holidays_body

    send_one("grid.set_holidays", holidays_body(file, from_day), keystore, password_file, api, wait, as_json)


def send_one(
    kind: str, body: dict[str, Any], keystore: Path, password_file: Path | None, api: str, wait: bool, as_json: bool
) -> None:
    """Sign one message and submit it. Raises OperatorError for a body that is wrong."""
    from gridnode.cli.signing import Sender, send_bodies

    send_bodies(Sender(keystore, password_file, api, wait, as_json), [(kind, body)])
