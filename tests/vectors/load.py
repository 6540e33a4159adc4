"""Reads the vector files of this folder."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def load(name: str) -> Any:
    """Content of the JSON file `name` of this folder."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))
