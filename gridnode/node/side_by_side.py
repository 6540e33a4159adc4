"""Jobs side by side on trio: `gridnode.node.fetch.SideBySide` of a running node."""

from __future__ import annotations

from collections.abc import Sequence

import trio

from gridnode.node.fetch import Job


async def side_by_side(jobs: Sequence[Job]) -> None:
    """Run jobs at the same time until all have ended or one says True; those that still wait are then cancelled."""
    async with trio.open_nursery() as nursery:

        async def run(job: Job) -> None:
            if await job():
                nursery.cancel_scope.cancel()

        for job in jobs:
            nursery.start_soon(run, job)
