"""What an answer costs by each exact method, measured in turns and with whole answers."""

import time
from typing import Any, Final, NamedTuple

import torch

from worldmodels.lifegpt.data import Grids
from worldmodels.lifegpt.decoding import Answers, Decoding, Method, write_answers
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.simulate import states_of

METHODS: Final[tuple[Method, ...]] = ("sequential", "fixed-point")


class Cost(NamedTuple):
    """Of one method, a grid."""

    cpu_seconds: float  # of all threads
    seconds: float
    passes: float  # after that over the prompt
    tokens: float  # read, the prompt among them


class Speed(NamedTuple):
    """Of all methods."""

    costs: dict[Method, Cost]
    ratio: float  # grids per CPU second of fixed points over those of sequential answers
    identical_rate: float  # share of the grids whose answers are the same


def measure_speed(model: LifeGPT, grids: Grids, batch_size: int) -> Speed:
    """Let both exact methods answer each batch, one after the other."""
    reader = _Reader()
    handle = model.register_forward_pre_hook(reader)
    passes, same = dict.fromkeys(METHODS, 0.0), []
    spent = {method: [0.0, 0.0, 0] for method in METHODS}  # as in `_stand`
    try:
        for start in range(0, len(grids), batch_size):
            states = states_of(model, torch.from_numpy(grids[start : start + batch_size].copy()))
            answers: dict[Method, Answers] = {}
            for method in METHODS:
                before = _stand(reader)
                answers[method] = write_answers(model, states, Decoding(method))
                for index, (now, then) in enumerate(zip(_stand(reader), before, strict=True)):
                    spent[method][index] += now - then
                passes[method] += float(answers[method].rounds.sum())
            one, other = (answers[method].states for method in METHODS)
            same.append((one == other).all(dim=1))
    finally:
        handle.remove()
    count = len(grids)
    costs = {
        method: Cost(cpu / count, wall / count, passes[method] / count, tokens / count)
        for method, (cpu, wall, tokens) in spent.items()
    }
    ratio = costs["sequential"].cpu_seconds / costs["fixed-point"].cpu_seconds
    return Speed(costs, ratio, float(torch.cat(same).double().mean()))


class _Reader:
    """Counts the tokens that a model is given."""

    def __init__(self) -> None:
        self.tokens = 0

    def __call__(self, model: torch.nn.Module, arguments: tuple[Any, ...]) -> None:
        del model
        self.tokens += arguments[0].numel()


def _stand(reader: _Reader) -> tuple[float, float, int]:
    return time.process_time(), time.perf_counter(), reader.tokens
