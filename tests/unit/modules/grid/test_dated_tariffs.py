"""Tariffs and holidays change by message, for the future only: what is refused and why, and what holds from which MTU on."""

from dataclasses import replace
from typing import Any

import pytest

from gridnode.codec.records import decode, to_json
from gridnode.execution.registry import EVENTS
from gridnode.modules.grid import queries
from gridnode.modules.grid.clock import in_force, tariff_at
from gridnode.modules.grid.codes import GridCode
from gridnode.modules.grid.events import HolidaysSet, TariffSet
from gridnode.modules.grid.invariants import check_block, check_whole
from gridnode.modules.grid.messages import SetHolidays, SetTariff
from gridnode.modules.grid.network import adders, wheeling_micro_per_kwh
from gridnode.modules.grid.tables import FIXED, HOLIDAYS, TARIFFS, Holiday
from gridnode.modules.grid.tariffs import Band, Charge, Slot, Tariff
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_FUTURE_TARIFFS, MAX_HOLIDAYS
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State
from tests.chain_in_memory import NOTICE_MTUS, tariff
from tests.energy_world import FIRST_MTU, MTU_MS, World

EARLIEST = FIRST_MTU + NOTICE_MTUS + 1
"""The first MTU that may change in the chain's first MTU."""
FIRST_DAY = 2
"""The first day that begins at or after it: day 0 is that of the first MTU, day 1 begins one MTU too early."""


def dearer(**changes: Any) -> Tariff:
    """Twice the price on-peak."""
    bands = (Band("on_peak", 11_596_400, 2_200_000), Band("off_peak", 2_636_900, 2_200_000))
    return tariff(**{"bands": bands, **changes})


def charges(*names: str, each: tuple[int, ...] = (1, 2)) -> tuple[Charge, ...]:
    return tuple(Charge(name, each) for name in names)


def code(world: World, message: Any, sender: str = "erc") -> int:
    return world.block((sender, message))[0]


def emitted(world: World) -> list[Any]:
    """Events of the last block, as records."""
    return [decode(EVENTS[event.kind], event.body) for event in world.events]


def test_codes_are_frozen() -> None:
    assert [(known.name, int(known)) for known in GridCode] == [
        ("UNKNOWN_ZONE", 401),
        ("NO_WAY", 402),
        ("NOT_REGULATOR", 403),
        ("TOO_SOON", 404),
        ("TOO_MANY_TARIFFS", 405),
        ("BAND_TWICE", 406),
        ("UNKNOWN_BAND", 407),
        ("WRONG_HOURS", 408),
        ("UNKNOWN_CHARGE", 409),
        ("CHARGE_TWICE", 410),
        ("WRONG_CHARGES", 411),
        ("CHARGE_MISSING", 412),
        ("NEGATIVE_RETAIL", 413),
        ("FEED_IN_ABOVE_RETAIL", 414),
        ("WRONG_DAYS", 415),
        ("TOO_MANY_HOLIDAYS", 416),
    ]


def test_a_tariff_takes_effect_exactly_at_its_mtu() -> None:
    world = World()
    change = EARLIEST + 40
    before = {mtu: tariff_at(world.reader, mtu) for mtu in range(FIRST_MTU - 96, change + 672)}
    world.ok(("erc", SetTariff(change, dearer())))
    for mtu, prices in before.items():
        is_dearer = mtu >= change and prices.band == "on_peak"
        assert tariff_at(world.reader, mtu).retail_micro_per_kwh == prices.retail_micro_per_kwh * (2 if is_dearer else 1)
    assert (in_force(world.reader, change - 1).from_mtu, in_force(world.reader, change).from_mtu) == (0, change)
    assert emitted(world) == [TariffSet(change, False)]
    check_whole(world.reader)


def test_wheeling_takes_effect_exactly_at_its_mtu() -> None:
    world = World()
    dear = dearer(distribution=charges("NORTH", "CITY", each=(7, 7)), wheeling=charges("north-bus", "city-bus", each=(20, 10)))
    world.ok(("erc", SetTariff(EARLIEST, dear)))
    assert wheeling_micro_per_kwh(world.reader, 0, 1, EARLIEST - 1) == 150_000 + 220_000
    assert wheeling_micro_per_kwh(world.reader, 0, 1, EARLIEST) == 7 + 10 + 10
    assert adders(world.reader, EARLIEST) == [[7, 27], [27, 7]]


def test_the_same_mtu_again_replaces_what_was_to_come() -> None:
    world = World()
    world.ok(("erc", SetTariff(EARLIEST + 50, dearer())))
    world.ok(("erc", SetTariff(EARLIEST + 50, dearer(vat_ppm=70_000))))
    assert queries.tariffs(world.reader, 10) == [(EARLIEST + 50, dearer(vat_ppm=70_000)), (0, tariff())]
    assert queries.tariffs(world.reader, 10, EARLIEST + 50) == [(0, tariff())]
    assert emitted(world) == [TariffSet(EARLIEST + 50, True)]


def test_notice_is_the_present_mtu_and_the_notice() -> None:
    world = World()
    assert code(world, SetTariff(EARLIEST - 1, dearer())) == GridCode.TOO_SOON
    assert code(world, SetTariff(EARLIEST, dearer())) == 0
    world.until((FIRST_MTU + 1) * MTU_MS)
    assert code(world, SetTariff(EARLIEST, dearer(vat_ppm=1))) == GridCode.TOO_SOON
    assert code(world, SetTariff(0, dearer())) == GridCode.TOO_SOON


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"bands": (Band("on_peak", 1, 0), Band("off_peak", 1, 0), Band("on_peak", 2, 0))}, GridCode.BAND_TWICE),
        ({"default_band": "none"}, GridCode.UNKNOWN_BAND),
        ({"schedule": (Slot(1, 0, 1, "none"),)}, GridCode.UNKNOWN_BAND),
        ({"schedule": (Slot(1, 5, 5, "on_peak"),)}, GridCode.WRONG_HOURS),
        ({"schedule": (Slot(1, 5, 4, "on_peak"),)}, GridCode.WRONG_HOURS),
        ({"peak_from_quarter": 1}, GridCode.WRONG_HOURS),
        ({"distribution": charges("CITY", "NORTH", "MOON")}, GridCode.UNKNOWN_CHARGE),
        ({"wheeling": charges("city-bus", "CITY")}, GridCode.UNKNOWN_CHARGE),
        ({"distribution": charges("CITY", "CITY", "NORTH")}, GridCode.CHARGE_TWICE),
        ({"wheeling": charges("city-bus", "city-bus")}, GridCode.CHARGE_TWICE),
        ({"distribution": charges("CITY", "NORTH", each=(1,))}, GridCode.WRONG_CHARGES),
        ({"wheeling": charges("city-bus", "north-bus", each=(1, 2, 3))}, GridCode.WRONG_CHARGES),
        ({"distribution": charges("NORTH")}, GridCode.CHARGE_MISSING),
        ({"wheeling": ()}, GridCode.CHARGE_MISSING),
        ({"ft_micro_per_kwh": -2_636_901}, GridCode.NEGATIVE_RETAIL),
        ({"ft_micro_per_kwh": -1, "peak_multiplier_ppm": 0}, GridCode.NEGATIVE_RETAIL),
        ({"ft_micro_per_kwh": -436_901}, GridCode.FEED_IN_ABOVE_RETAIL),
        ({"peak_multiplier_ppm": 500_000}, GridCode.FEED_IN_ABOVE_RETAIL),
    ],
)
def test_a_tariff_that_makes_no_sense_is_refused(changes: dict[str, Any], expected: GridCode) -> None:
    world = World()
    assert code(world, SetTariff(EARLIEST, tariff(**changes))) == expected
    assert not world.writes


def test_the_edges_are_taken() -> None:
    """No peak hours, feed-in as high as retail, retail of nothing, a slot to the end of the day."""
    world = World()
    edge = tariff(schedule=(Slot(255, 0, 96, "on_peak"),), peak_from_quarter=9, peak_until_quarter=9, ft_micro_per_kwh=-436_900)
    nothing = tariff(bands=(Band("on_peak", 1, 0), Band("off_peak", 1, 0)), ft_micro_per_kwh=-1)
    assert [code(world, SetTariff(EARLIEST, each)) for each in (edge, nothing)] == [0, 0]
    assert tariff_at(world.reader, EARLIEST).retail_micro_per_kwh == 0


def test_codes_apply_in_their_order() -> None:
    """A message with every fault is refused for the first one; mended one by one, it meets the next."""
    world = World()
    world.ok(("erc", [SetTariff(EARLIEST + 1 + number, dearer()) for number in range(MAX_FUTURE_TARIFFS)]))
    fault = tariff(
        bands=(Band("on_peak", 0, 0), Band("on_peak", 1, 5)),
        default_band="none",
        schedule=(Slot(1, 2, 1, "on_peak"),),
        distribution=charges("MOON", "CITY", "CITY", each=(1,)),
        ft_micro_per_kwh=-1,
    )
    found = [code(world, SetTariff(1, fault), "bob"), code(world, SetTariff(1, fault)), code(world, SetTariff(EARLIEST, fault))]
    mended: dict[str, Any] = {}
    for change in (
        {},
        {"bands": (Band("on_peak", 0, 0), Band("off_peak", 1, 5))},
        {"default_band": "on_peak"},
        {"schedule": ()},
        {"distribution": charges("CITY", "CITY")},
        {"distribution": charges("CITY", each=(1,))},
        {"distribution": charges("CITY")},
        {"distribution": charges("CITY", "NORTH")},
        {"ft_micro_per_kwh": 0},
        {"bands": (Band("on_peak", 0, 0), Band("off_peak", 5, 5))},
    ):
        mended |= change
        found.append(code(world, SetTariff(EARLIEST + 1, replace(fault, **mended))))
    assert found == [*range(GridCode.NOT_REGULATOR, GridCode.FEED_IN_ABOVE_RETAIL + 1), 0]


def test_so_many_tariffs_may_wait() -> None:
    world = World()
    world.ok(("erc", [SetTariff(EARLIEST + number, dearer()) for number in range(MAX_FUTURE_TARIFFS)]))
    assert code(world, SetTariff(EARLIEST + MAX_FUTURE_TARIFFS, dearer())) == GridCode.TOO_MANY_TARIFFS
    assert code(world, SetTariff(EARLIEST + 1, dearer(vat_ppm=1))) == 0
    world.until(EARLIEST * MTU_MS)
    assert code(world, SetTariff(EARLIEST + 1_000, dearer())) == 0


def test_only_a_regulator_changes_anything() -> None:
    world = World()
    for sender in ("egat", "mea", "bank", "alice"):
        assert code(world, SetTariff(EARLIEST, dearer()), sender) == GridCode.NOT_REGULATOR
        assert code(world, SetHolidays(FIRST_DAY, ()), sender) == GridCode.NOT_REGULATOR


def test_holidays_are_replaced_from_a_day_on() -> None:
    world = World()
    world.ok(("erc", SetHolidays(FIRST_DAY, (Holiday(5, "five"), Holiday(7, "seven"), Holiday(9, "nine")))))
    world.ok(("erc", SetHolidays(7, (Holiday(8, "eight"),))))
    assert queries.holidays(world.reader, 10) == [Holiday(5, "five"), Holiday(8, "eight")]
    assert queries.holidays(world.reader, 10, 5) == [Holiday(8, "eight")]
    assert emitted(world) == [HolidaysSet(7, 1)]
    bands = [tariff_at(world.reader, FIRST_MTU + day * 96 + 40).band for day in range(5, 10)]
    assert bands == ["off_peak", "on_peak", "on_peak", "off_peak", "on_peak"]  # day 5 is a Monday


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (SetHolidays(FIRST_DAY - 1, ()), GridCode.TOO_SOON),
        (SetHolidays(0, (Holiday(9, ""),)), GridCode.TOO_SOON),
        (SetHolidays(FIRST_DAY, (Holiday(FIRST_DAY - 1, ""),)), GridCode.WRONG_DAYS),
        (SetHolidays(FIRST_DAY, (Holiday(4, ""), Holiday(3, ""))), GridCode.WRONG_DAYS),
        (SetHolidays(FIRST_DAY, (Holiday(4, ""), Holiday(4, ""))), GridCode.WRONG_DAYS),
        (SetHolidays(FIRST_DAY, (Holiday(FIRST_DAY, ""),)), 0),
        (SetHolidays(FIRST_DAY, ()), 0),
        (SetHolidays(2**32 - 1, (Holiday(2**32 - 1, ""),)), 0),
    ],
)
def test_holidays_begin_beyond_the_notice(message: SetHolidays, expected: int) -> None:
    world = World()
    assert code(world, message) == expected


def test_so_many_holidays_are_known_ahead() -> None:
    world = World()
    many = tuple(Holiday(FIRST_DAY + number, "") for number in range(MAX_HOLIDAYS))
    assert code(world, SetHolidays(FIRST_DAY, many)) == 0
    last = many[-1].day
    world.until((FIRST_MTU + 95) * MTU_MS)  # the first of them is the first day that may change
    assert code(world, SetHolidays(last + 1, (Holiday(last + 1, ""),))) == GridCode.TOO_MANY_HOLIDAYS
    assert code(world, SetHolidays(last, (Holiday(last + 1, ""),))) == 0
    world.until((FIRST_MTU + 96) * MTU_MS)  # the first of them may not change any more
    assert code(world, SetHolidays(last + 2, (Holiday(last + 2, ""),))) == 0


def test_a_replaced_holiday_leaves_past_days() -> None:
    world = World()
    world.ok(("erc", SetHolidays(FIRST_DAY, (Holiday(2, "two"), Holiday(3, "three")))))
    world.until((FIRST_MTU + 96) * MTU_MS)
    world.ok(("erc", SetHolidays(FIRST_DAY + 1, ())))
    assert queries.holidays(world.reader, 10) == [Holiday(2, "two")]


def changed(world: World, *changes: tuple[Any, ...]) -> dict[bytes, bytes | None]:
    """Writes of a block that puts rows, (table, key parts..., value); a value of None deletes."""
    state = State(world.reader)
    for table, *key, value in changes:
        if value is None:
            table.delete(state, *key)
        else:
            table.put(state, *key, value)
    return state.writes()


def test_invariants_hold_the_past() -> None:
    world = World()
    with pytest.raises(InvariantBroken, match="fixed until MTU 0"):
        check_block(world.reader, changed(world, (TARIFFS, EARLIEST, dearer())))
    world.ok(("erc", SetTariff(EARLIEST, dearer())), ("erc", SetHolidays(FIRST_DAY, (Holiday(2, "two"),))))
    for broken in (
        ((TARIFFS, 0, dearer()),),
        ((TARIFFS, EARLIEST - 1, dearer()), (FIXED, EARLIEST)),
        ((TARIFFS, EARLIEST, dearer(vat_ppm=1)), (FIXED, EARLIEST + 1)),
        ((TARIFFS, EARLIEST, None),),
        ((HOLIDAYS, 1, "one"),),
        ((HOLIDAYS, 2, None), (FIXED, EARLIEST + 96)),
        ((FIXED, EARLIEST - 1),),
        ((FIXED, None),),
    ):
        with pytest.raises(InvariantBroken):
            check_block(world.reader, changed(world, *broken))
    check_block(world.reader, changed(world, (TARIFFS, EARLIEST, dearer(vat_ppm=1)), (FIXED, EARLIEST)))
    check_block(world.reader, {})


@pytest.mark.parametrize(
    "row",
    [
        (TARIFFS, EARLIEST, tariff(default_band="none")),
        (TARIFFS, EARLIEST, tariff(wheeling=charges("north-bus", "city-bus"))),
        (TARIFFS, 0, None),
    ],
)
def test_whole_check_validates_every_table(row: tuple[Any, ...]) -> None:
    world = World()
    reader = MemoryReader(dict(world.reader.scan(b"\0", b"\xff")))
    check_whole(reader)
    reader.apply(changed(world, row))
    with pytest.raises(InvariantBroken):
        check_whole(reader)


def test_a_tariff_reads_as_it_is_written() -> None:
    assert to_json(tariff())["schedule"] == [{"days": 31, "from_quarter": 36, "until_quarter": 88, "band": "on_peak"}]
