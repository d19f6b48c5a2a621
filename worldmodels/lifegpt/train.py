"""The training loop. What happens in a step depends on the seed and the step's number alone."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from worldmodels.lifegpt.checkpoint import new_model, read_manifest, save_checkpoint
from worldmodels.lifegpt.config import GPTConfig, TrainConfig, to_dict
from worldmodels.lifegpt.csv_files import read_pairs
from worldmodels.lifegpt.data import draw_pairs, spaced_densities
from worldmodels.lifegpt.measure import decoding_of, held_out
from worldmodels.lifegpt.objective import (
    all_tokens_loss,
    answer_loss,
    forgotten,
    loss_floor,
    parallel_loss,
    torus_loss,
)
from worldmodels.lifegpt.simulate import Model
from worldmodels.lifegpt.tokenizer import ALIVE, States
from worldmodels.lifegpt.torus_model import TorusTransformer
from worldmodels.training.run_folder import (
    Record,
    last_checkpoint,
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

SPARSE: Final = (0.05, 0.25)
_SET, _ORDER, _STEP, _FORGET = range(1, 5)  # what a generator is for; 0 is measuring


def train(
    config: TrainConfig,
    folder: Path,
    device: str = "cpu",
    show: Callable[[Progress], None] = lambda progress: None,
) -> list[Record]:
    """Train a model, or go on where an earlier call was killed.

    Args:
        config: of model and run.
        folder: of the run.
        device: where to compute.
        show: is called after every step.

    Returns:
        The lines of `metrics.jsonl`.

    Raises:
        ValueError: the folder belongs to another run or is broken, or the loss is no number.
    """
    open_run(folder, to_dict(config))
    model = new_model(config).to(device)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=config.learning_rate,
        betas=(0.9, config.beta2),
        weight_decay=config.weight_decay,
    )
    step, before = 0, 0.0
    checkpoint = last_checkpoint(folder)
    if checkpoint is not None:
        manifest = read_manifest(checkpoint)
        step, before = manifest.step, manifest.seconds
        load_weights(checkpoint, model)
        load_moments(checkpoint, model, optimizer)
    records = read_records(folder, step)
    batches = Batches(config)
    start = time.perf_counter()
    seconds, losses = before, torch.zeros(())
    share = share_done(config.steps, config.minutes, step, seconds)
    while share < 1:
        rate = learning_rate(config, step, share)
        loss = update(model, optimizer, batches, config, step, rate)
        losses, step = losses + loss, step + 1
        seconds = before + time.perf_counter() - start
        share = share_done(config.steps, config.minutes, step, seconds)
        show(Progress(min(share, 1.0), step, float(loss)))
        if step % config.every == 0 or share >= 1:
            since = (step - 1) % config.every + 1
            record = _record(model, config, step, float(losses) / since, rate, seconds)
            losses = torch.zeros(())
            records.append(record)
            write_records(folder, records)
            save_checkpoint(folder, Manifest(step, seconds, config), model, optimizer)
    return records


def learning_rate(config: TrainConfig, step: int, share: float) -> float:
    """In this step: a linear rise, and then half a cosine down to zero, if so configured."""
    rise = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    fall = (1 + math.cos(math.pi * share)) / 2 if config.schedule == "cosine" else 1.0
    return config.learning_rate * rise * fall


def update(
    model: Model,
    optimizer: torch.optim.Optimizer,
    batches: "Batches",
    config: TrainConfig,
    step: int,
    rate: float,
) -> Float[Tensor, ""]:
    """One step; gradients of its batches are summed, not averaged, as in the published run.

    Returns:
        The mean loss.

    Raises:
        ValueError: the loss is no number.
    """
    states, next_states = batches.of_step(step)
    generator = torch.Generator().manual_seed(
        int(np.random.default_rng([config.seed, _FORGET, step]).integers(2**62))
    )
    total = torch.zeros(())
    optimizer.zero_grad(set_to_none=True)
    for start in range(0, config.step_size, config.batch_size):
        rows = slice(start, start + config.batch_size)
        loss = _loss(model, config, states[rows], next_states[rows], generator)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        total = total + loss.detach().cpu().float()
    if not torch.isfinite(total):
        raise ValueError(f"the loss of step {step + 1} is {float(total)}: lower learning_rate")
    torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    return total / config.accumulate


class Batches:
    """Grids and their successors, for every step of a run."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.fixed: tuple[States, States] | None = None
        sides = config.model.sides
        if config.csv:
            self.fixed = read_pairs(Path(config.csv))
            if self.fixed[0].shape[1] != max(sides) ** 2:
                raise ValueError(
                    f"{config.csv} has states of {self.fixed[0].shape[1]} cells, a model of sides "
                    f"{sides} needs {max(sides) ** 2}"
                )
            if len(self.fixed[0]) < config.step_size:
                raise ValueError(
                    f"{config.csv} has {len(self.fixed[0])} rows, a step needs {config.step_size}"
                )
        elif config.num_samples:
            rng = np.random.default_rng([config.seed, _SET, 0])
            each = spaced_densities(-(-config.num_samples // len(sides)), *config.densities)
            densities = np.repeat(each, len(sides))[: config.num_samples]
            self.fixed = draw_pairs(rng, densities, sides, config.rule)

    def of_step(self, step: int) -> tuple[States, States]:
        """States and next states."""
        config = self.config
        if self.fixed is None:
            rng = np.random.default_rng([config.seed, _STEP, step])
            low, high = SPARSE if step < config.sparse_steps else config.densities
            densities = rng.uniform(low, high, size=config.step_size)
            return draw_pairs(rng, densities, config.model.sides, config.rule)
        steps = len(self.fixed[0]) // config.step_size  # of an epoch
        epoch, place = divmod(step, steps)
        order = np.random.default_rng([config.seed, _ORDER, epoch]).permutation(len(self.fixed[0]))
        rows = order[place * config.step_size : (place + 1) * config.step_size]
        return self.fixed[0][rows], self.fixed[1][rows]


def _loss(
    model: Model,
    config: TrainConfig,
    states: States,
    next_states: States,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    device = next(model.parameters()).device
    is_half = config.precision == "bfloat16"
    with torch.autocast(device.type, torch.bfloat16, enabled=is_half):
        if isinstance(model, TorusTransformer):
            side = config.model.sides[0]
            before, after = (
                torch.from_numpy(s == ALIVE).view(-1, side, side).to(device)
                for s in (states, next_states)
            )
            return torus_loss(model, before, after)
        assert isinstance(config.model, GPTConfig)
        tokens = torch.from_numpy(config.model.tokens.encode(states, next_states)).to(device)
        hidden = None
        if config.forgetting:
            hidden = forgotten(generator, len(tokens), tokens.shape[1], config.forgetting).to(
                device
            )
        objectives = {"all": all_tokens_loss, "answer": answer_loss, "parallel": parallel_loss}
        return objectives[config.objective](model, tokens, hidden)


def _record(
    model: Model, config: TrainConfig, step: int, loss: float, rate: float, seconds: float
) -> Record:
    record: Record = {"step": step, "seconds": seconds, "loss": loss, "learning_rate": rate}
    if isinstance(config.model, GPTConfig) and config.objective == "all" and not config.csv:
        floor = loss_floor(config.model.tokens, config.model.num_cells, config.densities)
        record["excess"] = loss - floor
    model.eval()
    scores = held_out(model, config.rule, config.eval_grids, decoding_of(model, config.objective))
    model.train()
    for name, score in scores.items():
        record |= {f"{name}_{field}": value for field, value in score._asdict().items()}
    return record
