"""gridnode tx: lots, bundles and carbon credits."""

from __future__ import annotations

from typing import Annotated

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson
from gridnode.cli.tx import Keystore, PasswordFile, Wait, send_one

app = typer.Typer(rich_markup_mode=None)

BundleNumber = Annotated[int, typer.Argument(min=0, help="Number of your bundle.")]
Beneficiary = Annotated[str, typer.Option(help="Address in whose name it is retired.")]
Purpose = Annotated[str, typer.Option(help="What is claimed with it.")]
Credits = Annotated[str, typer.Argument(metavar="CREDITS", help="Credits, e.g. 12.5.")]
Price = Annotated[str, typer.Option(help="Limit in THB per credit, e.g. 2.75.")]


@app.command()
def transfer_lots(
    lots: Annotated[
        list[int],
        typer.Argument(metavar="LOT...", help="Your lots, all of one origin; they are spent whole."),
    ],
    to: Annotated[
        list[str],
        typer.Option(metavar="ADDRESS:WH", help="Who gets how much; may be repeated. In all what the lots have."),
    ],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Give lots to others; to yourself as well where you split one. The receipt tells the number of the first new lot."""
    from gridnode.cli.body import lot_outputs

    body = {"inputs": lots, "outputs": lot_outputs(to)}
    send_one("lots.transfer_lots", body, keystore, password_file, api, wait, as_json)


@app.command()
def retire_lots(
    lots: Annotated[list[str], typer.Argument(metavar="LOT:WH...", help="Your lots, and how much of each.")],
    beneficiary: Beneficiary,
    keystore: Keystore,
    purpose: Purpose = "",
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Turn lots, or parts of them, into certificates."""
    from gridnode.cli.body import lot_parts

    body = {"parts": lot_parts(lots), "beneficiary": beneficiary, "purpose": purpose}
    send_one("lots.retire", body, keystore, password_file, api, wait, as_json)


@app.command()
def bundle_open(
    source: Annotated[str, typer.Argument(help="solar, wind, hydro, biomass or geothermal.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Begin a bundle of 1 MWh; the receipt tells its number."""
    send_one("lots.open_bundle", {"source": source}, keystore, password_file, api, wait, as_json)


@app.command()
def bundle_add(
    bundle: BundleNumber,
    lots: Annotated[list[int], typer.Argument(help="Numbers of your lots.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Put lots into a bundle; of the last one as much as fills it."""
    send_one("lots.add_to_bundle", {"bundle": bundle, "lots": lots}, keystore, password_file, api, wait, as_json)


@app.command()
def bundle_transfer(
    bundle: BundleNumber,
    recipient: Annotated[str, typer.Argument(help="Address that receives it.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Give a sealed bundle to another account."""
    body = {"bundle": bundle, "recipient": recipient}
    send_one("lots.transfer_bundle", body, keystore, password_file, api, wait, as_json)


@app.command()
def bundle_retire(
    bundle: BundleNumber,
    beneficiary: Beneficiary,
    keystore: Keystore,
    purpose: Purpose = "",
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Turn a sealed bundle into a certificate of 1 MWh."""
    body = {"bundle": bundle, "beneficiary": beneficiary, "purpose": purpose}
    send_one("lots.retire_bundle", body, keystore, password_file, api, wait, as_json)


@app.command()
def unbundle(
    bundle: BundleNumber,
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Take lots out of a bundle, 64 at a time."""
    send_one("lots.unbundle", {"bundle": bundle}, keystore, password_file, api, wait, as_json)


@app.command()
def carbon_bid(
    credits_: Credits,
    price: Price,
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Buy carbon credits at a limit; the fee comes on top."""
    send_one("carbon.place_order", _order("bid", credits_, price), keystore, password_file, api, wait, as_json)


@app.command()
def carbon_offer(
    credits_: Credits,
    price: Price,
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Sell carbon credits at a limit."""
    send_one("carbon.place_order", _order("offer", credits_, price), keystore, password_file, api, wait, as_json)


@app.command()
def carbon_cancel(
    number: Annotated[int, typer.Argument(min=0, help="Number of your order.")],
    keystore: Keystore,
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Take back what is left of an order for carbon credits."""
    send_one("carbon.cancel_order", {"order": number}, keystore, password_file, api, wait, as_json)


@app.command()
def carbon_retire(
    credits_: Credits,
    beneficiary: Beneficiary,
    keystore: Keystore,
    purpose: Purpose = "",
    password_file: PasswordFile = None,
    api: Api = DEFAULT_API,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Use up carbon credits in somebody's name."""
    from gridnode.cli.body import amount

    body = {"amount_nano": amount(credits_, "co2"), "beneficiary": beneficiary, "purpose": purpose}
    send_one("carbon.retire", body, keystore, password_file, api, wait, as_json)


def _order(side: str, credits_: str, limit: str) -> dict[str, str | int]:
    from gridnode.cli.body import amount, price

    return {"side": side, "amount_nano": int(amount(credits_, "co2")), "price_micro": price(limit)}
