"""The picture of a day: drawn with nothing traded, and with auctions and savings."""

from __future__ import annotations

from pathlib import Path

from gridnode.replay.auctions import Auctions
from gridnode.replay.money import Account, Money
from gridnode.replay.picture import draw
from gridnode.replay.report import Books, Figures
from tests.unit.replay.days import NOON

ENERGY = {"EAST": (1_000, 500)}


def test_a_day_without_trades_has_a_picture(tmp_path: Path) -> None:
    """Empty panels, not an error."""
    draw(tmp_path / "day.png", Figures(Books(), Auctions(), Money()), ENERGY, {"EAST": 500})
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_traded_changes_the_picture(tmp_path: Path) -> None:
    """Every panel has something to show."""
    figures = Figures(Books(), Auctions(), Money())
    figures.books.traded_wh[NOON], figures.books.value_micro_wh[NOON] = 900, 900 * 2_500_000
    figures.books.auctioned_wh[NOON] = 300
    figures.books.flow_wh["EAST"] = [0] * 96
    figures.auctions.price_micro["EAST"] = [None] * NOON + [2_400_000] + [None] * (95 - NOON)
    figures.auctions.sold_wh["EAST"] = figures.auctions.bought_wh["EAST"] = [300] + [0] * 95
    figures.money.accounts |= {"P-1": Account(traded=5 * 10**9), "P-2": Account(tariff=10**9)}
    figures.money.lack_wh[NOON] = 40
    draw(tmp_path / "empty.png", Figures(Books(), Auctions(), Money()), ENERGY, {"EAST": 500})
    draw(tmp_path / "day.png", figures, ENERGY, {"EAST": 500})
    assert (tmp_path / "day.png").read_bytes() != (tmp_path / "empty.png").read_bytes()


def test_the_same_figures_give_the_same_svg(tmp_path: Path) -> None:
    """Text that can be kept and compared; its letters stay letters."""
    figures = Figures(Books(), Auctions(), Money())
    for name in ("one.svg", "two.svg"):
        draw(tmp_path / name, figures, ENERGY, {"EAST": 500})
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert "Energy by zone and source" in (tmp_path / "one.svg").read_text(encoding="utf-8")
