"""Three ways to write an answer, and what each one costs.

| method | passes over the answer |
|---|---|
| `sequential` | one for every token, each over one token |
| `fixed-point` | a few, each over tokens that may still change; the same answer |
| `parallel` | one; for models trained with the objective "parallel" |

Fixed-point decoding begins with a guess, and writes the tokens of a window anew until nothing
changes. A token is right as soon as those before it are, so each pass makes at least one more token
right for good, and what stays is what `sequential` writes, up to rounding where two logits are as
good as equal. It holds for samples, too: the noise of every token is drawn beforehand. The window
begins behind the tokens that are right for good; its end keeps late tokens from being read again
and again while early ones change.
"""

import dataclasses
from typing import Final, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from worldmodels.lifegpt.model import LifeGPT, Tokens
from worldmodels.lifegpt.tokenizer import ALIVE, DEAD, PADDING

WINDOW: Final = 256  # tokens of a pass at most; enough for products of matrices to be fast

Slots = Int64[Tensor, "batch slots"]
Method = Literal["sequential", "fixed-point", "parallel"]


@dataclasses.dataclass(frozen=True)
class Decoding:
    """How answers are written."""

    method: Method = "fixed-point"
    """See the table."""
    temperature: float = 0.0
    """0 takes the likeliest token, more draws one."""
    is_constrained: bool = True
    """Only cells where cells belong, so that every answer is a grid."""
    top_k: int = 0
    """Draw among so many of the likeliest tokens; 0: among all. The published value is 26."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature is at least 0, got {self.temperature}")
        if self.top_k < 0:
            raise ValueError(f"top_k is at least 0, got {self.top_k}")
        if self.method == "parallel" and not self.is_constrained:
            raise ValueError("parallel decoding writes cells alone, so it is always constrained")


class Answers(NamedTuple):
    """What a model wrote."""

    states: Int64[Tensor, "batch cells"]
    is_whole: Bool[
        Tensor, " batch"
    ]  # false where it wrote no grid, which cannot happen constrained
    rounds: Int64[Tensor, " batch"]  # passes after that over the prompt


@torch.no_grad()
def write_answers(
    model: LifeGPT,
    states: Int64[Tensor, "batch cells"],
    decoding: Decoding,
    generator: torch.Generator | None = None,
) -> Answers:
    """The next states.

    Args:
        model: on the device of the states.
        states: padded as in training.
        decoding: how.
        generator: on the CPU; needed at temperatures above 0.

    Raises:
        ValueError: there is no generator, or states of another length than the model's.
    """
    tokens = model.config.tokens
    if states.shape[1] != model.config.num_cells:
        raise ValueError(
            f"this model knows states of {model.config.num_cells} cells, got {states.shape[1]}"
        )
    prompt, choice = _task(model, states, decoding, generator)
    write = {"sequential": _sequential, "fixed-point": _fixed_point, "parallel": _parallel}
    written, rounds = write[decoding.method](model, prompt, choice)
    if decoding.is_constrained:
        is_whole = torch.ones(len(states), dtype=torch.bool, device=states.device)
        cell_tokens = torch.tensor(tokens.cells, device=states.device)
        cells = (written[..., None] == cell_tokens).long().argmax(dim=-1)
        return Answers(cells, is_whole, rounds)
    found, whole = tokens.read_answers(written.cpu().numpy(), model.config.num_cells)
    return Answers(
        torch.from_numpy(found).to(states.device), torch.from_numpy(whole).to(states.device), rounds
    )


@dataclasses.dataclass(frozen=True)
class Choice:
    """How the tokens of answers are chosen; slots are the places of an answer."""

    alphabet: Int64[Tensor, " choices"]  # tokens to choose from
    guess: Slots  # also what stands in slots that are not free
    is_free: Bool[Tensor, "batch slots"]
    temperature: float
    top_k: int
    noise: Float[Tensor, "batch slots choices"] | None  # Gumbel

    def of_rows(self, rows: Int64[Tensor, " rows"]) -> "Choice":
        """For some of the answers."""
        noise = None if self.noise is None else self.noise[rows]
        return dataclasses.replace(
            self, guess=self.guess[rows], is_free=self.is_free[rows], noise=noise
        )

    def __call__(
        self, logits: Float[Tensor, "batch chosen vocabulary"], slot: int
    ) -> Int64[Tensor, "batch chosen"]:
        """Tokens of the slots from `slot` on."""
        scores = logits[..., self.alphabet]
        end = slot + logits.shape[1]
        if self.noise is not None:
            if 0 < self.top_k < scores.shape[-1]:
                least = scores.topk(self.top_k, dim=-1).values[..., -1:]
                scores = scores.masked_fill(scores < least, -torch.inf)
            scores = scores / self.temperature + self.noise[:, slot:end]
        chosen = self.alphabet[scores.argmax(dim=-1)]
        return torch.where(self.is_free[:, slot:end], chosen, self.guess[:, slot:end])


def _task(
    model: LifeGPT,
    states: Int64[Tensor, "batch cells"],
    decoding: Decoding,
    generator: torch.Generator | None,
) -> tuple[Tokens, Choice]:
    """The prompts, with the literal tokens before the cells if constrained, and the choice."""
    tokens, device = model.config.tokens, states.device
    whole = torch.from_numpy(tokens.encode(states.cpu().numpy(), states.cpu().numpy())).to(device)
    if decoding.is_constrained:
        first = tokens.first_cell(model.config.num_cells)
        prompt, guess = whole[:, :first], whole[:, first : first + model.config.num_cells]
        is_free = states != PADDING
        alphabet = torch.tensor([tokens.cells[DEAD], tokens.cells[ALIVE]], device=device)
    else:
        split = tokens.prompt_length(model.config.num_cells)
        prompt, guess = whole[:, :split], whole[:, split:]
        is_free = torch.ones_like(guess, dtype=torch.bool)
        alphabet = torch.arange(tokens.num_tokens, device=device)
    noise = None
    if decoding.temperature > 0:
        if generator is None:
            raise ValueError("a temperature above 0 needs a generator")
        shape = (*guess.shape, len(alphabet))
        exponential = torch.empty(shape, dtype=torch.float64).exponential_(generator=generator)
        noise = -exponential.log().to(device, model.head.weight.dtype)
    choice = Choice(alphabet, guess, is_free, decoding.temperature, decoding.top_k, noise)
    return prompt, choice


def _sequential(
    model: LifeGPT, prompt: Tokens, choice: Choice
) -> tuple[Slots, Int64[Tensor, " batch"]]:
    batch, slots = choice.guess.shape
    cache = model.new_cache(batch, prompt.shape[1] + slots - 1)
    logits = model(prompt, start=prompt.shape[1] - 1, cache=cache)
    written = torch.empty_like(choice.guess)
    for slot in range(slots):
        written[:, slot : slot + 1] = choice(logits, slot)
        if slot + 1 < slots:
            logits = model(written[:, slot : slot + 1], cache=cache)
    return written, torch.full((batch,), slots, device=prompt.device)


def _fixed_point(
    model: LifeGPT, prompt: Tokens, choice: Choice
) -> tuple[Slots, Int64[Tensor, " batch"]]:
    batch, slots = choice.guess.shape
    written, rounds = choice.guess.clone(), torch.zeros(batch, dtype=torch.long)
    rounds = rounds.to(prompt.device)
    active = torch.arange(batch, device=prompt.device)
    cache = model.new_cache(batch, prompt.shape[1] + slots - 1)
    if prompt.shape[1] > 1:
        model(prompt[:, :-1], start=prompt.shape[1] - 2, cache=cache)
    last, right = prompt[:, -1:], 0  # slots that are right in every active answer
    while len(active):
        end = min(right + WINDOW, slots)
        guess = written[active, :end]
        cache.length = prompt.shape[1] - 1 + right
        before = last[active] if right == 0 else guess[:, right - 1 : right]
        logits = model(torch.cat([before, guess[:, right:-1]], dim=1), cache=cache)
        chosen = choice.of_rows(active)(logits, right)
        rounds[active] += 1
        written[active, right:end] = chosen
        differs = chosen != guess[:, right:]
        first_change = torch.where(differs.any(dim=1), differs.long().argmax(dim=1), end - right)
        known = (right + first_change + 1).clamp(max=end)
        is_open = known < slots
        if is_open.any():
            right = int(known[is_open].min())
        if not is_open.all():
            cache = cache.rows(is_open.nonzero()[:, 0])
            active = active[is_open]
    return written, rounds


def _parallel(
    model: LifeGPT, prompt: Tokens, choice: Choice
) -> tuple[Slots, Int64[Tensor, " batch"]]:
    unknown = torch.full_like(choice.guess[:, :-1], model.config.tokens.mask)
    logits = model(torch.cat([prompt, unknown], dim=1), start=prompt.shape[1] - 1)
    return choice(logits, 0), torch.ones(len(prompt), dtype=torch.long, device=prompt.device)
