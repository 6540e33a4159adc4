"""The four roots of all errors, named by who is at fault.

Rejected         the sender of a transaction or a client: the code goes to the receipt or to the API's answer.
PeerFault        a remote node: dropped, its score lowered, banned by weight.
OperatorError    configuration, disk, keys: one clear line and exit code 2.
InvariantBroken  gridnode itself: the node stops and says which invariant and where.
"""

from __future__ import annotations

from enum import IntEnum

from gridnode.primitives.offences import Offence


class GridnodeError(Exception):
    """Common root, so that a boundary can tell our errors from those of libraries."""


class Rejected(GridnodeError):
    """A message or request was refused; nothing of it has taken effect.

    code    member of a module's closed result-code enum; consensus data, goes to the receipt.
    detail  what was expected, for people; never consensus data.
    field   name of the offending field, empty when it is the whole message.
    """

    def __init__(self, code: IntEnum, detail: str = "", field: str = "") -> None:
        super().__init__(f"{code.name}: {detail}" if detail else code.name)
        self.code = code
        self.detail = detail
        self.field = field


class Malformed(GridnodeError):
    """Bytes or values that are not the one canonical form of what they claim to be; says what was expected.

    Whoever receives it knows the sender and turns it into `Rejected` or `PeerFault`.
    """


class PeerFault(GridnodeError):
    """A remote node broke the protocol. `weight` says how badly: 1 noise, 10 wrong, 100 malicious (ban at once).

    The weights of all that peers can do wrong stand in `gridnode.primitives.offences`; `of` takes one from there.
    """

    def __init__(self, reason: str, weight: int = 10) -> None:
        super().__init__(reason)
        self.reason = reason
        self.weight = weight

    @classmethod
    def of(cls, offence: Offence, detail: str = "") -> PeerFault:
        """The fault of an offence; `detail` says what was expected or found."""
        return cls(f"{offence.what}: {detail}" if detail else offence.what, offence.weight)


class OperatorError(GridnodeError):
    """Something the operator can mend: a config key, a file, a password, a port. One line; exit code 2."""


class InvariantBroken(GridnodeError):
    """The node's own rules do not hold. Stop rather than go on with a wrong chain."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail
