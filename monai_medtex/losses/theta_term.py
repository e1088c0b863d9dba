# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from monai_medtex.utils import InputError

__all__ = ["ThetaTerm"]


class ThetaTerm:
    """A further term of the objective, which says something of theta.

    Args:
        name: under which it is logged.
        loss: maps the tensors named by ``inputs`` to a scalar.
        weight: of the term; not negative.
        inputs: keys of the inferer's output.

    Raises:
        InputError: When ``weight`` is negative.
    """

    def __init__(
        self, name: str, loss: Callable[..., torch.Tensor], weight: float = 1.0, inputs: Sequence[str] = ("theta",)
    ) -> None:
        if weight < 0:
            raise InputError(f"the weight of {name} must not be negative but is {weight}.")
        self.name = name
        self.loss = loss
        self.weight = weight
        self.inputs = tuple(inputs)

    def __repr__(self) -> str:
        return f"{self.weight} * {self.loss}{self.inputs}"

    def __call__(self, output: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the term without its weight, a scalar, for an output of the inferer.

        Raises:
            InputError: When the output lacks one of ``inputs``.
        """
        missing = [key for key in self.inputs if key not in output]
        if missing:
            raise InputError(f"the term {self.name} needs '{missing[0]}', which the inferer does not give")
        return self.loss(*(output[key] for key in self.inputs))
