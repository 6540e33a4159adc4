"""What a transaction costs here and now: by the fee schedule, or nothing for the one message that must never fail for money."""

from __future__ import annotations

from typing import Final

from gridnode.chain.kinds import kind_of
from gridnode.chain.transaction import Transaction
from gridnode.codec.records import decode
from gridnode.modules.token.fees import fee_of
from gridnode.modules.validators.lease import TakeLease, is_free
from gridnode.primitives.errors import Malformed
from gridnode.primitives.units import Amount
from gridnode.state.kv import Reader

_TAKE_LEASE: Final = kind_of(TakeLease)


def fee_now(reader: Reader, transaction: Transaction, height: int) -> Amount:
    """Fee of a transaction on this state, in a block of `height`, 1e-9 THB.

    A validator's standby takes the lease with the consensus key, whose account holds no money. So a transaction of one `take_lease`
    that takes effect on this state costs nothing; any other is charged for, so at most one of a validator is free in a block.
    """
    messages = transaction.body.messages
    if len(messages) == 1 and messages[0].kind == _TAKE_LEASE:
        try:
            if is_free(reader, transaction.sender, decode(TakeLease, messages[0].body), height):
                return Amount(0)
        except Malformed:
            pass  # it is refused for that, after the fee
    return fee_of(reader, (message.kind for message in messages))
