# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.engines import SupervisedEvaluator

from monai_medtex.handlers import DistillationOutput
from monai_medtex.inferers import DistillationInferer, ExplanationInferer

CPU = torch.device("cpu")


def evaluator(parts, inferer, handlers, decollate=False) -> SupervisedEvaluator:
    return SupervisedEvaluator(
        device=CPU,
        val_data_loader=parts.val_loader,
        network=parts.network,
        inferer=inferer,
        val_handlers=handlers,
        decollate=decollate,
    )


@pytest.mark.parametrize("amp", [False, True])
def test_a_trainers_output_is_batch_first_in_single_precision(medtex, train, amp):
    parts = medtex(amp=amp, mask=torch.ones(1, 16, 16))
    trainer = train(parts, [DistillationOutput()])
    trainer.run()
    output = trainer.state.output
    shapes = {str(name): tuple(tensor.shape) for name, tensor in output.items()}
    assert shapes == {
        "image": (2, 3, 16, 16),  # the last two of six images
        "label": (2,),
        "class": (2,),
        "lesion": (2, 1, 16, 16),
        "pred": (2, 2),
        "teacher_pred": (2, 2),
        "theta": (2, 1, 16, 16),
        "loss": (),
    }
    assert {output[name].dtype for name in ("pred", "teacher_pred", "theta", "loss")} == {torch.float32}


def test_a_trainer_can_decollate_it(medtex, train):
    trainer = train(medtex(), [DistillationOutput()], decollate=True)
    trainer.run()
    assert len(trainer.state.output) == 2  # images, and not channels of a layer
    for item in trainer.state.output:
        assert item["image"].shape == (3, 16, 16)
        assert item["theta"].shape == (1, 16, 16)
        assert item["pred"].shape == item["teacher_pred"].shape == (2,)


def test_an_evaluators_output_is_that_of_the_networks(medtex):
    parts = medtex()
    engine = evaluator(parts, DistillationInferer(parts.teacher), [DistillationOutput()])
    engine.run()
    output, x = engine.state.output, next(reversed(list(parts.val_loader)))["image"]
    parts.network.eval()
    torch.testing.assert_close(output["pred"], parts.network(x))
    torch.testing.assert_close(output["theta"], parts.network.explain(x))
    torch.testing.assert_close(output["teacher_pred"], parts.teacher(x))
    assert output["class"].tolist() == [0, 1]
    assert "lesion" not in output


@pytest.mark.parametrize("decollate", [False, True])
def test_without_a_teacher_there_is_no_answer_of_it(medtex, decollate):
    parts = medtex()
    engine = evaluator(parts, ExplanationInferer(), [DistillationOutput()], decollate)
    engine.run()
    output = engine.state.output[0] if decollate else engine.state.output
    assert "teacher_pred" not in output
    assert output["pred"].shape[-1] == 2


def test_unlabelled_images_have_no_class(evaluate, given):
    item = given()
    del item["label"], item["mask"]
    output = evaluate([item], []).state.output
    assert "class" not in output
    assert "lesion" not in output
