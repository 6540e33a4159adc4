"""why: each cause of the closed list from what nodes say, in its precedence, with the right names and one action."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gridnode.client.remote import RemoteProblem
from gridnode.operations.picture import patience_ms
from gridnode.operations.view import PeerView, Round, View, Voter, view_of
from gridnode.operations.why import LEAST_FREE_BYTES, Cause, Verdict, why

NAMES = ("EGAT", "MEA", "PEA", "ERC")
NOW = 1_700_000_000_000
PARAMS = {"heartbeat_ms": 5_000, "propose_timeout_ms": 3_000, "vote_timeout_ms": 1_000, "timeout_step_ms": 500}
BLOCK = "ab" * 32
LONG = 60_000
"""Longer than a block may take."""


def voters(prevoted: tuple[str, ...] = NAMES, precommitted: tuple[str, ...] = (), said: str = BLOCK) -> tuple[Voter, ...]:
    """Four validators of the same power."""
    return tuple(
        Voter(name, 10, said if name in prevoted else None, said if name in precommitted else None, False) for name in NAMES
    )


def round_(**changes: Any) -> Round:
    """Round 2 of block 8, in prevote, proposed by MEA; all have prevoted."""
    plain = Round(8, 2, "prevote", NOW - 900, True, None, "MEA", BLOCK, True, True, (), (), 27, voters())
    return replace(plain, **changes)


def view(node: str = "EGAT", **changes: Any) -> View:
    """A node that is linked to the three others and has stored no block for a minute."""
    peers = tuple(PeerView(name, True, NOW - 99_000, 3) for name in NAMES if name != node)
    plain = View(
        f"http://{node}", node, NOW, LONG, False, 7, 7, NAMES, round_(), None, peers, 2, 10**10, 0, PARAMS
    )
    return replace(plain, **changes)


def lost(node: str, *gone: str, ago_ms: int = 12_000) -> tuple[PeerView, ...]:
    """Peers of a node that has lost some."""
    return tuple(
        PeerView(name, name not in gone, NOW - ago_ms, 3 if name not in gone else None) for name in NAMES if name != node
    )


def check(verdict: Verdict, cause: Cause, healthy: bool, *words: str) -> None:
    """What must be said; a chain that stands has an action."""
    assert (verdict.cause, verdict.healthy) == (cause, healthy), verdict
    for word in words:
        assert word in f"{verdict.said} | {verdict.action}", verdict
    assert healthy or verdict.action


def test_nobody_answers() -> None:
    check(why([], ["http://a"]), Cause.NOT_ANSWERING, False, "http://a", "start it")


def test_the_chain_goes_on() -> None:
    check(why([view(idle_ms=400)]), Cause.WORKING, True, "block 8", "round 2", "MEA")
    assert patience_ms(view()) == 5_000 + 3 * 5_000 + 3 * 500 * 3
    check(why([view(idle_ms=patience_ms(view()))]), Cause.WORKING, True)
    assert not why([view(idle_ms=patience_ms(view()) + 1, round=round_(voters=voters(("EGAT",))))]).healthy


def test_it_waits_for_work_or_for_the_interval() -> None:
    start = round_(step="start", round=-1)
    check(why([view(idle_ms=400, round=start)]), Cause.WAITING, True, "work or the heartbeat")
    check(why([view(idle_ms=400, round=start, pool=4)]), Cause.WAITING, True, "least time between two blocks")


def test_it_syncs() -> None:
    """With progress that is health; without, the peers give nothing."""
    check(why([view(syncing=True, idle_ms=400, best_height=90)]), Cause.SYNCING, True, "7 of 90")
    check(why([view(syncing=True, best_height=90)]), Cause.SYNCING, False, "give no blocks")


LOST = "its log of this height was lost"
LISTENS = {"signs": False, "listens_because": LOST}


def test_it_listens_and_says_why() -> None:
    listens = view(idle_ms=400, round=round_(**LISTENS))
    check(why([listens]), Cause.LISTENING, True, "EGAT only listens", LOST)
    observer = view(idle_ms=400, round=round_(signs=False))
    check(why([observer]), Cause.WORKING, True)


def test_a_quorum_lacks_only_those_who_listen() -> None:
    here = ("PEA", "ERC")
    views = [view(name, round=round_(**LISTENS, voters=voters(here))) for name in ("EGAT", "MEA")]
    found = why([*views, view("PEA", round=round_(voters=voters(here)))])
    check(found, Cause.LISTENING, False, "EGAT only listens", "MEA only listens", "doctor")


def test_votes_are_missing() -> None:
    """Named, with their power, and what is needed."""
    found = why([view(round=round_(voters=voters(("EGAT", "PEA"))))])
    check(found, Cause.VOTES_MISSING, False, "prevotes of MEA and ERC with power 20", "20 of the 27")
    assert found.names == ("MEA", "ERC")
    step = round_(step="precommit", voters=voters(NAMES, ("MEA",)))
    check(why([view(round=step)]), Cause.VOTES_MISSING, False, "precommits of EGAT, PEA and ERC with power 30")


def test_votes_of_several_nodes_are_joined() -> None:
    """A vote that any of them has is not missing; a node in an earlier round says nothing about this one."""
    mine, theirs = voters(("EGAT", "PEA")), voters(("MEA",))
    late = view("PEA", round=round_(round=1, voters=voters(("ERC",))))
    found = why([view(round=round_(voters=mine)), view("MEA", round=round_(voters=theirs)), late])
    assert found.names != ("ERC",) or found.cause is not Cause.VOTES_MISSING
    few = why([view(round=round_(voters=voters(("EGAT",)))), view("MEA", round=round_(voters=theirs)), late])
    assert (few.cause, few.names) == (Cause.VOTES_MISSING, ("PEA", "ERC"))


def test_more_than_a_third_cannot_be_reached() -> None:
    """That comes before the votes that are missing for it."""
    few = round_(voters=voters(("EGAT", "PEA")))
    found = why([view(peers=lost("EGAT", "MEA", "ERC"), round=few)])
    check(found, Cause.UNREACHABLE, False, "MEA and ERC with power 20", "20 of the 27", "MEA was lost 12 s ago", "start MEA and ERC")
    one = why([view(peers=lost("EGAT", "MEA"), round=round_(voters=voters(("EGAT", "PEA"))))])
    assert one.cause is Cause.VOTES_MISSING
    assert one.names == ("MEA", "ERC")


def test_another_node_reaches_whom_this_one_has_lost() -> None:
    views = [view(peers=lost("EGAT", "MEA", "ERC"), round=round_(voters=voters(("EGAT", "PEA")))), view("PEA", round=round_(round=1))]
    assert why(views).cause is Cause.VOTES_MISSING


def test_a_quorum_that_is_exactly_reached_is_one() -> None:
    uneven = tuple(replace(voter, power=power) for voter, power in zip(voters(()), (9, 9, 9, 13), strict=True))
    assert why([view(peers=lost("EGAT", "ERC"), round=round_(voters=uneven))]).cause is not Cause.UNREACHABLE
    short = tuple(replace(voter, power=power) for voter, power in zip(voters(()), (9, 9, 8, 14), strict=True))
    assert why([view(peers=lost("EGAT", "ERC"), round=round_(voters=short))]).names == ("ERC",)


def test_who_cannot_be_reached_comes_before_clocks() -> None:
    """Setting a clock brings no dead validator back."""
    peers = tuple(replace(peer, skew_ms=-60_000) for peer in lost("EGAT", "MEA", "ERC"))
    both = view(clock_skew_ms=-60_000, peers=peers, round=round_(voters=voters(("EGAT",))))
    found = why([both])
    assert found.cause is Cause.UNREACHABLE
    assert any("clock of EGAT" in note for note in found.notes)


def test_all_peers_are_lost() -> None:
    alone = view(peers=lost("EGAT", "MEA", "PEA", "ERC"))
    check(why([alone]), Cause.PEERS_LOST, False, "none of its 3 peers for 12 s", "firewall")
    never = view(peers=tuple(PeerView(name, False, None, None) for name in NAMES[1:]))
    check(why([never]), Cause.PEERS_LOST, False, "since it started")
    assert why([view(peers=())]).cause is not Cause.PEERS_LOST


def test_the_clock_is_off() -> None:
    """This node's by the median of the others; another's by this node's."""
    ahead = view(clock_skew_ms=-3_600_000, peers=tuple(PeerView(name, True, NOW, -3_600_000) for name in NAMES[1:]))
    found = why([ahead])
    check(found, Cause.CLOCK_OFF, False, "clock of EGAT is 3600.0 s ahead", "set the clock of EGAT")
    other = view(peers=(PeerView("MEA", True, NOW, -7_000), *view().peers[1:]), clock_skew_ms=0)
    check(why([other]), Cause.CLOCK_OFF, False, "clock of MEA is 7.0 s behind")
    assert why([view(clock_skew_ms=5_000)]).cause is not Cause.CLOCK_OFF


def test_a_clock_that_does_no_harm_is_a_note() -> None:
    fine = why([view(idle_ms=400, clock_skew_ms=9_000)])
    assert fine.healthy
    assert any("clock of EGAT is off by -9.0 s" in note for note in fine.notes)


def test_proposals_are_rejected() -> None:
    why_not = {"height": 8, "reason": "state_root: expected aa, got bb"}
    found = why([view(rejected=why_not, round=round_(proposal_valid=False))])
    check(found, Cause.PROPOSALS_REJECTED, False, "MEA proposes", "state_root: expected aa", "gridnode diff")
    old = {"height": 7, "reason": "another"}
    check(why([view(rejected=old, round=round_(proposal_valid=False))]), Cause.PROPOSALS_REJECTED, False, "log says why")
    check(why([view(round=round_(proposal_timely=False))]), Cause.PROPOSALS_REJECTED, False, "too far from its own clock")


def test_a_block_cannot_be_had() -> None:
    check(why([view(round=round_(wanted=(BLOCK,)))]), Cause.BLOCK_MISSING, False, BLOCK[:16], "MEA")


def test_blocks_take_long_to_execute() -> None:
    """Those that have it are named, and it is not said to be missing; what another block takes says nothing of this one."""
    slow, done = round_(wanted=(BLOCK,), executing=(BLOCK,)), round_(step="prevote")
    found = why([view("MEA", round=slow), view(round=done), view("PEA", round=slow)])
    check(found, Cause.EXECUTING, False, "MEA and PEA are not done", "height 8", "processor of MEA")
    assert found.names == ("MEA", "PEA")
    check(why([view(round=round_(wanted=(BLOCK,), executing=("cd" * 32,)))]), Cause.BLOCK_MISSING, False)


def test_the_proposer_is_silent() -> None:
    silent = round_(step="propose", proposal=None, voters=voters(()))
    check(why([view(round=silent)]), Cause.PROPOSER_SILENT, False, "no proposal of MEA in round 2")
    nil = round_(proposal=None, voters=voters(NAMES, said="nil"))
    check(why([view(round=nil)]), Cause.PROPOSER_SILENT, False, "MEA")


def test_the_disk_is_full() -> None:
    """That comes first: nothing else helps."""
    full = view(free_bytes=LEAST_FREE_BYTES - 1, peers=lost("EGAT", "MEA", "PEA", "ERC"))
    check(why([full]), Cause.DISK_FULL, False, "EGAT has", "free disk on EGAT")
    assert why([view(idle_ms=0, free_bytes=LEAST_FREE_BYTES)]).healthy


def test_it_stands_and_nothing_is_known_to_be_wrong() -> None:
    check(why([view(round=round_(step="start", round=-1))]), Cause.WAITING, False, "debug bundle")
    check(why([view(round=None)]), Cause.WAITING, False, "before consensus")


def test_notes_say_what_does_not_stop_the_chain() -> None:
    found = why([view(idle_ms=400, peers=lost("EGAT", "ERC"))], ["http://x"])
    assert found.healthy
    assert found.notes == ["http://x does not answer", "EGAT is not linked to ERC; ERC was lost 12 s ago"]


def test_an_observer_that_never_came_is_no_note() -> None:
    never = (*view().peers, PeerView("observer", False, None, None))
    assert why([view(idle_ms=400, peers=never)]).notes == []
    was_here = (*view().peers, PeerView("observer", False, NOW - 5_000, None))
    assert why([view(idle_ms=400, peers=was_here)]).notes == ["EGAT is not linked to observer; observer was lost 5 s ago"]


def test_a_node_that_was_asked_twice_counts_once() -> None:
    assert why([view(), view()]).said == why([view()]).said


@pytest.mark.parametrize("told", [{}, {"node": "x"}, {"last_block": None, "started_ms": 0}])
def test_an_answer_of_another_form(told: dict[str, Any]) -> None:
    with pytest.raises(RemoteProblem, match="expected the state of consensus"):
        view_of("http://x", told)


def test_a_validator_is_reached_by_the_node_that_the_chain_names() -> None:
    """No entry of a configuration bears its name; it may be another machine of its own."""
    few = tuple(replace(voter, linked=voter.name in ("MEA", "PEA")) for voter in voters(("EGAT",)))
    found = why([view(peers=(PeerView("machine 2", True, NOW, 3),), round=round_(voters=few))])
    check(found, Cause.VOTES_MISSING, False, "MEA, PEA and ERC")
    nobody = tuple(replace(voter, linked=False) for voter in few)
    check(why([view(peers=(PeerView("machine 2", True, NOW, 3),), round=round_(voters=nobody))]), Cause.UNREACHABLE, False)
