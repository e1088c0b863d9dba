# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_medtex.utils import atomic_write

__all__ = ["Parts"]

logger = logging.getLogger("monai_medtex")

NOTE = "made_with.json"


@dataclass(frozen=True)
class Parts:
    """What has been found out so far, a JSON file for each part, so that an interrupted command goes on.

    Attributes:
        folder: of the files; a part that takes long keeps what it needs to go on in a folder beside its file.
    """

    folder: Path

    def find(self, name: str, made_with: Mapping[str, Any], make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        """Return a part that is there already, or make it.

        Args:
            name: of the part.
            made_with: all that the part depends on; one that was made with something else is made anew.
            make: gets the part's own folder, which holds what an interrupted call with the same ``made_with`` left, and
                returns what JSON can hold.
        """
        file, wanted = self.folder / f"{name}.json", json.loads(json.dumps(dict(made_with), default=str))
        found = _read(file)
        if found is not None and found["made_with"] == wanted:
            logger.info("%s: found", name)
            return found["content"]
        own = self.folder / name
        if _read(own / NOTE) != wanted:
            shutil.rmtree(own, ignore_errors=True)
        _write(own / NOTE, wanted)
        content = make(own)
        _write(file, {"made_with": wanted, "content": content})
        return json.loads(json.dumps(content))


def _read(path: Path) -> Any:  # noqa: ANN401
    return json.loads(path.read_text()) if path.is_file() else None


def _write(path: Path, content: object) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content) + "\n")
