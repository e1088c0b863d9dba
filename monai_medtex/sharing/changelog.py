# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import os
import zipfile

from monai_medtex.utils import InputError

__all__ = ["changelog"]


def changelog(previous: str | os.PathLike | None, version: str, changes: str | None = None) -> dict[str, str]:
    """Go on with the changelog of the version before; of that zip the metadata are read, and nothing else.

    Args:
        previous: zip of the version before; None for the first.
        version: of the bundle.
        changes: in this version.

    Returns:
        what changed by version, this one last.

    Raises:
        InputError: When there is no changelog, or it has this version already.
    """
    earlier: dict[str, str] = {}
    if previous:
        try:
            with zipfile.ZipFile(previous) as archive:
                (name,) = [each for each in archive.namelist() if each.endswith("configs/metadata.json")]
                earlier = {str(key): str(text) for key, text in json.loads(archive.read(name))["changelog"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise InputError(f"previous: {previous} is no bundle with a changelog") from error
    if version in earlier:
        raise InputError(f"version: {previous} has a version {version} already")
    return {**earlier, version: changes or ("a new version" if earlier else "first version")}
