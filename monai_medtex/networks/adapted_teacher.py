# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from monai_medtex.losses.precision import at_least_float32
from monai_medtex.utils import InputError

from .teacher_input import TeacherInput

__all__ = ["adapt_teacher"]

TO_LOGITS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "logits": lambda answer: answer,
    "softmax": lambda answer: at_least_float32(answer).clamp(min=torch.finfo(torch.float32).tiny).log(),
    "sigmoid": lambda answer: at_least_float32(answer).logit(eps=torch.finfo(torch.float32).eps),
    "one_logit": lambda answer: F.pad(answer.reshape(-1, 1), (1, 0)),
    "one_probability": lambda answer: F.pad(TO_LOGITS["sigmoid"](answer).reshape(-1, 1), (1, 0)),
}


def adapt_teacher(
    network: nn.Module, teacher_input: Mapping[str, Any] | None = None, teacher_output: str = "logits"
) -> nn.Module:
    """Let a classifier take the student's images and give logits, whatever it was trained on.

    Hooks at its two ends do the work, so that the names of its layers and weights stay its own.

    Args:
        network: the classifier; of several outputs, the first is its answer.
        teacher_input: arguments of :class:`TeacherInput`: size, channels, normalisation and axes of the teacher's
            images. With other axes the layers are not tapped, since their maps would not lie on the image.
        teacher_output: what the classifier gives, shape BC: ``"logits"``; probabilities by ``"softmax"`` or
            ``"sigmoid"``; or ``"one_logit"`` or ``"one_probability"``, shape B1, of the second of two classes.

    Returns:
        ``network`` itself.

    Raises:
        InputError: When ``teacher_input`` or ``teacher_output`` is unknown.
    """
    if teacher_output not in TO_LOGITS:
        raise InputError(f"teacher_output must be one of {', '.join(TO_LOGITS)} but is '{teacher_output}'")
    try:
        prepare = TeacherInput(**teacher_input or {})
    except TypeError as error:
        raise InputError(f"teacher_input: {error}") from error
    to_logits = TO_LOGITS[teacher_output]
    if teacher_input:
        network.register_forward_pre_hook(lambda _module, images: (prepare(images[0]),))
    if prepare.reverse_axes:
        network.tappable = False  # type: ignore[assignment]
    network.register_forward_hook(lambda _module, _images, answer: to_logits(_first(answer)))
    return network


def _first(answer: torch.Tensor | tuple | list) -> torch.Tensor:
    return answer if isinstance(answer, torch.Tensor) else answer[0]
