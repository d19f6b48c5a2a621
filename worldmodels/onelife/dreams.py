"""Environments whose transitions are dreamt by a world model: `python -m envs.play` plays in them.

A model takes the place of `transition` and of nothing else: observations, rewards, pictures and
ends of episodes look only at states, and stay those of the world.
"""

import importlib
import json
from pathlib import Path
from typing import Any, Final

import gymnasium
import numpy as np
from typing_extensions import override

from envs.core import Frame, FunctionalEnv
from worldmodels.interface import WorldModel
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.worlds import World, world_named

ENVIRONMENTS: Final = {"crafter_oo": "CrafterOO-v0", "homestead": "Homestead-v0"}
"""Name in `worlds.WORLDS` -> id of the environment."""

LAWS_FILE: Final = "laws.json"


class Dream(FunctionalEnv[Any, Any, Any]):
    """A core in which a world model decides what happens next.

    The same model, seed, episode and actions give the same states: the key of each sample follows
    from seed, episode and step. Parameters that alter the rules have no effect on a model.

    Args:
        core: The true environment, of objects.
        world: The same world, as it is learned from.
        model: Of that world; it gets actions by name.
    """

    traceable = False

    def __init__(
        self,
        core: FunctionalEnv[Any, Any, Any],
        world: World[Any],
        model: WorldModel[Any, Any],
    ) -> None:
        self._core, self._world, self._model = core, world, model
        self.idle_action = core.idle_action  # type: ignore[misc]  # this instance's own

    @override
    def transition(self, key: Any, state: Any, action: Any, params: Any) -> Any:
        del params
        return self._model.sample(_sample_key(key), state, self._world.actions[int(action)])

    def num_differences(self, state: Any, action: Any, next_state: Any, params: Any) -> int:
        """How many observables are otherwise in one true transition from the same state.

        True transitions are random, so that two of them differ, too.
        """
        true = self._core.transition(None, state, action, params)
        expected, dreamt = self._world.observables.compare(true, next_state)
        return sum(
            expected.get(name, ABSENT) != dreamt.get(name, ABSENT)
            for name in expected.keys() | dreamt.keys()
        )

    @override
    def key(self, seed: int, episode: int) -> tuple[int, int]:
        return seed, episode

    @override
    def initial(self, key: Any, params: Any) -> Any:
        return self._core.initial(self._core.key(*key), params)

    @override
    def observe(self, state: Any, params: Any) -> Any:
        return self._core.observe(state, params)

    @override
    def reward(self, state: Any, action: Any, next_state: Any, params: Any) -> Any:
        return self._core.reward(state, action, next_state, params)

    @override
    def terminated(self, state: Any, params: Any) -> Any:
        return self._core.terminated(state, params)

    @override
    def truncated(self, state: Any, params: Any) -> Any:
        return self._core.truncated(state, params)

    @override
    def observation_space(self, params: Any) -> gymnasium.Space[Any]:
        return self._core.observation_space(params)

    @override
    def action_space(self, params: Any) -> gymnasium.Space[Any]:
        return self._core.action_space(params)

    @override
    def info(self, state: Any, params: Any) -> dict[str, Any]:
        return self._core.info(state, params)

    @override
    def copy(self, state: Any) -> Any:
        return self._core.copy(state)

    @override
    def dumps(self, state: Any) -> str:
        return self._core.dumps(state)

    @override
    def loads(self, text: str) -> Any:
        return self._core.loads(text)

    @override
    def render(self, state: Any, params: Any, size: tuple[int, int]) -> Frame:
        return self._core.render(state, params, size)

    @override
    def text(self, state: Any, params: Any) -> str:
        return self._core.text(state, params)

    @override
    def panel(self, state: Any, params: Any) -> dict[str, dict[str, Any]]:
        return self._core.panel(state, params)

    @override
    def keys(self) -> dict[str, int]:
        return self._core.keys()

    @override
    def awaits_action(self, state: Any, params: Any) -> bool:
        return self._core.awaits_action(state, params)


def _sample_key(key: tuple[tuple[int, int], int]) -> int:
    """A number in [0, 2**63) of its own for each seed, episode and step."""
    (seed, episode), time = key
    words = np.random.SeedSequence((seed, episode, time)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def dream_in(environment: str, core: FunctionalEnv[Any, Any, Any], model: str) -> Dream:
    """The environment, dreamt.

    Args:
        environment: Id of the environment.
        core: Of that environment.
        model: A folder that holds the laws of a learned model, or the `laws.json` in it; or
            `package.module:factory`, where `factory()` returns a `WorldModel`.

    Raises:
        ValueError: worlds of that kind cannot be dreamt, or the model cannot be had.
    """
    names = {each: name for name, each in ENVIRONMENTS.items()}
    if environment not in names:
        raise ValueError(
            f"a world model dreams of {', '.join(names)}; got {environment}, whose states are not "
            "made of things that laws could be about"
        )
    world = world_named(names[environment])
    return Dream(core, world, _checked(_load(model, world), model, world))


def _load(name: str, world: World[Any]) -> Any:
    path = Path(name)
    if path.is_dir() or path.name == LAWS_FILE:
        _check_laws(path, world)
        return importlib.import_module("worldmodels.onelife.learned").load_learned(path, "full")
    module, _, factory = name.partition(":")
    if not module or not factory:
        raise ValueError(
            f"world model {name!r} is neither a folder that python -m worldmodels.onelife run "
            "wrote nor package.module:factory"
        )
    try:
        return getattr(importlib.import_module(module), factory)()
    except Exception as error:  # the factory may be the user's: whatever it raises is reported
        raise ValueError(f"world model {name!r} could not be made: {_line(error)}") from error


def _check_laws(path: Path, world: World[Any]) -> None:
    file = path / LAWS_FILE if path.is_dir() else path
    learn = f"python -m worldmodels.onelife run --world {world.name}"
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"world model '{path}' has no laws that can be read from {file}: {error}; learn some "
            f"with {learn}"
        ) from error
    found = data.get("world") if isinstance(data, dict) else None
    if found != world.name:
        raise ValueError(
            f"world model '{path}' holds laws of the world {found!r}, expected {world.name!r}; "
            f"play in the world it was learned in, or learn laws of this one with {learn}"
        )


def _checked(model: Any, name: str, world: World[Any]) -> WorldModel[Any, Any]:
    """Try the model on one state, since a model does not say of which world it is."""
    if not isinstance(model, WorldModel):
        raise ValueError(
            f"world model {name!r} is a {type(model).__name__}; its factory must return a "
            "worldmodels.interface.WorldModel"
        )
    state = world.initial(0)
    try:
        dreamt = model.sample(0, state, world.actions[0])
    except Exception as error:  # the model may be the user's: whatever it raises is reported
        raise ValueError(
            f"world model {name!r} cannot dream of {world.name}: {_line(error)}"
        ) from error
    if type(dreamt) is not type(state):
        raise ValueError(
            f"world model {name!r} dreams of {type(dreamt).__name__} where {world.name} has "
            f"{type(state).__name__}; it is a model of another world"
        )
    return model


def _line(error: Exception) -> str:
    first, *_ = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {first}"
