"""gridnode why: what does the chain wait for?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gridnode.cli.ask import DEFAULT_API, AsJson

if TYPE_CHECKING:
    from gridnode.operations.view import View
    from gridnode.operations.why import Verdict

TIMEOUT_S = 5.0
"""A node that takes longer does not answer."""
STANDS = 1
"""Exit code when the chain does not go on."""


def why(
    api: Annotated[
        list[str] | None,
        typer.Option("--api", envvar="GRIDNODE_API", help=f"URL of a node, as often as you like; {DEFAULT_API} by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say in words what consensus waits for, and the one thing to do about it; exit code 1 when the chain stands."""
    from gridnode.operations.why import why as verdict_of

    views, silent = _asked(api or [DEFAULT_API])
    verdict = verdict_of(views, silent)
    _show(verdict, views, as_json)
    if not verdict.healthy:
        raise typer.Exit(STANDS)


def _asked(urls: list[str]) -> tuple[list[View], list[str]]:
    """What each node says, and the URLs of those that say nothing."""
    from gridnode.cli.ask import with_remote
    from gridnode.client.remote import RemoteProblem
    from gridnode.operations.view import view_of

    views: list[View] = []
    silent: list[str] = []
    for url in urls:
        try:
            views.append(view_of(url, with_remote(url, lambda remote: remote.get("consensus/state"), TIMEOUT_S)))
        except RemoteProblem as problem:
            if problem.status != 0:
                raise
            silent.append(url)
    return views, silent


def _show(verdict: Verdict, views: list[View], as_json: bool) -> None:
    if as_json:
        import json

        told = {
            "cause": verdict.cause.value,
            "healthy": verdict.healthy,
            "said": verdict.said,
            "action": verdict.action,
            "names": list(verdict.names),
            "notes": verdict.notes,
            "nodes": [{"url": view.url, "node": view.node, "height": view.height} for view in views],
        }
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return
    print(f"{verdict.cause.value}: {verdict.said}")
    if verdict.action:
        print(f"do: {verdict.action}")
    for note in verdict.notes:
        print(f"also: {note}")
