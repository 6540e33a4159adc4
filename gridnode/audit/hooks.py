"""The market's hook of a block, step by step: what it must have told, compared with what it told.

Deadlines, phases, the next auction, trades of auctions held, expiries, then continuous matching; the rules stand in the chapter of
`gridnode.modules.market`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from gridnode.audit.auctions import Held, apply_auction, check_clearing, check_summary, held_auction
from gridnode.audit.differences import COMPARED, Event, difference
from gridnode.audit.fills import Matcher
from gridnode.audit.findings import Fault, Finding, Report
from gridnode.audit.history import History, Path, Period
from gridnode.audit.reading import Told
from gridnode.modules.market.events import CallStarted, OrderEnded, OrderExpired, PeriodClosed, Traded
from gridnode.modules.market.tables import Ending, Mode, Phase, Side
from gridnode.primitives.units import EnergyWh, Mtu, PriceMicro


class Hook:
    """The hook of one block."""

    def __init__(self, history: History, matcher: Matcher, told: Told, report: Report, verify: bool) -> None:
        """With `verify` continuous matching is done again, and what was checked is counted in `report`."""
        self._history, self._matcher, self._told = history, matcher, told
        self._height, self._time_ms = told.header.height, told.header.time_ms
        self._report, self._verify = report, verify
        self._steps = history.frame.market.match_steps_per_block
        self._expected: list[Event] = []

    def check(self) -> Iterator[Finding]:
        """Follow the hook; yields what was told otherwise than it must have been. After a finding the history is of no use."""
        claimed = [event for event in self._told.hooks if isinstance(event, COMPARED)]
        none_is_due = self._end_due()
        closed = self._change_phases()
        held = self._hold_next(closed)
        found = [*check_summary(self._height, self._told, held)]
        if held is not None:
            found += check_clearing(self._height, self._history, held)
            found = found or [*apply_auction(self._height, self._history, held)]
        yield from found
        if found:
            return
        entering = [mtu for mtu in closed if self._history.periods[mtu].phase is Phase.ENTERING]
        self._enter_trades(entering)
        self._expire(closed, entering)
        count = len(self._expected)
        for right, got in zip_longest(self._expected, claimed[:count]):
            if right != got:
                yield difference(self._height, right, got)
                return
        yield from [*self._match(claimed[count:], none_is_due)] or self._check_volume(claimed)
        if self._verify:
            self._count(claimed, held)

    def _end_due(self) -> bool:
        """End orders that are good until a time that has come; whether all of them have ended."""
        due = self._history.due(self._time_ms)
        most = self._history.frame.market.expiries_per_block
        for standing in due[:most]:
            self._expected.append(
                OrderEnded(standing.number, Mtu(standing.mtu), Ending.DATE, EnergyWh(standing.left_wh))
            )
            self._history.end(standing.number)
        return len(due) <= most

    def _change_phases(self) -> list[int]:
        """Start call phases and close gates; returns the MTUs whose gate is closed, ascending."""
        history, closed = self._history, []
        for mtu, period in sorted(history.periods.items()):
            by_clock = history.frame.phase(mtu, self._time_ms)
            if period.phase < by_clock:
                self._matcher.forget(mtu)
                self._expected.append(CallStarted(Mtu(mtu)) if by_clock is Phase.CALL else PeriodClosed(Mtu(mtu)))
                period.phase = by_clock
                if by_clock is Phase.CLEARING and (
                    history.frame.market.mode is Mode.CONTINUOUS or not history.open.get(mtu)
                ):
                    period.phase = Phase.EXPIRING
            if by_clock is Phase.CLEARING:
                closed.append(mtu)
        return closed

    def _hold_next(self, closed: list[int]) -> Held | None:
        for mtu in closed:
            period = self._history.periods[mtu]
            if period.phase is Phase.CLEARING:
                period.phase = Phase.EXPIRING
                held = held_auction(self._history, self._told, mtu)
                if held is not None:
                    self._expected += held.told
                return held
        return None

    def _enter_trades(self, entering: list[int]) -> None:
        """Trades of auctions held, path by path, offers and bids each by number, as far as the block's steps go."""
        for mtu in entering:
            period = self._history.periods[mtu]
            for number, path in enumerate(period.paths, 1):
                while path.left_wh and self._steps:
                    self._steps -= 1
                    self._enter(mtu, period, number, path)
            if not any(path.left_wh for path in period.paths):
                period.phase = Phase.EXPIRING

    def _enter(self, mtu: int, period: Period, number: int, path: Path) -> None:
        history = self._history
        offered, wanted = period.awards[path.seller_zone, Side.OFFER], period.awards[path.buyer_zone, Side.BID]
        energy_wh = min(path.left_wh, offered[0][1], wanted[0][1])
        offer, bid = history.open[mtu][offered[0][0]], history.open[mtu][wanted[0][0]]
        self._expected.append(
            Traded(
                history.next_trade,
                Mtu(mtu),
                bid.number,
                offer.number,
                bid.order.point,
                offer.order.point,
                EnergyWh(energy_wh),
                PriceMicro(path.price_micro),
                PriceMicro(path.wheeling_micro),
                PriceMicro(path.rent_micro),
                number,
            )
        )
        history.trade(bid, offer, energy_wh)
        path.left_wh -= energy_wh
        for queue in (offered, wanted):
            queue[0][1] -= energy_wh
            if not queue[0][1]:
                queue.popleft()

    def _expire(self, closed: list[int], entering: list[int]) -> None:
        """Orders behind the gate end, by owner and number, as far as the block's expiries go."""
        history, left = self._history, self._history.frame.market.expiries_per_block
        for mtu in closed:
            if history.periods[mtu].phase is not Phase.EXPIRING:
                continue
            orders = sorted(history.open.get(mtu, {}).values(), key=lambda one: (one.order.owner, one.number))
            for standing in orders[:left]:
                self._expected.append(OrderExpired(standing.number, Mtu(mtu), EnergyWh(standing.left_wh)))
                history.end(standing.number)
            if len(orders) <= left and mtu not in entering:
                history.forget(mtu)
            left -= min(left, len(orders))

    def _match(self, claimed: list[Event], none_is_due: bool) -> Iterator[Finding]:
        """The rest of what was told is continuous matching."""
        if none_is_due and self._steps > 0:
            yield from self._matcher.match(self._height, self._steps, claimed, self._verify)
        elif claimed:
            yield difference(self._height, None, claimed[0])

    def _check_volume(self, claimed: list[Event]) -> Iterator[Finding]:
        """The header's volume is that of its trades."""
        traded_wh = sum(event.energy_wh for event in claimed if isinstance(event, Traded))
        told_wh = self._told.header.energy.traded_wh
        if told_wh != traded_wh:
            yield Finding(self._height, Fault.SUMMARY, f"traded_wh: expected {traded_wh}, got {told_wh}")

    def _count(self, claimed: list[Event], held: Held | None) -> None:
        """Count what was checked."""
        report = self._report
        report.blocks += 1
        report.auctions += held is not None
        for event in claimed:
            if isinstance(event, Traded):
                report.awards += event.path > 0
                report.fills += event.path == 0
            elif isinstance(event, OrderEnded | OrderExpired):
                report.endings += 1
