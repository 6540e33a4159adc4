"""A validator that contradicts itself for real: a second machine with its key, started without its guard, its lease or a place in a pair.

Two things are needed besides the mistake. Both machines sign at the same time: the second one first follows the chain, and a node without a
guard's memory listens until everything that may have been signed before is over. And neither hears the other before it has signed itself:
then it would raise its alarm and stop, which is what the alarm is for. So all their links are slow while it lasts; each still hears the
others, the others hear both. At the next turn of the key two blocks are proposed in one round, of two times at least. Should a machine be
held up for so long that it hears the other before that all the same, it is started again, as an operator does who has not understood.
"""

from __future__ import annotations

from collections.abc import Sequence

import trio

from gridnode.client.remote import RemoteProblem
from tests.endtoend.follow import Follower
from tests.endtoend.nodes import RunNode

ALARMED_BLOCKS = 10
"""An alarm that was raised by a contradiction has brought a conviction so many blocks later; another one was raised too early."""
LOOK_S = 0.25


async def until_convicted(
    name: str, machines: Sequence[RunNode], witnesses: Sequence[RunNode], follower: Follower
) -> None:
    """Wait until every witness has a block that convicts the validator `name`; its machines that stopped too early are started again."""
    alarmed: dict[str, int] = {}  # machine -> height at which its alarm was seen
    while not all([await _has_convicted(witness, name) for witness in witnesses]):
        for machine in machines:
            status = await machine.status()
            if status is None or not status["signing"]["alarm"]:
                alarmed.pop(machine.name, None)
            elif follower.height >= alarmed.setdefault(machine.name, follower.height) + ALARMED_BLOCKS:
                await machine.stop()
                await machine.start()
                await machine.local.ready()
        await trio.sleep(LOOK_S)


async def _has_convicted(witness: RunNode, name: str) -> bool:
    try:
        told = await witness.remote.get("consensus")
    except RemoteProblem:
        return False
    return any(row["name"] == name for row in told["convictions"])
