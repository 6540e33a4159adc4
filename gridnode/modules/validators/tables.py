"""The table of validators and the module's opening state."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.chain.validators import Validator, ValidatorSet
from gridnode.codec.fields import BOOL
from gridnode.codec.records import Nested, record
from gridnode.state.key_parts import ADDRESS_PART
from gridnode.state.prefixes import VALIDATORS
from gridnode.state.table import Table

ValidatorsGenesis = ValidatorSet
"""Opening state of the module: the chain's own list of validators; genesis has it once, not again among the modules."""


@record
class Seat:
    """A validator's place in the set."""

    validator: Annotated[Validator, Nested(Validator)]
    is_authority: Annotated[bool, BOOL]  # may propose blocks with energy transactions


SEATS: Final[Table[Seat]] = Table(module=VALIDATORS, number=1, name="seats", key=(ADDRESS_PART,), value=Seat)
"""validator's address -> its seat."""
