# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import Inferer, SlidingWindowInferer

from monai_medtex.utils import InputError

from .distillation import prepared

__all__ = ["WindowedInferer", "answer_of_windows"]


def _least_normal(logits: torch.Tensor) -> torch.Tensor:
    normal = logits.float().log_softmax(dim=2)[..., 0]
    return logits[torch.arange(len(logits), device=logits.device), normal.argmin(dim=1)]


def _mean(logits: torch.Tensor) -> torch.Tensor:
    return logits.float().log_softmax(dim=2).logsumexp(dim=1)


ANSWERS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"max": _least_normal, "mean": _mean}


def answer_of_windows(logits: torch.Tensor, answer: str = "max") -> torch.Tensor:
    """Form the answer for a volume from those for its windows.

    Args:
        logits: of each window, shape BWC; class 0 is "normal".
        answer: ``"max"`` for the logits of the window that is least normal, so that a volume is as abnormal as its most
            abnormal part; ``"mean"`` for the mean of the windows' probabilities, as logits.

    Returns:
        logits, shape BC.

    Raises:
        InputError: When ``answer`` is neither.
    """
    if answer not in ANSWERS:
        raise InputError(f"volume_answer must be one of {', '.join(ANSWERS)} but is {answer!r}")
    return ANSWERS[answer](logits)


class WindowedInferer(Inferer):
    """Let an inferer look at volumes through windows: theta is blended, the answer is formed of the windows' answers.

    The student's and the teacher's answers are formed alike, by :func:`answer_of_windows`.

    Args:
        inferer: maps images and a network to a dict of ``logits``, ``theta`` and maybe ``teacher_logits``.
        windows: MONAI's, with the size of a window, their overlap and how they are blended. A volume smaller than a
            window is padded.
        answer: see :func:`answer_of_windows`.

    Raises:
        InputError: When there is no such ``answer``.
    """

    def __init__(self, inferer: Inferer, windows: SlidingWindowInferer, answer: str = "max") -> None:
        super().__init__()
        if answer not in ANSWERS:
            raise InputError(f"volume_answer must be one of {', '.join(ANSWERS)} but is {answer!r}")
        self.inferer = inferer
        self.windows = windows
        self.answer = answer

    def __call__(self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> dict:  # noqa: ANN401
        """Run over all windows.

        Args:
            inputs: volumes X, shape BCHWD.
            network: what ``inferer`` runs.
            args: passed to ``inferer``.
            kwargs: passed to ``inferer``.

        Returns:
            a dict of ``theta``, shape B1HWD or BCHWD, ``logits``, shape BC, and ``window_logits``, shape BWC; with a
            teacher also ``teacher_logits``, shape BC, and ``teacher_window_logits``, shape BWC.
        """
        answers: dict[str, list[torch.Tensor]] = defaultdict(list)

        def look(window: torch.Tensor) -> torch.Tensor:
            seen = self.inferer(window, network, *args, **kwargs)
            for key in {"logits", "teacher_logits"} & set(seen):
                answers[key].append(seen[key].float())
            return seen["theta"].float().clone(memory_format=torch.contiguous_format)  # MONAI weights it in place

        images = prepared(inputs)
        result = {"theta": self.windows(images, look)}
        for key, parts in answers.items():
            of_windows = torch.cat(parts).unflatten(0, (len(images), -1))
            result[key] = answer_of_windows(of_windows, self.answer)
            result[key.replace("logits", "window_logits")] = of_windows
        return result
