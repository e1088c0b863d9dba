# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.data import MetaTensor
from monai.inferers import Inferer

from monai_medtex.networks import ClassEvidence, ExplainedClassifier, FrozenTeacher, TeacherInLoop

__all__ = ["DistillationInferer", "ExplanationInferer", "has_fast_bfloat16", "prepared"]


def has_fast_bfloat16(device: torch.device | str) -> bool:
    """Whether the device multiplies bfloat16 in hardware: NVIDIA from Ampere on, CPUs with AVX512-BF16 or AMX."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def prepared(inputs: torch.Tensor) -> torch.Tensor:
    """Drop metadata, which costs time in every operation, and put the channels last."""
    plain = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs
    return plain.contiguous(memory_format=torch.channels_last if plain.ndim == 4 else torch.channels_last_3d)


class DistillationInferer(Inferer):
    """Run the teacher on X and the network that learns from it, and give the losses all they need in one dict.

    Args:
        teacher: the frozen teacher; it taps the layers to transfer.
        amp: whether to run both networks under bfloat16 autocast. The losses stay in float32, and no gradient scaler
            is needed.
        evidence: asks the same teacher what each place weighs for its answer; None to leave it out.
        teacher_in_loop: shows a frozen classifier what theta keeps, and what it leaves; None to leave it out.
    """

    def __init__(
        self,
        teacher: FrozenTeacher,
        amp: bool = False,
        evidence: ClassEvidence | None = None,
        teacher_in_loop: TeacherInLoop | None = None,
    ) -> None:
        super().__init__()
        self.teacher = teacher
        self.amp = amp
        self.evidence = evidence
        self.teacher_in_loop = teacher_in_loop

    def __call__(self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> dict:  # noqa: ANN401
        """Run both networks.

        Args:
            inputs: images X, shape BCHW[D].
            network: a :class:`monai_medtex.networks.MedTexNet`, bare or wrapped for distributed training.
            args: passed to ``network``.
            kwargs: passed to ``network``.

        Returns:
            the dict of ``MedTexNet.forward(distill=True)`` with ``teacher_logits``, shape BC, and ``teacher_maps``, a
            list of BCHW[D]; with ``evidence`` that too, B1HW[D] or BKHW[D] as its ``tap`` says, and with
            ``teacher_in_loop`` its ``kept_logits`` and ``deleted_logits``, shape BC.
        """
        images = prepared(inputs)
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self.amp):
            taught = self._taught(images)
            output = network(images, *args, distill=True, **kwargs)
            judged = self.teacher_in_loop(images, output["theta"]) if self.teacher_in_loop else {}
        return {**output, **taught, **judged}

    def _taught(self, images: torch.Tensor) -> dict:
        if self.evidence is None:
            logits, maps = self.teacher.tap(images)
            return {"teacher_logits": logits, "teacher_maps": maps}
        logits, maps, evidence = self.evidence.tap(images)
        return {"teacher_logits": logits, "teacher_maps": maps, "evidence": evidence}


class ExplanationInferer(Inferer):
    """Classify and explain with the deployed pair alone.

    Args:
        amp: whether to run under bfloat16 autocast.
    """

    def __init__(self, amp: bool = False) -> None:
        super().__init__()
        self.amp = amp

    def __call__(self, inputs: torch.Tensor, network: ExplainedClassifier, *args: Any, **kwargs: Any) -> dict:  # type: ignore[override]  # noqa: ANN401
        """Run explainer and student.

        Args:
            inputs: images X, shape BCHW[D].
            network: a :class:`monai_medtex.networks.ExplainedClassifier`.
            args: unused.
            kwargs: unused.

        Returns:
            a dict of ``logits``, shape BC, and ``theta``, shape B1HW[D] or BCHW[D].
        """
        images = prepared(inputs)
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self.amp):
            theta = network.explain(images)
            return {"logits": network.classify(images, theta), "theta": theta}
