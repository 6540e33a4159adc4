"""What rules ask about the network: numbers of zones, ways, capacities, wheeling; and the matching kernel made for it."""

from __future__ import annotations

from typing import NamedTuple

from gridnode._native.book import Books
from gridnode.modules.grid.clock import in_force
from gridnode.modules.grid.codes import GridCode
from gridnode.modules.grid.tables import LINES, WAYS, ZONE_NUMBERS, ZONES, Line, Way, Zone
from gridnode.modules.registry.standing import dso_of_zone
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.units import PriceMicro
from gridnode.state.kv import Reader


class WheelingShare(NamedTuple):
    """Who receives which part of the wheeling of a delivery, micro THB per kWh."""

    account: Address  # of the owner of a line or a distribution grid
    micro_per_kwh: PriceMicro  # its part


class Capacities(NamedTuple):
    """Available transfer capacity of each line in one MTU, Wh, by line number."""

    forward_wh: tuple[int, ...]
    backward_wh: tuple[int, ...]


def zones(reader: Reader) -> list[Zone]:
    """All zones in order of their numbers."""
    return [zone for _, zone in ZONES.scan(reader)]


def lines(reader: Reader) -> list[Line]:
    """All lines in order of their numbers."""
    return [line for _, line in LINES.scan(reader)]


def zone_number(reader: Reader, zone: ZoneId) -> int:
    """Number of a zone, as the matching kernel knows it. Raises Rejected(UNKNOWN_ZONE)."""
    number = ZONE_NUMBERS.get(reader, zone)
    if number is None:
        raise Rejected(GridCode.UNKNOWN_ZONE, "no such zone", "zone")
    return number


def zone_name(reader: Reader, number: int) -> ZoneId:
    """Name of the zone with this number, which must exist."""
    return ZONES.require(reader, number).name


def way(reader: Reader, source: int, target: int) -> Way | None:
    """The way from one zone number to another, or None."""
    return WAYS.get(reader, source, target)


def distribution_micro_per_kwh(reader: Reader, zone: int, mtu: int) -> PriceMicro:
    """Charge for energy delivered in the zone with this number, in an MTU."""
    _, tariff, band = in_force(reader, mtu)
    return tariff.distribution[zone].micro_per_kwh[band]


def line_wheeling_micro_per_kwh(reader: Reader, mtu: int) -> tuple[PriceMicro, ...]:
    """Charge for what passes each line in an MTU, by line number."""
    _, tariff, band = in_force(reader, mtu)
    return tuple(charge.micro_per_kwh[band] for charge in tariff.wheeling)


def wheeling_micro_per_kwh(reader: Reader, source: int, target: int, mtu: int) -> PriceMicro:
    """What the buyer in zone number `target` pays on top for energy from `source`: the sum of all shares.

    Raises Rejected(NO_WAY).
    """
    return PriceMicro(sum(share.micro_per_kwh for share in wheeling_shares(reader, source, target, mtu)))


def wheeling_shares(reader: Reader, source: int, target: int, mtu: int) -> list[WheelingShare]:
    """The distribution charge of the zone of delivery, to its DSO, then the wheeling of each line of the way, to its owner.

    One share for each, in this order; an account may come more than once. Raises Rejected(NO_WAY).
    """
    passed = WAYS.get(reader, source, target)
    if passed is None:
        raise Rejected(GridCode.NO_WAY, "no way leads from the one zone to the other", "zone")
    _, tariff, band = in_force(reader, mtu)
    dso = dso_of_zone(reader, zone_name(reader, target))
    shares = [WheelingShare(dso, tariff.distribution[target].micro_per_kwh[band])]
    for hop in passed.hops:
        owner = LINES.require(reader, hop.line).owner
        shares.append(WheelingShare(owner, tariff.wheeling[hop.line].micro_per_kwh[band]))
    return shares


def capacities(reader: Reader, mtu: int) -> Capacities:  # noqa: ARG001 (limits of single MTUs have their place here)
    """Available transfer capacity of every line in an MTU."""
    known = lines(reader)
    return Capacities(
        tuple(line.atc_forward_wh for line in known), tuple(line.atc_backward_wh for line in known)
    )


def adders(reader: Reader, mtu: int) -> list[list[int]]:
    """Wheeling of an MTU for the matching kernel, [offer zone][bid zone]; 0 where no way leads and it never looks."""
    _, tariff, band = in_force(reader, mtu)
    delivery = [charge.micro_per_kwh[band] for charge in tariff.distribution]
    passing = [charge.micro_per_kwh[band] for charge in tariff.wheeling]
    matrix = [[0] * len(delivery) for _ in delivery]
    for (source, target), passed in WAYS.scan(reader):
        matrix[source][target] = delivery[target] + sum([passing[hop.line] for hop in passed.hops])
    return matrix


def build_books(reader: Reader) -> Books:
    """An empty matching kernel for the network: its zones, lines and ways. It learns the wheeling of an MTU with its book."""
    count = len(zones(reader))
    paths = [[_steps(WAYS.get(reader, source, target)) for target in range(count)] for source in range(count)]
    return Books(count, len(lines(reader)), paths)


def _steps(passed: Way | None) -> list[tuple[int, int]] | None:
    return None if passed is None else [(hop.line, hop.direction) for hop in passed.hops]
