# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

from monai_medtex.comparison import Judge, sample_images
from monai_medtex.explainers import RandomMap

from .subject import Subject

__all__ = ["ask_the_teacher"]


def ask_the_teacher(subject: Subject, count: int | None) -> dict[str, Any]:
    """Take away and add pixels in the order of theta, of noise and of Grad-CAM, and ask the teacher.

    Args:
        subject: the run.
        count: of test images, preferably such with a lesion; None for all.

    Returns:
        by map (``theta``, ``random``, ``grad_cam``) and image what
        :meth:`monai_medtex.comparison.Judge.against_teacher` gives: ``deletion``, ``insertion`` and ``road``.
    """
    images = sample_images(subject.images, count)
    if count is not None:
        asked = {image.name for image in images}
        others = [image for image in subject.images if image.name not in asked]
        images += sample_images(others, count - len(images))
    judge = Judge(subject.images, images, images, subject.device, subject.batch_size)
    explain = {
        "theta": subject.deployed.explain,
        "random": RandomMap().explain,
        "grad_cam": subject.grad_cam.explain,
    }
    return {name: judge.against_teacher(judge.maps(method), subject.teacher) for name, method in explain.items()}
