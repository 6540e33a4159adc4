"""Readable transcripts of one engine: each `.txt` beside this file is played and must read as it stands.

To accept what an engine says now: `REWRITE=1 pytest tests/scenarios/consensus`, and read the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios.consensus.transcript import Transcript

FILES = sorted(Path(__file__).parent.glob("*.txt"))


def played(text: str) -> str:
    """The transcript with its answers as the engine gives them now."""
    transcript = Transcript()
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("> "):
            lines += [line, *("  " + answer for answer in transcript.play(line[2:]))]
        elif not line.startswith("  "):
            lines.append(line)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    text = path.read_text()
    now = played(text)
    if os.environ.get("REWRITE"):
        path.write_text(now)
    assert now == text or os.environ.get("REWRITE")


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 10
