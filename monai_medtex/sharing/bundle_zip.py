# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping

from monai_medtex.utils import atomic_write

__all__ = ["write_zip"]

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold: no file tells when or by whom it was made
PLAIN_FILE = 0o100644 << 16


def write_zip(path: str | os.PathLike, root: str, members: Mapping[str, bytes]) -> None:
    """Write files below one folder of a zip, in one step; equal files give equal bytes.

    Args:
        path: of the zip.
        root: folder in the zip.
        members: files by path below ``root``.
    """
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            member = zipfile.ZipInfo(f"{root}/{name}", EPOCH)
            member.external_attr = PLAIN_FILE
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, members[name])
