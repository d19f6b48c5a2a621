"""The training loop. What happens in a step depends on the seed and the step's number alone.

Where `torch.distributed` is set up, as under `torchrun`, each process works on its part of every
batch, and the gradient is that of the whole batch.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from combopt.bq.checkpoint import load_network, read_manifest, save
from combopt.bq.config import TrainConfig, to_dict
from combopt.bq.data import Batch, Lessons, split
from combopt.bq.decoding import search
from combopt.bq.model import BQNetwork, new_network
from combopt.bq.objective import cross_entropy
from combopt.bq.reduction import ENDS_ANYWHERE, start
from combopt.datasets import LabelledSet, read_set
from worldmodels.training.run_folder import (
    Record,
    checkpoints,
    open_run,
    read_records,
    write_records,
)
from worldmodels.training.torch_runs import (
    Manifest,
    Progress,
    load_moments,
    load_weights,
    share_done,
)

MAY_CHANGE: Final = ("steps", "minutes")


def train(
    config: TrainConfig,
    sets: Sequence[Path],
    folder: Path,
    device: str = "cpu",
    show: Callable[[Progress], None] = lambda progress: None,
) -> list[Record]:
    """Train a network, or go on where an earlier call was killed.

    A run that has ended goes on, too, when `steps` or `minutes` are more than before: from where
    its learning rate began to fall, so that the result is that of asking for so many at once.

    Args:
        config: of network and run.
        sets: folders of labelled sets.
        folder: of the run.
        device: where to compute.
        show: is called after every step.

    Returns:
        The lines of `metrics.jsonl`.

    Raises:
        ValueError: a set, the folder or the network to start from is broken, or they do not belong
            together; or the loss is no number.
        OSError: something cannot be read or written.
    """
    rank, world = _place(config)
    labelled = _read(sets, config)
    if rank == 0:
        about = [dataclasses.asdict(labels.manifest) for labels in labelled]
        open_run(folder, to_dict(config) | {"labels": about}, free=MAY_CHANGE)
    parts = [split(labels, config.held_out) for labels in labelled]
    lessons = [Lessons(labels, device) for labels, _ in parts]
    tests = [Lessons(labels, device) for _, labels in parts]
    network = _first_network(config).to(device)
    optimizer = torch.optim.Adam(
        network.parameters(), config.learning_rate, (0.9, config.beta2), fused=True
    )
    step, before = 0, 0.0
    checkpoint = checkpoint_to_go_on(folder, config)
    if checkpoint is not None:
        manifest = read_manifest(checkpoint)
        step, before = manifest.step, manifest.seconds
        load_weights(checkpoint, network)
        load_moments(checkpoint, network, optimizer)
    records = read_records(folder, step) if rank == 0 else []
    model = DistributedDataParallel(network) if world > 1 else network
    begun = time.perf_counter()
    losses, seconds = 0.0, before
    share = share_done(config.steps, config.minutes, step, seconds)
    while share < 1:
        batch = batch_of_step(config, lessons, step).part(slice(rank, None, world))
        rate = learning_rate(config, step, share)
        loss = float(update(model, optimizer, batch, config, rate))
        losses, step = losses + loss, step + 1
        seconds = before + time.perf_counter() - begun
        share = share_done(config.steps, config.minutes, step, seconds)
        show(Progress(min(share, 1.0), step, loss))
        if rank == 0 and (step % config.every == 0 or share >= 1):
            mean_loss = losses / ((step - 1) % config.every + 1)
            gaps = {f"gap_percent_{test.size}": greedy_gap(network, test) for test in tests}
            records.append({"step": step, "seconds": seconds, "loss": mean_loss, **gaps})
            losses = 0.0
            write_records(folder, records)
            kept = [path for path in checkpoints(folder) if _is_good(read_manifest(path), config)]
            save(folder, Manifest(step, seconds, config), network, optimizer, kept[-1:])
    return records


def update(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: TrainConfig,
    rate: float,
) -> Float[Tensor, ""]:
    """One step.

    Returns:
        The loss, of all processes.

    Raises:
        ValueError: the loss is no number.
    """
    inputs = batch.inputs()
    is_half = config.precision == "bfloat16"
    with torch.autocast(batch.right.device.type, torch.bfloat16, enabled=is_half):
        loss = cross_entropy(model(inputs), batch.right)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    total = loss.detach()
    if distributed.is_initialized():
        distributed.all_reduce(total)
        total = total / distributed.get_world_size()
    if not torch.isfinite(total):
        raise ValueError(f"the loss is {float(total)}: lower learning_rate, or label again")
    torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    return total


def batch_of_step(config: TrainConfig, lessons: Sequence[Lessons], step: int) -> Batch:
    """What is learnt from in a step, by all processes."""
    random = np.random.default_rng([config.seed, step])
    weights = np.array(config.weights or [1.0] * len(lessons))
    chosen = random.choice(len(lessons), p=weights / weights.sum())
    return lessons[chosen].draw(config.batch_size, random)


def learning_rate(config: TrainConfig, step: int, share: float) -> float:
    """In this step: a linear rise, a constant, and at last a linear fall to zero."""
    rise = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    fall = min(1.0, (1 - share) / config.decay) if config.decay else 1.0
    return config.learning_rate * rise * fall


def greedy_gap(network: BQNetwork, test: Lessons) -> float:
    """Mean gap of greedy solutions to the labels, in percent; 0 is as good as they are."""
    network.eval()
    values = search(network, start(test.instances), beam=1, neighbours=0).returns.cpu().numpy()
    network.train()
    costs = test.arrays["costs"]
    if test.problem in ENDS_ANYWHERE:
        costs = -costs  # as a cost: more of a prize is better
    return float(100 * ((-values - costs) / np.abs(costs)).mean())


def checkpoint_to_go_on(folder: Path, config: TrainConfig) -> Path | None:
    """The last one that a run of this configuration comes by; None before the first.

    Raises:
        ValueError: there are checkpoints, but none of that kind.
    """
    found = checkpoints(folder)
    for path in reversed(found):
        manifest = read_manifest(path)
        if manifest.config == config or _is_good(manifest, config):
            return path
    if found:
        raise ValueError(
            f"{folder} has no checkpoint that a run of {config.steps} steps comes by, from before "
            "its learning rate falls: give more --steps or --minutes, or another --out"
        )
    return None


def _is_good(manifest: Manifest[TrainConfig], config: TrainConfig) -> bool:
    """Whether a checkpoint was made before the learning rate fell, and before it will fall."""
    return all(
        share_done(each.steps, each.minutes, manifest.step, manifest.seconds) <= 1 - each.decay
        for each in (manifest.config, config)
    )


def _first_network(config: TrainConfig) -> BQNetwork:
    if not config.start:
        return new_network(config.model, config.seed)
    network = load_network(Path(config.start)).train()
    if network.config != config.model:
        raise ValueError(
            f"{config.start} holds a network of {network.config}, not of {config.model}: start "
            "from another, or ask for that one"
        )
    return network


def _place(config: TrainConfig) -> tuple[int, int]:
    """Number of this process, and of processes."""
    if not distributed.is_initialized():
        return 0, 1
    world = distributed.get_world_size()
    if config.batch_size % world:
        raise ValueError(f"batch_size is a multiple of {world} processes, got {config.batch_size}")
    if config.minutes:
        raise ValueError("several processes take steps, as their clocks differ: set minutes 0")
    return distributed.get_rank(), world


def _read(sets: Sequence[Path], config: TrainConfig) -> list[LabelledSet]:
    if not sets or len(config.weights or sets) != len(sets):
        raise ValueError(
            f"there is one weight for each labelled set, or none; got {len(sets)} sets and weights "
            f"{config.weights}"
        )
    labelled = [read_set(path) for path in sets]
    for path, labels in zip(sets, labelled, strict=True):
        if labels.manifest.problem != config.model.problem:
            raise ValueError(
                f"{path} is of {labels.manifest.problem}, not of {config.model.problem}: give "
                "other --labels, or another --problem"
            )
        if len(labels) <= config.held_out:
            raise ValueError(
                f"{path} has {len(labels)} instances, of which {config.held_out} are held out: "
                "label more, or lower --held-out"
            )
    return labelled
