"""Models of either kind as simulators: grids in, next grids out, as often as one likes."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from worldmodels.lifegpt.decoding import Decoding, write_answers
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.tokenizer import ALIVE, DEAD, PADDING
from worldmodels.lifegpt.torus_model import TorusTransformer

Model = LifeGPT | TorusTransformer
Grids = Bool[Tensor, "batch rows columns"]


class NextGrids(NamedTuple):
    """What a model takes for the next generation."""

    grids: Grids
    is_whole: Bool[Tensor, " batch"]  # false where it wrote no grid
    rounds: Int64[Tensor, " batch"]  # passes it took


@torch.no_grad()
def next_grids(
    model: Model, grids: Grids, decoding: Decoding, generator: torch.Generator | None = None
) -> NextGrids:
    """Foretell one generation.

    A model that knows the torus foretells all cells in one pass, whatever the method.

    Raises:
        ValueError: the model knows no such grids, or a generator is missing.
    """
    batch, rows, columns = grids.shape
    if isinstance(model, LifeGPT):
        states = states_of(model, grids)
        answers = write_answers(model, states, decoding, generator)
        cells = answers.states[:, : rows * columns] == ALIVE
        return NextGrids(cells.view(batch, rows, columns), answers.is_whole, answers.rounds)
    once = torch.ones(batch, dtype=torch.long, device=grids.device)
    return NextGrids(_drawn(model(grids), decoding, generator), once == 1, once)


def rollout(
    model: Model,
    grids: Grids,
    num_steps: int,
    decoding: Decoding,
    generator: torch.Generator | None = None,
) -> Bool[Tensor, "batch times rows columns"]:
    """The grids and what the model makes of them, each answer being the next question.

    Nothing leaves the device. Source: lifegpt.md 1.9, the autoregressive autoregressor.
    """
    batch, rows, columns = grids.shape
    states = torch.empty(
        (batch, num_steps + 1, rows, columns), dtype=torch.bool, device=grids.device
    )
    states[:, 0] = grids
    for time in range(num_steps):
        states[:, time + 1] = next_grids(model, states[:, time], decoding, generator).grids
    return states


def states_of(model: LifeGPT, grids: Grids) -> Int64[Tensor, "batch cells"]:
    """Grids as the model knows them, padded.

    Raises:
        ValueError: it knows grids of other sides.
    """
    batch, rows, columns = grids.shape
    if rows != columns or rows not in model.config.sides:
        known = " or ".join(f"{side}x{side}" for side in model.config.sides)
        raise ValueError(
            f"this model was made for grids of {known}, got {rows}x{columns}; train one for them "
            "with --sides"
        )
    states = torch.full((batch, model.config.num_cells), PADDING, device=grids.device)
    states[:, : rows * columns] = torch.where(grids, ALIVE, DEAD).flatten(1)
    return states


def log_probabilities(
    model: Model, grids: Grids, next_grids: Grids, *, is_parallel: bool = False
) -> Float[Tensor, " batch"]:
    """Logarithms of the probabilities with which the constrained model draws these next grids.

    Args:
        model: of either kind.
        grids: questions.
        next_grids: answers.
        is_parallel: the model writes all cells at once.
    """
    with torch.no_grad():
        if isinstance(model, TorusTransformer):
            return bernoulli_log_probs(model(grids), next_grids)
        return _gpt_log_probs(model, grids, next_grids, is_parallel)


def bernoulli_log_probs(
    logits: Float[Tensor, "batch rows columns"], grids: Grids
) -> Float[Tensor, " batch"]:
    """Of grids whose cells are alive independently, with these logits."""
    signed = torch.where(grids, logits, -logits).double()
    return torch.nn.functional.logsigmoid(signed).sum(dim=(1, 2))


def _gpt_log_probs(
    model: LifeGPT, grids: Grids, next_grids: Grids, is_parallel: bool
) -> Float[Tensor, " batch"]:
    tokens, num_cells = model.config.tokens, model.config.num_cells
    states, next_states = states_of(model, grids), states_of(model, next_grids)
    encoded = tokens.encode(states.cpu().numpy(), next_states.cpu().numpy())
    sequences = torch.from_numpy(encoded).to(grids.device)
    first = tokens.first_cell(num_cells)
    if is_parallel:
        sequences[:, first:] = tokens.mask
    logits = model(sequences[:, : first + num_cells - 1], start=first - 1)
    is_real = next_states != PADDING
    alive = logits[..., tokens.cells[ALIVE]] - logits[..., tokens.cells[DEAD]]
    signed = torch.where(next_states == ALIVE, alive, -alive).double()
    return (torch.nn.functional.logsigmoid(signed) * is_real).sum(dim=1)


def _drawn(
    logits: Float[Tensor, "batch rows columns"],
    decoding: Decoding,
    generator: torch.Generator | None,
) -> Grids:
    if decoding.temperature == 0:
        return logits > 0
    if generator is None:
        raise ValueError("a temperature above 0 needs a generator")
    uniform = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
    return uniform.to(logits.device) < (logits.double() / decoding.temperature).sigmoid()
