"""No clearing has more welfare than the call auction's: HiGHS, which solves it as a linear program in floats, agrees."""

import highspy
from hypothesis import given, settings

from gridnode.modules.market.auction import clear
from tests.properties.auction_books import auctions


def optimum(orders: list, lines: list) -> float:
    """Return the greatest welfare by the linear program over accepted energies and flows."""
    program = highspy.Highs()
    program.silent()
    welfare = 0
    left: dict[str, object] = {}
    for _, zone, side, wh, price in orders:
        energy = program.addVariable(0, wh)
        sign = 1 if side == "B" else -1
        welfare += sign * price * energy
        left[zone] = left.get(zone, 0) - sign * energy
    for source, target, atc_wh, wheeling in lines:
        flow = program.addVariable(0, atc_wh)
        welfare -= wheeling * flow
        left[source] = left.get(source, 0) - flow
        left[target] = left.get(target, 0) + flow
    for surplus in left.values():
        program.addConstr(surplus == 0)
    program.maximize(welfare)
    return program.getInfo().objective_function_value


def welfare(orders: list, lines: list) -> int:
    """Return the welfare of the call auction."""
    clearing = clear(orders, lines)
    worth = {name: price if side == "B" else -price for name, _, side, _, price in orders}
    wheeling = sum(clearing.flows[a, b] * of_line for a, b, _, of_line in lines)
    return sum(wh * worth[name] for name, wh in clearing.accepted.items()) - wheeling


@settings(max_examples=200, deadline=None)
@given(auctions(most_orders=25).filter(lambda drawn: drawn[0]))
def test_welfare_is_that_of_the_linear_program(drawn: tuple[list, list]) -> None:
    found = optimum(*drawn)
    assert abs(found - round(found)) < 1e-6, "whole numbers in, a whole number out"
    assert welfare(*drawn) == round(found)
