"""Proximal policy optimisation: one compiled function makes a rollout and learns from it.

Minibatches are some of the columns of a rollout. With a memory a column is a world with its whole
rollout, and the memory starts from what it held when the rollout began; without one, every step is
a column.

Source: arXiv 1707.06347; parameters and layout as in arXiv 2402.16801 (Craftax's baseline).
"""

import contextlib
import dataclasses
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax  # type: ignore[import-untyped]  # ships no types
from jax.sharding import Mesh
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from envs.core import AutoReset
from envs.files import write_text
from worldmodels.incontext import checkpoint
from worldmodels.incontext.batching import deal, make_worlds
from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.memory.layer import Carry
from worldmodels.incontext.model import Agent, Scaled, make_agent
from worldmodels.incontext.objective import Batch, Losses, advantages, loss
from worldmodels.incontext.problem import Problem
from worldmodels.incontext.rollout import (
    Episodes,
    Play,
    Steps,
    begin,
    collect,
    policy_of,
    sample_features,
)
from worldmodels.training.run_folder import last_checkpoint

Record = dict[str, int | float | None]
"""A line of metrics: name -> value, None where no episode ended."""

COLUMN_AXIS = 1
"""Of the worlds, or of the steps that are dealt one by one, in what is learned from."""


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
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # keywords of the world

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
        """The run as JSON values, those of `ppo` beside its own."""
        values = dataclasses.asdict(self)
        ppo = values.pop("ppo")
        return {**values, **ppo}


class Learner(NamedTuple):
    """All that changes during training."""

    model: Agent
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
    is_sound: Bool[Array, ""]  # whether all that was seen, and all rewards, were finite


Updated = tuple[Learner, Outcome]


class Program(NamedTuple):
    """Training as compiled functions, for any seed."""

    start: Callable[[PRNGKeyArray], Learner]
    update: Callable[[Learner], Updated]
    update_together: Callable[[Sequence[Learner]], Sequence[Updated]]
    """The same for several learners at once, up to rounding; compiled for their number."""


def compile_ppo(
    problem: Problem, config: PPOConfig, num_updates: int, mesh: Mesh | None = None
) -> Program:
    """Prepare training; jax compiles it at the first call.

    Args:
        problem: The world.
        config: Of the training.
        num_updates: Over which the learning rate falls.
        mesh: Devices that share the worlds, with one learner at a time; the results are those of
            one device up to rounding.
    """
    batch = make_worlds(problem, config.num_envs, mesh)
    optimizer = make_optimizer(config, num_updates)

    def start(key: PRNGKeyArray) -> Learner:
        model_key, worlds_key, key = jax.random.split(key, 3)
        model = make_agent(problem, config, model_key)
        if isinstance(model, Scaled):
            model = Scaled.to(model, sample_features(batch, problem, config.num_envs, worlds_key))
        play = begin(batch, problem, policy_of(model), config.num_envs, worlds_key)
        return Learner(model, optimizer.init(model), play, key)

    def update(learner: Learner) -> Updated:
        return update_once(learner, batch, problem, optimizer, config, mesh)

    def update_together(learners: Sequence[Learner]) -> Sequence[Updated]:
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *learners)
        updated = jax.vmap(update)(stacked)
        return [
            jax.tree.map(lambda leaf, seed=seed: leaf[seed], updated)
            for seed in range(len(learners))
        ]

    return Program(jax.jit(start), jax.jit(update), jax.jit(update_together))


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
    problem: Problem,
    optimizer: optax.GradientTransformation,
    config: PPOConfig,
    mesh: Mesh | None = None,
) -> Updated:
    """Make a rollout in every world, and learn from it."""
    act_key, learn_key, key = jax.random.split(learner.key, 3)
    policy, keys = policy_of(learner.model), jax.random.split(act_key, config.rollout_steps)
    play, steps, episodes = collect(batch, problem, policy, learner.play, keys)
    last_value = policy.value(play.carry, play.features, play.is_first)
    whole = deal((learner.play.carry, to_batch(steps, last_value, config)), mesh, COLUMN_AXIS)

    def descend(
        state: tuple[Agent, optax.OptState], columns: Int[Array, " columns"]
    ) -> tuple[tuple[Agent, optax.OptState], Losses]:
        model, moments = state
        carry, part = deal(take_columns(whole, columns), mesh, COLUMN_AXIS)
        (_, losses), gradient = jax.value_and_grad(loss, has_aux=True)(model, carry, part, config)
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to integer powers
            step, moments = optimizer.update(gradient, moments, model)
        return (optax.apply_updates(model, step), moments), losses

    def epoch(
        state: tuple[Agent, optax.OptState], key: PRNGKeyArray
    ) -> tuple[tuple[Agent, optax.OptState], Losses]:
        order = jax.random.permutation(key, config.num_columns)
        return jax.lax.scan(descend, state, order.reshape(config.num_minibatches, -1))

    (model, moments), losses = jax.lax.scan(
        epoch, (learner.model, learner.optimizer), jax.random.split(learn_key, config.epochs)
    )
    is_sound = jnp.isfinite(steps.features).all() & jnp.isfinite(steps.reward).all()
    outcome = summarise(episodes, jax.tree.map(jnp.mean, losses), is_sound)
    model, moments = deal((model, moments), mesh, None)
    return Learner(model, moments, play, key), outcome


def to_batch(steps: Steps, last_value: Float[Array, " envs"], config: PPOConfig) -> Batch:
    """Judge the actions of a rollout; without a memory, put the steps of all worlds into one row.

    Args:
        steps: The rollout.
        last_value: Of the observations after it.
        config: Of the training.
    """
    advantage = advantages(
        steps.reward,
        steps.value,
        steps.final_value,
        steps.terminated,
        steps.truncated,
        last_value,
        config,
    )
    batch = Batch(
        steps.features,
        steps.is_first,
        steps.action,
        steps.log_prob,
        steps.value,
        advantage,
        advantage + steps.value,
    )
    if config.memory != "none":
        return batch
    row: Batch = jax.tree.map(lambda leaf: leaf.reshape(1, -1, *leaf.shape[2:]), batch)
    return row


def take_columns(
    whole: tuple[Carry, Batch], columns: Int[Array, " columns"]
) -> tuple[Carry, Batch]:
    """Some columns of a batch, and what was known before them; B is the second axis of both."""
    part: tuple[Carry, Batch] = jax.tree.map(lambda leaf: leaf[:, columns], whole)
    return part


def summarise(episodes: Episodes, losses: Losses, is_sound: Bool[Array, ""]) -> Outcome:
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
        is_sound,
    )


def train(
    program: Program,
    run: Run,
    folder: Path,
    on_update: Callable[[Record], None],
    checkpoint_every: int = 50,
) -> list[Record]:
    """Train one agent, or go on where a killed run had its last checkpoint; see `train_together`.

    Returns:
        The metrics of all updates, those before a kill included.
    """

    def on_any_update(_: Run, record: Record) -> None:
        on_update(record)

    return train_together(program, {folder: run}, on_any_update, checkpoint_every)[0]


def train_together(
    program: Program,
    runs: Mapping[Path, Run],
    on_update: Callable[[Run, Record], None],
    checkpoint_every: int = 50,
) -> list[list[Record]]:
    """Train agents at once, each in its folder; those that are behind catch up first.

    Args:
        program: Of the world of the runs, their parameters and number of updates.
        runs: The folder of each, its alone, see `worldmodels.incontext.checkpoint`; they differ in
            nothing but their seeds.
        on_update: Called with each run and the metrics of each of its updates.
        checkpoint_every: Updates between two checkpoints; there is one at the end in any case.

    Returns:
        The metrics of all updates of every run, those before a kill included.

    Raises:
        ValueError: a folder belongs to another run, or is broken; or numbers are not finite.
    """
    learners: list[Learner] = []
    records: list[list[Record]] = []
    for folder, run in runs.items():
        checkpoint.open_run(folder, run.to_dict())
        learner, known = resume(program, run, folder)
        learners.append(learner)
        records.append(known)
        for record in known:
            on_update(run, record)
    num_updates = next(iter(runs.values())).num_updates
    with contextlib.ExitStack() as stack:
        files = [
            stack.enter_context((folder / "metrics.jsonl").open("a", encoding="utf-8"))
            for folder in runs
        ]
        while (done := min(len(known) for known in records)) < num_updates:
            group = [index for index, known in enumerate(records) if len(known) == done]
            updated, seconds = _advance(program, [learners[index] for index in group])
            for index, (learner, outcome) in zip(group, updated, strict=True):
                (folder, run), update = list(runs.items())[index], done + 1
                check_finite(outcome, f"update {update} of {run.env}, seed {run.seed}")
                record = to_record(outcome, update, run.ppo.steps_per_update, seconds)
                files[index].write(json.dumps(record, allow_nan=False) + "\n")
                files[index].flush()
                learners[index] = learner
                records[index].append(record)
                if update % checkpoint_every == 0 or update == num_updates:
                    model, training = split(learner)
                    checkpoint.save_checkpoint(folder, update, model, training, run.to_dict())
                on_update(run, record)
    return records


def _advance(program: Program, learners: Sequence[Learner]) -> tuple[Sequence[Updated], float]:
    """One update of each, and the seconds that all took."""
    before = time.perf_counter()
    is_alone = len(learners) == 1
    updated = [program.update(*learners)] if is_alone else program.update_together(learners)
    jax.block_until_ready([outcome for _, outcome in updated])  # type: ignore[no-untyped-call]  # jax
    return updated, time.perf_counter() - before


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


def check_finite(outcome: Outcome, where: str) -> None:
    """Stop rather than train on numbers that mean nothing.

    Raises:
        ValueError: an observation, a reward or a loss was NaN or infinite.
    """
    if not outcome.is_sound:
        raise ValueError(f"{where}: an observation or a reward is NaN or infinite; mend the world")
    for name, value in outcome.losses._asdict().items():
        if not math.isfinite(value):
            raise ValueError(f"{where}: {name} is {value}; try a lower learning_rate")


def split(learner: Learner) -> tuple[Agent, dict[str, Any]]:
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
    del values["losses"], values["is_sound"]
    values = {"return" if k == "total" else k: v for k, v in values.items() if v is not None}
    numbers = {k: float(v) if v == v else None for k, v in values.items()}  # NaN is not itself
    return {
        "update": update,
        "steps": update * steps_per_update,
        "steps_per_second": steps_per_update / seconds,
        **numbers,
    }
