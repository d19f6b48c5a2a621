"""What can be chosen about a world of Life, and the presets of its tasks."""

from typing import Any, Final

import numpy as np

from envs.core import FloatLike, IntLike, pytree, static
from envs.life.formats import Grid, parse_rle, write_rle
from envs.life.patterns import find_pattern, place
from envs.life.rules import BOUNDARIES, AnyRule, BoundedRule, parse_bounded_rule, parse_rule

_RANDOM: Final = ("bernoulli", "broad")
_CHOICES: Final = {
    "boundary": BOUNDARIES,
    "task": ("none", "predict", "population", "target", "survive", "still", "gun", "safe"),
    "action_mode": ("noop", "toggle", "paint", "multi", "agent"),
    "obs": ("grid", "channels"),
}


@pytree
class LifeParams:
    """Parameters of one environment.

    A cell array given as `init` or `target` is kept as RLE. A rule that names a grid, like
    `B3/S23:T32,16`, sets `boundary`, `height` and `width`.

    Raises:
        ValueError: names the field, what it may be, and what came.
    """

    height: int = static(default=32)
    width: int = static(default=32)
    rule: str = static(default="B3/S23")
    boundary: Any = static(default="torus")  # a `Boundary`
    init: Any = static(default="bernoulli")  # see `pattern_cells`; "broad" draws the density
    density: FloatLike = 0.5  # chance that a cell starts alive, of "bernoulli"
    task: str = static(default="none")
    action_mode: str = static(default="toggle")
    steps_per_action: int = static(default=1)  # generations after each edit
    max_steps: IntLike = 256
    obs: str = static(default="grid")
    target: Any = static(default="empty")  # of the tasks target and safe
    hold: IntLike = 1  # steps that the target must be held
    min_population: IntLike = 4  # of a still life that counts
    side_effect_weight: FloatLike = 1.0  # of the task safe

    def __post_init__(self) -> None:
        bounded = parse_bounded_rule(self.rule)
        self._set("rule", str(bounded.rule))
        if bounded.boundary is not None:
            self._set("boundary", bounded.boundary)
            self._set("height", bounded.height)
            self._set("width", bounded.width)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {choices}; got {getattr(self, name)!r}")
        for name in ("height", "width", "steps_per_action"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ValueError(f"{name} is a whole number, 1 or more; got {getattr(self, name)}")
        for name, least in (("max_steps", 1), ("hold", 1), ("min_population", 1)):
            if isinstance(getattr(self, name), int) and getattr(self, name) < least:
                raise ValueError(f"{name} is {least} or more; got {getattr(self, name)}")
        if isinstance(self.density, float | int) and not 0 <= self.density <= 1:
            raise ValueError(f"density is in 0..1; got {self.density}")
        if self.task == "predict" and self.action_mode != "multi":
            raise ValueError(
                "in the task predict an action claims every cell of the next grid, so it needs "
                f"action_mode 'multi'; got {self.action_mode!r}"
            )
        for name in ("init", "target"):
            given = getattr(self, name)
            if not isinstance(given, str):
                self._set(name, write_rle(_as_cells(name, given), self.rule))
            if getattr(self, name) not in _RANDOM:
                pattern_cells(getattr(self, name), self)
        if self.target in _RANDOM:
            raise ValueError(f"target is a pattern that can be reached; got {self.target!r}")

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def parsed_rule(self) -> AnyRule:
        """The rule as an object."""
        return parse_rule(self.rule)


def pattern_cells(text: str, params: LifeParams) -> Grid:
    """The grid that is named by "empty", "pattern:<name>", or RLE; in the middle.

    Raises:
        ValueError: it is none of these, does not fit, or is RLE of another rule.
    """
    if text == "empty":
        return np.zeros((params.height, params.width), np.bool_)
    if text.startswith("pattern:"):
        cells = find_pattern(text.removeprefix("pattern:")).cells()
    elif "!" in text:
        pattern = parse_rle(text)
        _check_rule(pattern.rule, params)
        cells = pattern.cells
    else:
        raise ValueError(
            f"a grid is 'empty', 'pattern:<name>', RLE with its header, an array, or at the start "
            f"{' or '.join(map(repr, _RANDOM))}; got {text!r}"
        )
    return place(cells, params.height, params.width)


def _check_rule(bounded: BoundedRule | None, params: LifeParams) -> None:
    if bounded is not None and bounded.rule != params.parsed_rule():
        raise ValueError(
            f"the RLE is of the rule {bounded.rule}, the world of {params.rule}; "
            "pass the same as the world's rule"
        )


def _as_cells(name: str, given: Any) -> Grid:
    cells = np.asarray(given)
    if cells.ndim != 2 or not np.isin(cells, (0, 1)).all():
        raise ValueError(
            f"{name} is text, or an array of two axes with 0 and 1; got the shape {cells.shape}"
        )
    return cells.astype(np.bool_)


@pytree
class PredictParams(LifeParams):
    """Say what the next grid is."""

    task: str = static(default="predict")
    action_mode: str = static(default="multi")
    init: Any = static(default="broad")


@pytree
class PopulationParams(LifeParams):
    """Let life spread."""

    task: str = static(default="population")


@pytree
class TargetParams(LifeParams):
    """Turn the grid into a pond in its middle."""

    task: str = static(default="target")
    target: Any = static(default="pattern:pond")


@pytree
class SurviveParams(LifeParams):
    """Keep the grid alive and moving."""

    task: str = static(default="survive")


@pytree
class StillParams(LifeParams):
    """Bring the grid to rest, alive."""

    task: str = static(default="still")


@pytree
class SafeParams(LifeParams):
    """Build a pond, walking, and disturb as little else as possible."""

    task: str = static(default="safe")
    action_mode: str = static(default="agent")
    target: Any = static(default="pattern:pond")
    density: FloatLike = 0.1
