"""gridnode query: everything that the API answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gridnode.cli.ask import DEFAULT_API, Api, AsJson, get
from gridnode.cli.show import show

app = typer.Typer(help="Ask a node: accounts, blocks, market, meters, lots.", no_args_is_help=True, rich_markup_mode=None)

Address = Annotated[str, typer.Argument(help="Address (grid1...).")]
Name = Annotated[str, typer.Argument(help="Name on the chain.")]
Number = Annotated[int, typer.Argument(min=0, help="Number.")]
Mtu = Annotated[int, typer.Argument(min=0, help="Market time unit.")]
ForMtu = Annotated[int | None, typer.Option("--mtu", min=0, help="Of this market time unit.")]
Owner = Annotated[str | None, typer.Option("--owner", help="Of this account.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Rows in the answer.")]
After = Annotated[str | None, typer.Option("--after", help="Go on behind this row: `next` of the page before.")]

PEER_COLUMNS = (
    "name",
    "validator",
    "direction",
    "score",
    "banned_until_ms",
    "banned_for",
    "faults",
    "last_fault",
    "held_up_ms",
    "excess",
    "round_trip_us",
    "messages_in",
    "messages_out",
)


def _ask(api: str, as_json: bool, path: str, **parameters: Any) -> None:
    show(get(api, path, **parameters), as_json)


@app.command()
def account(address: Address, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """An account: balances, participant, roles, connection points."""
    _ask(api, as_json, f"accounts/{address}")


@app.command()
def balance(address: Address, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """What an account holds."""
    _ask(api, as_json, f"accounts/{address}/balance")


@app.command()
def transactions(
    address: Address, limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False
) -> None:
    """Transactions of an account, latest first."""
    _ask(api, as_json, f"accounts/{address}/transactions", limit=limit, after=after)


@app.command()
def block(
    which: Annotated[str, typer.Argument(help="Height, or hash in hex.")], api: Api = DEFAULT_API, as_json: AsJson = False
) -> None:
    """One block with its transactions."""
    _ask(api, as_json, f"blocks/hash/{which}" if len(which) == 64 else f"blocks/{which}")


@app.command()
def blocks(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Blocks from the latest down."""
    _ask(api, as_json, "blocks", limit=limit, after=after)


@app.command()
def transaction(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id in hex.")], api: Api = DEFAULT_API, as_json: AsJson = False
) -> None:
    """One transaction with its receipt."""
    _ask(api, as_json, f"transactions/{id_}")


@app.command()
def tokens(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Supplies and fees."""
    _ask(api, as_json, "tokens")


@app.command()
def flows(mtu: Mtu, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Net flow and capacity of each line in a market time unit."""
    _ask(api, as_json, "energy/flows", mtu=mtu)


@app.command()
def settlements(
    mtu: Annotated[int | None, typer.Argument(min=0, help="Market time unit; or give an owner.")] = None,
    owner: Owner = None,
    point: Annotated[str | None, typer.Option(help="Of this connection point.")] = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Statements of a market time unit, or of an owner's points."""
    _ask(api, as_json, "energy/settlements", mtu=mtu, owner=owner, point=point, limit=limit, after=after)


@app.command()
def settlement(
    mtu: Mtu,
    point: Annotated[str, typer.Argument(help="Connection point.")],
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """One connection point in a market time unit: its statement, its corrections, and what they come to."""
    _ask(api, as_json, f"energy/settlements/{mtu}/{_quoted(point)}", limit=limit, after=after)


@app.command()
def congestion(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Congestion rent: what there is, and what it was spent on."""
    _ask(api, as_json, "energy/congestion", limit=limit, after=after)


@app.command()
def locks(mtu: Mtu, limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Device locks that sales of a market time unit ask for."""
    _ask(api, as_json, "energy/locks", mtu=mtu, limit=limit, after=after)


@app.command()
def meter(name: Name, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """One meter with its latest reading."""
    _ask(api, as_json, f"meters/{_quoted(name)}")


@app.command()
def meters(
    point: Annotated[str | None, typer.Option(help="At this connection point.")] = None,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Meters by name."""
    _ask(api, as_json, "meters", point=point, limit=limit, after=after)


@app.command()
def readings(
    name: Name,
    mtu: ForMtu = None,
    latest: Annotated[bool, typer.Option("--latest", help="The latest first.")] = False,
    limit: Limit = None,
    after: After = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """Readings of a meter, the latest version of each; with --mtu every version of one."""
    path = f"meters/{_quoted(name)}/readings"
    if mtu is None:
        _ask(api, as_json, path, order="latest" if latest else None, limit=limit, after=after)
    else:
        _ask(api, as_json, f"{path}/{mtu}", limit=limit, after=after)


@app.command()
def corrections(name: Name, limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Readings of a meter that were corrected: first and latest version."""
    _ask(api, as_json, f"meters/{_quoted(name)}/corrections", limit=limit, after=after)


@app.command()
def point(name: Name, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """One connection point with its meters."""
    _ask(api, as_json, f"points/{_quoted(name)}")


@app.command()
def points(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Connection points by name."""
    _ask(api, as_json, "points", limit=limit, after=after)


@app.command()
def participants(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Participants by address."""
    _ask(api, as_json, "participants", limit=limit, after=after)


@app.command()
def institutions(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Regulators, DSOs, TSOs, issuers, gateways."""
    _ask(api, as_json, "institutions")


@app.command()
def validators(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Who makes and votes on blocks, and who did. Keys, addresses and amounts on their way home are in --json."""
    rows = get(api, "validators")
    show(rows if as_json else [_at_a_glance(row) for row in rows], as_json)


def _at_a_glance(row: dict[str, Any]) -> dict[str, Any]:
    """What of a validator fits in a line, and what one looks for."""
    told = ("name", "power", "status", "zone", "weight")
    turns = ("reputation_ppm", "made", "missed", "missed_in_row", "jailed_until_ms")
    kind = "authority" if row["is_authority"] else "staked"
    return {name: row[name] for name in told} | {"kind": kind, "stake": row["stake"]["grid"]} | {name: row[name] for name in turns}


@app.command()
def consensus(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """How consensus does: power, stake, mean block time, rounds and turns lost, whose turn it is, convictions."""
    _ask(api, as_json, "consensus")


@app.command()
def peers(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Peers of the node: who is linked, who is banned, until when and what for. `--json` prints all that is counted."""
    rows = get(api, "peers")
    show(rows if as_json else [{name: row[name] for name in PEER_COLUMNS} for row in rows], as_json)


@app.command()
def zones(api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Zones and lines."""
    _ask(api, as_json, "zones")


@app.command()
def tariff(mtu: ForMtu = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """What is charged and paid in a market time unit, the present one unless told."""
    _ask(api, as_json, "tariff", mtu=mtu)


@app.command()
def tariffs(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Dated tariffs, the latest first, those to come included."""
    _ask(api, as_json, "tariffs", limit=limit, after=after)


@app.command()
def holidays(limit: Limit = None, after: After = None, api: Api = DEFAULT_API, as_json: AsJson = False) -> None:
    """Holidays by day."""
    _ask(api, as_json, "holidays", limit=limit, after=after)


@app.command()
def proof(
    table: Annotated[str, typer.Argument(help="Table, e.g. token.balances.")],
    parts: Annotated[list[str] | None, typer.Argument(help="Parts of the row's key.")] = None,
    api: Api = DEFAULT_API,
    as_json: AsJson = False,
) -> None:
    """A row of the state with its proof, checked against the header that comes with it."""
    from gridnode.cli.proof import checked_proof

    show(checked_proof(api, table, parts or []), as_json)


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")
