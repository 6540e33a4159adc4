"""Power: the authorities' share, the rest by bond, and which way it is rounded."""

from hypothesis import given
from hypothesis import strategies as st

from gridnode.chain.validators import MAX_POWER
from gridnode.modules.validators.power import MAX_TOTAL, SCALE, authority_powers, stake_powers
from gridnode.primitives.limits import MAX_VALIDATORS, MAX_WEIGHT
from gridnode.primitives.units import PPM

WEIGHTS = st.lists(st.integers(1, MAX_WEIGHT), min_size=1, max_size=64)
BONDS = st.lists(st.integers(1, 2**100), min_size=1, max_size=64)
SHARE = st.integers(PPM // 3 + 1, PPM)


def test_without_stake_power_is_weight() -> None:
    assert authority_powers([3, 1], has_stake=False) == [3, 1]


def test_with_stake_the_rest_is_theirs() -> None:
    own = authority_powers([1, 1, 1, 1], has_stake=True)
    assert own == [SCALE] * 4
    assert stake_powers([10, 30], sum(own), 800_000) == [1024, 3072]


@given(WEIGHTS, BONDS, SHARE)
def test_authorities_hold_their_share_and_hardly_more(weights: list[int], bonds: list[int], share: int) -> None:
    own = sum(authority_powers(weights, has_stake=True))
    powers = stake_powers(bonds, own, share)
    assert PPM * own >= share * (own + sum(powers))
    lost = len(bonds) + 1  # by rounding down: less than one each, and one of all
    assert PPM * own < share * (own + sum(powers) + lost) + PPM


@given(BONDS, SHARE)
def test_more_bond_is_never_less_power(bonds: list[int], share: int) -> None:
    powers = dict(zip(bonds, stake_powers(bonds, 10 * SCALE, share), strict=True))
    ordered = [powers[bond] for bond in sorted(powers)]
    assert ordered == sorted(ordered)


def test_the_largest_powers_are_powers() -> None:
    own = authority_powers([MAX_WEIGHT] * (MAX_VALIDATORS - 1), has_stake=True)
    [stake] = stake_powers([1], sum(own), PPM // 3 + 1)
    assert max(*own, stake) <= MAX_POWER
    assert sum(own) + stake <= MAX_TOTAL
