# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

__all__ = ["ComparedImage"]


class ComparedImage(NamedTuple):
    """One image of a comparison with the map of every method.

    Attributes:
        name: how figures call it.
        image: shape CWH with one or three channels, in [0, 1].
        lesion: bool, shape 1WH; empty where there is none.
        maps: display name of a method to its scores, shape 1WH or CWH, higher is more evidence, any real range.
    """

    name: str
    image: torch.Tensor
    lesion: torch.Tensor
    maps: Mapping[str, torch.Tensor]
