"""Tables of validators, and the module's opening state and parameters."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from gridnode.chain.validators import Validator, ValidatorSet
from gridnode.codec.fields import (
    ADDRESS,
    ADDRESS_OR_NIL,
    AMOUNT,
    BOOL,
    HASH,
    HASH_OR_NIL,
    KEY,
    NAME,
    U32,
    U64,
    Choice,
    Int,
    ListOf,
    Text,
)
from gridnode.codec.records import Nested, record
from gridnode.crypto.address import module_address
from gridnode.primitives.ids import Address, Hash, PublicKey
from gridnode.primitives.limits import MAX_NAME_CHARS, MAX_ROUND, MAX_VALIDATORS, MAX_WEIGHT
from gridnode.primitives.units import PPM, Amount, DurationMs, Height, Round, TimeMs
from gridnode.state.key_parts import ADDRESS_PART, NAME_PART, U64_PART
from gridnode.state.prefixes import VALIDATORS
from gridnode.state.table import Table

BONDS: Final = module_address("validators/bonds")
"""Account of all bonded GRID, that which is on its way home included."""
FULL: Final = PPM
"""Reputation of who never failed."""
LEAST: Final = PPM // 10
"""Least reputation: everybody keeps some chance of a turn."""
YEAR_MS: Final = 366 * 86_400_000


class Kind(IntEnum):
    """What a licence is for. Numbers are consensus data."""

    AUTHORITY = 1  # a weight, no bond; may propose energy transactions
    STAKED = 2  # a bond, no weight


class Status(IntEnum):
    """Where a licence stands. Numbers are consensus data."""

    ACTIVE = 1
    JAILED = 2  # for absence; comes back by message
    CONVICTED = 3  # for equivocation; comes back when licensed again
    REVOKED = 4  # by a regulator; comes back when licensed again


KIND: Final = Choice(Kind)
STATUS: Final = Choice(Status)
ZONE: Final = Text(0, MAX_NAME_CHARS, name=True)
WEIGHT: Final = Int(0, MAX_WEIGHT)
REPUTATION: Final = Int(LEAST, FULL)


@record
class Seat:
    """A validator's place in the set."""

    validator: Annotated[Validator, Nested(Validator)]
    is_authority: Annotated[bool, BOOL]  # may propose blocks with energy transactions


@record
class Licence:
    """A validator by name, whether it has a seat or not."""

    kind: Annotated[Kind, KIND]
    status: Annotated[Status, STATUS]
    zone: Annotated[str, ZONE]  # of which no two propose in a row; empty: none
    operator: Annotated[Address, ADDRESS]  # account that bonds, and receives fees
    key: Annotated[PublicKey, KEY]  # consensus key
    node_key: Annotated[PublicKey, HASH_OR_NIL]  # its node's key in the network; empty when others have it in their configuration
    weight: Annotated[int, WEIGHT]  # of an authority, at least 1; of a staked validator 0
    bond: Annotated[Amount, AMOUNT]  # GRID, of a staked validator that is active or jailed


@record
class Standing:
    """How a licensed validator has done."""

    made: Annotated[int, U64]  # turns that brought a block
    missed: Annotated[int, U64]  # turns that did not
    rejected: Annotated[int, U64]  # proposals that it is proven to have made against the rules
    missed_in_row: Annotated[int, U32]  # since the last one made
    reputation_ppm: Annotated[int, REPUTATION]
    jailed_until_ms: Annotated[TimeMs, U64]  # chain time from which on it may ask back; 0 when it is not jailed


NEW: Final = Standing(0, 0, 0, 0, FULL, TimeMs(0))
"""At first."""


@record
class KeyOwner:
    """Whose a consensus key is, for ever: of an operator under the name of a licence, which may be another's later."""

    name: Annotated[str, NAME]  # of the licence
    operator: Annotated[Address, ADDRESS]  # who answers for what the key signs
    key: Annotated[PublicKey, KEY]


@record
class Unbonding:
    """GRID on its way home."""

    amount: Annotated[Amount, AMOUNT]
    height: Annotated[Height, U64]  # at which it was still bonded


@record
class Conviction:
    """A consensus key that was proven to have signed what excludes each other."""

    name: Annotated[str, NAME]  # of the licence
    operator: Annotated[Address, ADDRESS]  # whose the key was
    height: Annotated[Height, U64]  # of the offence
    round: Annotated[Round, Int(0, MAX_ROUND)]  # of the offence
    convicted_height: Annotated[Height, U64]  # of the block that carried the evidence
    slashed: Annotated[Amount, AMOUNT]  # GRID that it cost


ORDER: Final = ListOf(ADDRESS, MAX_VALIDATORS)


@record
class Draw:
    """Whose turn it is at the next height, and whose it was at this one."""

    seed: Annotated[Hash, HASH]  # that `order` was drawn from
    order: Annotated[tuple[Address, ...], ORDER]  # round r of the next height: the r-th, modulo their number
    previous: Annotated[tuple[Address, ...], ORDER]  # the same of this height; empty at genesis
    maker: Annotated[Address, ADDRESS_OR_NIL]  # of this block; empty at genesis
    rounds: Annotated[int, U64]  # that ended without a block, since genesis
    misses: Annotated[int, U64]  # turns missed, since genesis
    summary_ms: Annotated[TimeMs, U64]  # time of the block with the last summary


@record
class ValidatorParams:
    """What holds for all validators."""

    authority_share_ppm: Annotated[int, Int(PPM // 3 + 1, PPM)]  # of the power, when anybody is bonded
    min_bond: Annotated[Amount, AMOUNT]  # GRID from which on a bond counts, above zero
    unbonding_ms: Annotated[DurationMs, Int(1, YEAR_MS)]  # until an unbonded amount is home
    evidence_ms: Annotated[DurationMs, Int(1, YEAR_MS)]  # for which evidence counts
    evidence_blocks: Annotated[int, Int(1, 100_000_000)]  # for which evidence counts, too
    jail_ms: Annotated[DurationMs, Int(1, YEAR_MS)]  # before a jailed validator may ask back
    misses_to_jail: Annotated[int, Int(1, 1_000)]  # turns missed in a row
    slash_ppm: Annotated[int, Int(0, PPM)]  # of a bond, for equivocation
    slashed_account: Annotated[Address, ADDRESS]  # receives what is slashed


@record
class Place:
    """What a validator of genesis has besides its entry there."""

    name: Annotated[str, NAME]  # as there
    zone: Annotated[str, ZONE]
    node_key: Annotated[PublicKey, HASH_OR_NIL]


@record
class ValidatorsGenesis:
    """Opening state of the module, besides the chain's own list of validators; who has neither zone nor node key need not be listed."""

    params: Annotated[ValidatorParams, Nested(ValidatorParams)]
    places: Annotated[tuple[Place, ...], ListOf(Nested(Place), MAX_VALIDATORS)]


@record
class ValidatorsOpening:
    """Both together: genesis has the list once, and not again among the modules."""

    members: Annotated[ValidatorSet, Nested(ValidatorSet)]  # authorities; their power is their weight
    rest: Annotated[ValidatorsGenesis, Nested(ValidatorsGenesis)]  # what the module has of its own


SEATS: Final[Table[Seat]] = Table(module=VALIDATORS, number=1, name="seats", key=(ADDRESS_PART,), value=Seat)
"""validator's address -> its seat."""

PARAMS: Final[Table[ValidatorParams]] = Table(
    module=VALIDATORS, number=2, name="params", key=(), value=ValidatorParams
)
"""() -> parameters."""

LICENCES: Final[Table[Licence]] = Table(
    module=VALIDATORS, number=3, name="licences", key=(NAME_PART,), value=Licence
)
"""name -> licence."""

STANDINGS: Final[Table[Standing]] = Table(
    module=VALIDATORS, number=4, name="standings", key=(NAME_PART,), value=Standing
)
"""name -> how it has done."""

KEYS: Final[Table[KeyOwner]] = Table(module=VALIDATORS, number=5, name="keys", key=(ADDRESS_PART,), value=KeyOwner)
"""address of a consensus key -> whose it is."""

TERMS: Final[Table[Height]] = Table(
    module=VALIDATORS, number=6, name="terms", key=(ADDRESS_PART, U64_PART), value=U64
)
"""(address, first height voted on) -> last height voted on, 0 while it has its seat."""

UNBONDINGS: Final[Table[Unbonding]] = Table(
    module=VALIDATORS, number=7, name="unbondings", key=(U64_PART, NAME_PART, ADDRESS_PART), value=Unbonding
)
"""(chain time at which it comes home, name of the licence, its operator then, who gets it) -> what."""

CONVICTIONS: Final[Table[Conviction]] = Table(
    module=VALIDATORS, number=8, name="convictions", key=(ADDRESS_PART,), value=Conviction
)
"""address of a consensus key -> what it was convicted of."""

DRAW: Final[Table[Draw]] = Table(module=VALIDATORS, number=9, name="draw", key=(), value=Draw)
"""() -> turns."""

MARKS: Final[Table[TimeMs]] = Table(module=VALIDATORS, number=10, name="marks", key=(U64_PART,), value=U64)
"""height -> time of that block; of a few."""

STALE: Final[Table[bool]] = Table(module=VALIDATORS, number=11, name="stale", key=(), value=BOOL)
"""() -> true while a block is made that changes the set."""
