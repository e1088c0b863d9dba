# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Run by the processes that test_broadcast_buffers starts; importable by name in each of them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from ignite.engine import Engine
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from monai_medtex.handlers import BroadcastBuffers, LossTerms
from monai_medtex.inferers import DistillationInferer
from monai_medtex.losses import DistillationLoss
from monai_medtex.networks import BlockCNN, Explainer, FrozenTeacher, MedTexNet
from monai_medtex.utils import ensure_teacher, leave_together, run_folder

CPU = torch.device("cpu")
LAYERS = ("block1", "block2")


def broadcast(rank: int) -> list[list[float]]:
    """Evaluate with statistics that differ between the ranks; rank 1 has one batch more."""
    network = nn.BatchNorm1d(2)
    nn.init.constant_(network.running_mean, 10.0 + rank)
    network.num_batches_tracked += rank
    evaluator = SupervisedEvaluator(
        device=CPU,
        val_data_loader=[{"image": torch.zeros(1, 2)}] * (1 + rank),
        network=network,
        val_handlers=[BroadcastBuffers(network)],
        decollate=False,
    )
    evaluator.run()
    return [*(buffer.flatten().tolist() for buffer in network.buffers()), *evaluator.state.output["pred"].tolist()]


def train(rank: int) -> dict:
    """Train on 3 images on one rank and on 5 on the other; return loss terms and a digest of what was learnt."""
    torch.manual_seed(0)
    teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4, 8)), LAYERS)
    net = MedTexNet(Explainer(2, 3, channels=(2, 3)), BlockCNN(2, 3, 2, (2, 3)), teacher, LAYERS, (3, 16, 16))
    network, loss, own = DistributedDataParallel(net), DistillationLoss(LAYERS), []
    torch.manual_seed(rank)
    data = Dataset([{"image": torch.rand(3, 16, 16), "label": 0} for _ in range(3 + 2 * rank)])
    trainer = SupervisedTrainer(
        device=CPU,
        max_epochs=1,
        epoch_length=2,
        train_data_loader=DataLoader(data, batch_size=2 + rank),
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.1),
        loss_function=loss,
        inferer=DistillationInferer(teacher),
        train_handlers=[LossTerms(loss)],
        decollate=False,
    )

    @trainer.on("LOSS_COMPLETED")
    def note() -> None:
        images = len(trainer.state.output["image"])
        own.append([images, trainer.state.output["loss"].item(), loss.bounds["transfer_block2"].item()])

    trainer.run()
    learnt = {name: parameter.double().sum().item() for name, parameter in net.named_parameters()}
    return {"metrics": trainer.state.metrics, "own": own, "learnt": learnt}


def run(rank: int, folder: str) -> None:
    """Do all of it on this rank and write what came out."""
    meeting = f"file://{folder}/rendezvous"
    dist.init_process_group("gloo", meeting, timeout=timedelta(minutes=5), rank=rank, world_size=2)
    result = {"buffers": broadcast(rank), "training": train(rank)}
    result["run"] = str(run_folder(f"{folder}/runs", "medtex", {"rank": rank}))
    model = Path(folder, "model.pt")
    trainer = Engine(lambda engine, batch: model.write_text("weights") if rank == 0 else None)
    trainer.run = lambda: Engine.run(trainer, [0])
    ensure_teacher(Path(folder, "teacher.pt"), trainer, model)
    result["teacher"] = Path(folder, "teacher.pt").read_text()
    Path(folder, f"rank{rank}.json").write_text(json.dumps(result))
    leave_together()
