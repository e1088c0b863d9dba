# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import ignite.distributed as idist
from torch.distributed import distributed_c10d

__all__ = ["leave_together"]


def leave_together() -> None:
    """Close the process group when every process is past its last collective.

    Gloo may break off the last collective of a process when another, which is through with it, closes its connections.
    So the processes meet in the store in which they found each other; rank 0, which may hold it, leaves it last.
    """
    own, ranks = idist.get_rank(), range(idist.get_world_size())
    if len(ranks) > 1:
        store = distributed_c10d._get_default_store()
        store.set(f"past/{own}", "")
        store.wait([f"past/{rank}" for rank in ranks])
        store.set(f"gone/{own}", "")
        if own == 0:
            store.wait([f"gone/{rank}" for rank in ranks])
    idist.finalize()
