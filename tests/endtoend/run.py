"""Runs manifests by hand: python -m tests.endtoend.run MANIFEST... [--dir FOLDER] [--report FILE.json]"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from gridnode.primitives.errors import OperatorError
from tests.endtoend.manifest import Manifest, load_manifest
from tests.endtoend.runner import Run, RunFailed, new_folder


def say(line: str) -> None:
    """A line of progress, for people."""
    sys.stderr.write(line + "\n")


def run_one(manifest: Manifest, parent: Path | None, report: Path | None) -> int:
    """Run a manifest and print its report; a run that went well and had no folder named leaves none. Returns an exit code."""
    folder = new_folder(manifest.name, parent or Path(tempfile.mkdtemp(prefix="gridnode-e2e-")))
    try:
        figures = Run(manifest, folder, say)()
    except RunFailed as failed:
        say(str(failed))
        return 1
    text = json.dumps(figures, indent=1)
    sys.stdout.write(text + "\n")
    if report is not None:
        report.write_text(text + "\n", encoding="utf-8")
    if parent is None:
        shutil.rmtree(folder.parent)
    return 0


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifests", nargs="+", type=Path)
    parser.add_argument("--dir", type=Path, help="folder that keeps what the runs leave; a temporary one by default")
    parser.add_argument("--report", type=Path, help="where the figures of the last run go")
    options = parser.parse_args()
    try:
        return max(run_one(load_manifest(path), options.dir, options.report) for path in options.manifests)
    except OperatorError as error:
        say(str(error))
        return 2


if __name__ == "__main__":
    sys.exit(main())
