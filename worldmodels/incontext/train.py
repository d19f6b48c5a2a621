"""Proximal policy optimisation: one compiled function makes a rollout and learns from it.

Source: arXiv 1707.06347; parameters and layout as in arXiv 2402.16801 (Craftax's baseline).
"""

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax  # type: ignore[import-untyped]  # ships no types
from jaxtyping import Array, Float, Int, PRNGKeyArray

from envs.core import AutoReset, autoreset
from envs.files import write_text
from worldmodels.incontext import checkpoint
from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.model import ActorCritic
from worldmodels.incontext.objective import Batch, Losses, advantages, loss
from worldmodels.incontext.problem import Problem
from worldmodels.incontext.rollout import (
    Episodes,
    Play,
    Steps,
    begin,
    collect,
    policy_of,
)
from worldmodels.training.run_folder import last_checkpoint

Record = dict[str, int | float | None]
"""A line of metrics: name -> value, None where no episode ended."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One agent to be trained.

    Raises:
        ValueError: there are fewer steps than one update takes.
    """

    env: str  # id of the world
    obs: str  # the kind of its observations, see `find_problem`
    steps: int  # of all worlds together; what does not fill an update is left out
    seed: int
    ppo: PPOConfig

    def __post_init__(self) -> None:
        if self.num_updates < 1:
            raise ValueError(
                f"steps is at least num_envs * rollout_steps = {self.ppo.steps_per_update}, "
                f"got {self.steps}"
            )

    @property
    def num_updates(self) -> int:
        """Rollouts learned from."""
        return self.steps // self.ppo.steps_per_update

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON values, without nesting."""
        own = {"env": self.env, "obs": self.obs, "steps": self.steps, "seed": self.seed}
        return own | dataclasses.asdict(self.ppo)


class Learner(NamedTuple):
    """All that changes during training."""

    model: ActorCritic
    optimizer: optax.OptState
    play: Play
    key: PRNGKeyArray


class Outcome(NamedTuple):
    """What one update was like; means over the episodes that ended in it, NaN if none did."""

    losses: Losses
    num_episodes: Int[Array, ""]
    total: Float[Array, ""]
    length: Float[Array, ""]
    achievements: Float[Array, ""] | None


class Program(NamedTuple):
    """Training as compiled functions, for any seed."""

    start: Callable[[PRNGKeyArray], Learner]
    update: Callable[[Learner], tuple[Learner, Outcome]]


def compile_ppo(problem: Problem, config: PPOConfig, num_updates: int) -> Program:
    """Prepare training; jax compiles it at the first call.

    Args:
        problem: The world.
        config: Of the training.
        num_updates: Over which the learning rate falls.
    """
    batch = autoreset(problem.core, config.num_envs)
    optimizer = make_optimizer(config, num_updates)

    def start(key: PRNGKeyArray) -> Learner:
        model_key, worlds_key, key = jax.random.split(key, 3)
        model = ActorCritic(problem.num_features, problem.num_actions, config, model_key)
        play = begin(batch, problem.params, config.num_envs, worlds_key)
        return Learner(model, optimizer.init(model), play, key)

    def update(learner: Learner) -> tuple[Learner, Outcome]:
        return update_once(learner, batch, problem.params, optimizer, config)

    return Program(jax.jit(start), jax.jit(update))


def make_optimizer(config: PPOConfig, num_updates: int) -> optax.GradientTransformation:
    """Adam on shortened gradients; the learning rate is constant within an update."""
    gradient_steps = config.epochs * config.num_minibatches

    def rate(count: Int[Array, ""]) -> Float[Array, ""]:
        left = 1 - (count // gradient_steps).astype(jnp.float32) / num_updates
        return config.learning_rate * (left if config.anneal else jnp.ones_like(left))

    return optax.chain(
        optax.clip_by_global_norm(config.max_grad_norm), optax.adam(rate, eps=config.adam_epsilon)
    )


def update_once(
    learner: Learner,
    batch: AutoReset,
    params: Any,
    optimizer: optax.GradientTransformation,
    config: PPOConfig,
) -> tuple[Learner, Outcome]:
    """Make a rollout in every world, and learn from it."""
    act_key, learn_key, key = jax.random.split(learner.key, 3)
    model, keys = learner.model, jax.random.split(act_key, config.rollout_steps)
    play, steps, episodes = collect(batch, params, policy_of(model), learner.play, keys)
    experience = to_batch(steps, jax.vmap(model.value)(play.features), config)

    def descend(
        state: tuple[ActorCritic, optax.OptState], rows: Int[Array, " rows"]
    ) -> tuple[tuple[ActorCritic, optax.OptState], Losses]:
        model, moments = state
        part = jax.tree.map(lambda leaf: leaf[rows], experience)
        (_, losses), gradient = jax.value_and_grad(loss, has_aux=True)(model, part, config)
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to integer powers
            step, moments = optimizer.update(gradient, moments, model)
        return (optax.apply_updates(model, step), moments), losses

    def epoch(
        state: tuple[ActorCritic, optax.OptState], key: PRNGKeyArray
    ) -> tuple[tuple[ActorCritic, optax.OptState], Losses]:
        order = jax.random.permutation(key, config.steps_per_update)
        return jax.lax.scan(descend, state, order.reshape(config.num_minibatches, -1))

    (model, moments), losses = jax.lax.scan(
        epoch, (model, learner.optimizer), jax.random.split(learn_key, config.epochs)
    )
    outcome = summarise(episodes, jax.tree.map(jnp.mean, losses))
    return Learner(model, moments, play, key), outcome


def to_batch(steps: Steps, last_value: Float[Array, " envs"], config: PPOConfig) -> Batch:
    """Judge the actions of a rollout, and put the steps of all worlds into one row."""
    advantage = advantages(
        steps.reward,
        steps.value,
        steps.final_value,
        steps.terminated,
        steps.truncated,
        last_value,
        config,
    )
    rows = Batch(
        steps.features,
        steps.action,
        steps.log_prob,
        steps.value,
        advantage,
        advantage + steps.value,
    )
    flat: Batch = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), rows)
    return flat


def summarise(episodes: Episodes, losses: Losses) -> Outcome:
    """Means over the episodes that ended in a rollout."""
    ended = episodes.ended.astype(jnp.float32)

    def mean(values: Array) -> Float[Array, ""]:
        return (values.astype(jnp.float32) * ended).sum() / ended.sum()

    counts = episodes.achievements
    return Outcome(
        losses,
        episodes.ended.sum(),
        mean(episodes.total),
        mean(episodes.length),
        None if counts is None else mean(counts),
    )


def train(
    program: Program,
    run: Run,
    folder: Path,
    on_update: Callable[[Record], None],
    checkpoint_every: int = 50,
) -> list[Record]:
    """Train one agent, or go on where a killed run had its last checkpoint.

    Args:
        program: Of the run's world, parameters and number of updates.
        run: What to train.
        folder: Of this run alone; see `worldmodels.incontext.checkpoint`.
        on_update: Called with the metrics of each update.
        checkpoint_every: Updates between two checkpoints; there is one at the end in any case.

    Returns:
        The metrics of all updates, those before a kill included.

    Raises:
        ValueError: the folder belongs to another run, or is broken.
    """
    checkpoint.open_run(folder, run.to_dict())
    learner, records = resume(program, run, folder)
    for record in records:
        on_update(record)
    with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        for update in range(len(records) + 1, run.num_updates + 1):
            before = time.perf_counter()
            learner, outcome = program.update(learner)
            outcome.num_episodes.block_until_ready()
            seconds = time.perf_counter() - before
            record = to_record(outcome, update, run.ppo.steps_per_update, seconds)
            file.write(json.dumps(record, allow_nan=False) + "\n")
            file.flush()
            records.append(record)
            if update % checkpoint_every == 0 or update == run.num_updates:
                model, training = split(learner)
                checkpoint.save_checkpoint(folder, update, model, training, run.to_dict())
            on_update(record)
    return records


def resume(program: Program, run: Run, folder: Path) -> tuple[Learner, list[Record]]:
    """The state after the last checkpoint and the metrics up to it; a new one without any.

    Raises:
        ValueError: the checkpoint is of another run, or broken.
    """
    key = jax.random.key(run.seed)
    path, metrics = last_checkpoint(folder), folder / "metrics.jsonl"
    if path is None:
        write_text(metrics, "")
        return program.start(key), []
    manifest = checkpoint.read_manifest(path)
    checkpoint.check_config(manifest["config"], run.to_dict(), path / "manifest.json")
    model, training = split(jax.eval_shape(program.start, key))
    model = checkpoint.load_arrays(path / "model.safetensors", model)
    training = checkpoint.load_arrays(path / "training.safetensors", training)
    records = read_records(metrics, manifest["update"])
    write_text(metrics, "".join(json.dumps(record) + "\n" for record in records))
    return Learner(model=model, **training), records


def split(learner: Learner) -> tuple[ActorCritic, dict[str, Any]]:
    """The networks, and what else it takes to go on training them."""
    training = learner._asdict()
    return training.pop("model"), training


def read_records(path: Path, num_updates: int) -> list[Record]:
    """The first lines of a file of metrics; what a kill left behind them is not read.

    Raises:
        ValueError: there are fewer lines, or one of them is broken.
    """
    lines = path.read_text(encoding="utf-8").splitlines()[:num_updates]
    if len(lines) < num_updates:
        raise ValueError(
            f"{path} has {len(lines)} lines, but its checkpoint is of update {num_updates}"
        )
    try:
        return [json.loads(line) for line in lines]
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} has a broken line: {error}") from error


def to_record(outcome: Outcome, update: int, steps_per_update: int, seconds: float) -> Record:
    """Metrics of one update, as JSON values."""
    values: dict[str, Any] = outcome._asdict() | outcome.losses._asdict()
    del values["losses"]
    values = {"return" if k == "total" else k: v for k, v in values.items() if v is not None}
    numbers = {k: float(v) if v == v else None for k, v in values.items()}  # NaN is not itself
    return {
        "update": update,
        "steps": update * steps_per_update,
        "steps_per_second": steps_per_update / seconds,
        **numbers,
    }
