"""Simulators of Life as world models, so that one protocol ranks them all.

| factory | what |
|---|---|
| `true_rule` | the rule itself |
| `majority` | looks at no cell; each one lives with the share of cells that do after a step |
| `convolution` | a network of one 3x3 convolution, which is told the torus; trained when made |
| `lifegpt` | a checkpoint of this package, of either kind |

Models of the second kind and convolutions know the torus, a checkpoint of `LifeGPT` does not.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import jax.numpy as jnp
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from envs.assets import asset_path
from envs.life.actions import edited
from envs.life.params import LifeParams
from envs.life.state import LifeState, grid_hash
from worldmodels.interface import WorldModel
from worldmodels.lifegpt.checkpoint import load_model, read_manifest
from worldmodels.lifegpt.config import TorusConfig
from worldmodels.lifegpt.data import LIFE, draw_grids, successors
from worldmodels.lifegpt.measure import decoding_of
from worldmodels.lifegpt.simulate import bernoulli_log_probs, log_probabilities, next_grids
from worldmodels.training.run_folder import last_checkpoint

Grids = Bool[Tensor, "batch rows columns"]
Logits = Float[Tensor, "batch rows columns"]
Foretelling = Callable[[Grids], Logits]  # of being alive in the next generation

TRAINING_GRIDS: Final = 4096  # of the majority
CONVOLUTION_STEPS: Final = 400
CONVOLUTION_WIDTH: Final = 16
SHIPPED: Final = "lifegpt-*"  # names of folders
REPLICA: Final = "-seed-"  # in the names of those that only tell how much seeds differ


class Simulator(NamedTuple):
    """What a model says about the next generation."""

    draw: Callable[[Grids, torch.Generator], Grids]
    log_probs: Callable[[Grids, Grids], Float[Tensor, " batch"]]


class LifeWorldModel(WorldModel[LifeState, Any]):
    """A simulator behind the actions of a world of Life.

    The action edits the grid as it does in the world, then the simulator takes the place of the
    rule. Only cells are foretold and scored; the rest of a state follows from what came before.

    Raises:
        ValueError: the world is one whose states depend on more than the cells.
    """

    def __init__(self, simulator: Simulator, params: LifeParams | None = None) -> None:
        params = LifeParams() if params is None else params
        if (params.task, params.steps_per_action) != ("none", 1) or params.action_mode == "agent":
            raise ValueError(
                "simulators stand in for worlds of task 'none', 1 generation a step and no agent; "
                f"got task {params.task!r}, {params.steps_per_action} generations a step and "
                f"action mode {params.action_mode!r}"
            )
        self._simulator = simulator
        self._params = params

    @override
    def sample(self, key: int, state: LifeState, action: Any) -> LifeState:
        cells, agent = edited(state.cells, state.agent, action, self._params)
        generator = torch.Generator().manual_seed(key)
        drawn = self._simulator.draw(_as_grids([cells]), generator)[0]
        return dataclasses.replace(
            state,
            cells=jnp.asarray(drawn.cpu().numpy()),
            previous=state.cells,
            agent=agent,
            time=state.time + 1,
            hashes=jnp.roll(state.hashes, 1).at[0].set(grid_hash(state.cells)),
        )

    @override
    def log_prob(self, state: LifeState, action: Any, next_state: LifeState) -> float:
        return self.log_probs(state, action, [next_state])[0]

    @override
    def log_probs(
        self, state: LifeState, action: Any, next_states: Sequence[LifeState]
    ) -> list[float]:
        cells, _ = edited(state.cells, state.agent, action, self._params)
        candidates = _as_grids([candidate.cells for candidate in next_states])
        before = _as_grids([cells]).expand(candidates.shape)
        values: list[float] = self._simulator.log_probs(before, candidates).tolist()
        return values


def true_rule(params: LifeParams | None = None) -> LifeWorldModel:
    """The rule of the world: certain, and right."""
    return LifeWorldModel(_independent(rule_logits(_rule_of(params))), params)


def majority(params: LifeParams | None = None, seed: int = 0) -> LifeWorldModel:
    """The share of live cells after a step from grids of broad entropy; mostly says "dead"."""
    return LifeWorldModel(_independent(majority_logits(_rule_of(params), seed)), params)


def convolution(params: LifeParams | None = None, seed: int = 0) -> LifeWorldModel:
    """Train a small convolutional network on grids of broad entropy; takes seconds."""
    return LifeWorldModel(_independent(convolution_logits(_rule_of(params), seed)), params)


def lifegpt(path: Path, params: LifeParams | None = None, device: str = "cpu") -> LifeWorldModel:
    """A trained model; samples have temperature 1.

    Args:
        path: the folder of a run, or one of its checkpoints.
        params: of the world that it stands in for.
        device: where to compute.

    Raises:
        ValueError: the checkpoint is broken, or of other grids or another rule than the world.
    """
    model, config = load_model(path, device)
    params = LifeParams() if params is None else params
    if params.rule != config.rule:
        raise ValueError(
            f"{path} was trained on the rule {config.rule}, the world has {params.rule}"
        )
    blank = torch.zeros(1, params.height, params.width, dtype=torch.bool, device=device)
    exact = decoding_of(model, config.objective)
    decoding = dataclasses.replace(exact, temperature=1.0)
    try:
        next_grids(model, blank, exact)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return LifeWorldModel(
        Simulator(
            lambda grids, generator: next_grids(model, grids.to(device), decoding, generator).grids,
            lambda before, after: log_probabilities(
                model,
                before.to(device),
                after.to(device),
                is_parallel=decoding.method == "parallel",
            ),
        ),
        params,
    )


def rule_logits(rule: str) -> Foretelling:
    """Certain, and right."""

    def logits(grids: Grids) -> Logits:
        after = torch.from_numpy(successors(grids.numpy(), rule).copy())
        return torch.where(after, torch.inf, -torch.inf)

    return logits


def majority_logits(rule: str, seed: int = 0) -> Foretelling:
    """The same for every cell."""
    rng = np.random.default_rng(seed)
    after = successors(draw_grids(rng, rng.random(TRAINING_GRIDS), 16), rule)
    logit = float(torch.tensor(after.mean()).logit())
    return lambda grids: torch.full(grids.shape, logit, dtype=torch.float64)


def convolution_logits(rule: str, seed: int = 0) -> Foretelling:
    """Of a network that is trained here, which takes seconds."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # layers draw their first weights from the global one
        network = nn.Sequential(
            nn.Conv2d(1, CONVOLUTION_WIDTH, 3, padding=1, padding_mode="circular"),
            nn.ReLU(),
            nn.Conv2d(CONVOLUTION_WIDTH, CONVOLUTION_WIDTH, 1),
            nn.ReLU(),
            nn.Conv2d(CONVOLUTION_WIDTH, 1, 1),
        )

    def logits(grids: Grids) -> Logits:
        foretold: Logits = network(grids[:, None].float())[:, 0]
        return foretold

    rng = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.05, total_steps=CONVOLUTION_STEPS
    )
    for _ in range(CONVOLUTION_STEPS):
        grids = draw_grids(rng, rng.random(32), 8)
        targets = torch.from_numpy(successors(grids, rule).copy()).float()
        loss = functional.binary_cross_entropy_with_logits(logits(torch.from_numpy(grids)), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        schedule.step()
    return logits


def shipped_checkpoints() -> dict[str, Path]:
    """Folders of the models of this package that come with it, by name, one for each preset."""
    try:
        folder = asset_path("checkpoints")
    except FileNotFoundError:  # none are shipped
        return {}
    return {
        path.name: path
        for path in sorted(folder.glob(SHIPPED))
        if path.is_dir() and REPLICA not in path.name
    }


def fits(path: Path, params: LifeParams) -> bool:
    """Whether a checkpoint was trained for the rule of a world, and can be asked about its grids.

    Args:
        path: the folder of a run.
        params: of the world.

    Raises:
        ValueError: the checkpoint is broken.
    """
    checkpoint = last_checkpoint(path)
    if checkpoint is None:
        return False
    config = read_manifest(checkpoint).config
    if config.rule != params.rule:
        return False
    if isinstance(config.model, TorusConfig):
        return min(params.height, params.width) > 2 * config.model.radius
    return params.height == params.width and params.height in config.model.sides


def _rule_of(params: LifeParams | None) -> str:
    return LIFE if params is None else params.rule


def _independent(logits: Foretelling) -> Simulator:
    """A simulator whose cells are alive independently, with these logits."""

    @torch.no_grad()
    def draw(grids: Grids, generator: torch.Generator) -> Grids:
        uniform = torch.rand(grids.shape, generator=generator, dtype=torch.float64)
        return uniform < logits(grids).double().sigmoid()

    @torch.no_grad()
    def log_probs(before: Grids, after: Grids) -> Float[Tensor, " batch"]:
        return bernoulli_log_probs(logits(before), after)

    return Simulator(draw, log_probs)


def _as_grids(grids: Sequence[Any]) -> Grids:
    return torch.from_numpy(np.stack([np.asarray(cells) for cells in grids]).astype(np.bool_))
