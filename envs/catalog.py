"""The table of ids: where each world's code is, and how it is shown. A new world is a new row."""

import dataclasses
import importlib
from functools import cache
from typing import Any, Final

from gymnasium.envs.registration import register, registry


@dataclasses.dataclass(frozen=True)
class World:
    """One row; entry points are strings, so the table loads no world."""

    id: str
    core: str  # "module:class" of a FunctionalEnv without constructor arguments
    params: str  # "module:class" of a frozen dataclass; its fields are the keywords of gym.make
    versions: str  # what changed a trajectory, newest last
    stepper: str | None = None  # "module:class" of the same world's rules as a jax core
    stepper_params: str | None = None  # of its params; see `make_stepper_params`
    preset: dict[str, Any] = dataclasses.field(default_factory=dict)  # keywords the id stands for
    variants: tuple[dict[str, Any], ...] = ({},)  # keywords that the conformance tests run
    extra: str | None = None  # of this package, that the world needs: see pyproject.toml
    render_modes: tuple[str, ...] = ("human", "rgb_array", "ansi")
    render_size: tuple[int, int] = (576, 576)  # pixels (width, height)
    render_fps: int = 10  # of videos, and of render_mode="human"


_LEVELS: Final = ("Easy", "Medium", "Hard")
_STEPS: Final = ({"max_steps": 200}, {"max_steps": 400}, {"max_steps": 600})
_NOISE: Final = ({"noise": 0.1}, {"noise": 0.2}, {"noise": 0.3})
_DECKS: Final = ({"decks": 1}, {"decks": 2}, {"decks": 3})
_MEMORY_GAMES: Final[dict[str, tuple[str, str, tuple[dict[str, Any], ...]]]] = {
    "Autoencode": ("autoencode:Autoencode", "Autoencode", _DECKS),
    "Battleship": ("battleship:Battleship", "Battleship", ({}, {"size": 10}, {"size": 12})),
    "StatelessCartPole": ("cartpole:CartPole", "CartPole", _STEPS),
    "NoisyStatelessCartPole": ("cartpole:CartPole", "CartPole", _NOISE),
    "VelocityOnlyCartPole": (
        "cartpole:CartPole",
        "CartPole",
        tuple({"shows": "velocity", **steps} for steps in _STEPS),
    ),
    "Concentration": (
        "concentration:Concentration",
        "Concentration",
        ({}, {"decks": 2}, {"cards": "ranks"}),
    ),
    "CountRecall": (
        "count_recall:CountRecall",
        "CountRecall",
        ({}, {"decks": 2, "cards": "suits"}, {"decks": 4, "cards": "ranks"}),
    ),
    "HigherLower": ("higher_lower:HigherLower", "Deck", _DECKS),
    "Minesweeper": (
        "minesweeper:Minesweeper",
        "Minesweeper",
        ({}, {"size": 6, "mines": 6}, {"size": 8, "mines": 10}),
    ),
    "MultiArmedBandit": (
        "bandit:MultiArmedBandit",
        "Bandit",
        tuple({"arms": arms, **steps} for arms, steps in zip((10, 20, 30), _STEPS, strict=True)),
    ),
    "StatelessPendulum": (
        "pendulum:Pendulum",
        "Pendulum",
        ({"max_steps": 200}, {"max_steps": 150}, {"max_steps": 100}),
    ),
    "NoisyStatelessPendulum": ("pendulum:Pendulum", "Pendulum", _NOISE),
    "RepeatFirst": ("repeat:RepeatFirst", "Deck", ({}, {"decks": 8}, {"decks": 16})),
    "RepeatPrevious": (
        "repeat:RepeatPrevious",
        "RepeatPrevious",
        ({"k": 4}, {"decks": 2, "k": 32}, {"decks": 3, "k": 64}),
    ),
}
"""POPGym's games: name -> core, whose parameters, and the presets of the three levels."""

CATALOG: Final[dict[str, World]] = {
    world.id: world
    for world in (
        World(
            id="CrafterOO-v0",
            core="envs.crafter_oo.env:CrafterOO",
            params="envs.crafter_oo.params:CrafterParams",
            versions="v0: the rules and the worlds of Crafter 1.8.3, seed by seed",
            stepper="envs.crafter_oo.stepper.env:CrafterStepper",
            stepper_params="envs.crafter_oo.stepper.state:StepperParams",
            variants=tuple(
                {"obs": obs}
                for obs in ("classic1345", "entities", "oo", "pixels", "semantic", "symbolic")
            ),
        ),
        World(
            id="Homestead-v0",
            core="envs.homestead.env:Homestead",
            params="envs.homestead.params:HomesteadParams",
            versions="v0: the rules of envs/homestead/README.md",
        ),
        World(
            id="ToroidalLife-v0",
            core="envs.life.env:ToroidalLife",
            params="envs.life.params:LifeParams",
            versions="v0: the rules of envs/life/README.md",
            variants=(
                {},
                {"action_mode": "agent", "obs": "channels", "height": 9, "width": 7},
                {"rule": "Bugs", "boundary": "klein", "steps_per_action": 2, "init": "broad"},
            ),
        ),
        *(
            World(
                id=f"ToroidalLife{task}-v0",
                core="envs.life.env:ToroidalLife",
                params=f"envs.life.params:{task}Params",
                versions="v0: the rules of envs/life/README.md",
            )
            for task in ("Predict", "Population", "Target", "Survive", "Still", "Safe")
        ),
        *(
            World(
                id=f"{problem}-v0",
                core=f"envs.routing.env:{problem}",
                params=f"envs.routing.params:{problem}Params",
                versions="v0: the rules of envs/routing/README.md",
                variants=variants,
                render_size=(512, 512),
            )
            for problem, variants in (
                ("TSP", ({"generator": "cluster", "invalid": "noop"},)),
                ("ATSP", ({"num_nodes": 8, "free_start": True},)),
                ("CVRP", ({}, {"action_mode": "via", "generator": "mixed", "invalid": "noop"})),
                ("OP", ({"generator": "explosion", "invalid": "noop", "reward": "sparse"},)),
            )
        ),
        *(
            World(
                id=f"{problem}{size}-v0",
                core=f"envs.routing.env:{problem}",
                params=f"envs.routing.params:{problem}Params",
                versions="v0: the rules of envs/routing/README.md",
                preset={"num_nodes": size},
                render_size=(512, 512),
            )
            for problem in ("TSP", "ATSP", "CVRP", "OP")
            for size in (20, 50, 100)
        ),
        World(
            id="Knapsack-v0",
            core="envs.knapsack.env:KnapsackEnv",
            params="envs.knapsack.params:KnapsackParams",
            versions="v0: the rules of envs/knapsack/README.md",
            render_size=(512, 512),
        ),
        *(
            World(
                id=f"Knapsack{size}-v0",
                core="envs.knapsack.env:KnapsackEnv",
                params="envs.knapsack.params:KnapsackParams",
                versions="v0: the rules of envs/knapsack/README.md",
                preset={"num_items": size},
                render_size=(512, 512),
            )
            for size in (50, 100, 200)
        ),
        *(
            World(
                id=f"Control/{task}-v0",
                core="envs.control.env:Control",
                params="envs.control.params:ControlParams",
                versions="v0: the equations of envs/control/README.md",
                preset={"task": task},
                variants=({}, {"task": "PointMassHard", "mass_scale": 0.8}),
                render_size=(512, 512),
                render_fps=50,
            )
            for task in (
                "CartpoleSwingup",
                "CartpoleSwingupSparse",
                "CartpoleBalance",
                "CartpoleBalanceSparse",
                "PendulumSwingup",
                "AcrobotSwingup",
                "AcrobotSwingupSparse",
                "PointMassEasy",
                "PointMassHard",
                "ReacherEasy",
                "ReacherHard",
                "MountainCarContinuous",
                "Pendulum",
                "BallInCupLite",
            )
        ),
        *(
            World(
                id=f"Control/{task}-v0",
                core="envs.control.env:Control",
                params="envs.control.params:ControlParams",
                versions="v0: the bodies of envs/control/README.md, by MuJoCo 3.17.0",
                preset={"task": task},
                extra="mjx",
                render_size=(512, 512),
                render_fps=50,
            )
            for task in (
                "FingerSpinMjx",
                "FingerTurnEasyMjx",
                "FingerTurnHardMjx",
                "BallInCupCatchMjx",
            )
        ),
        *(
            World(
                id=f"{name}-v0",
                core="envs.control.meta:MetaControl",
                params="envs.control.meta_params:MetaControlParams",
                versions="v0: the tasks and projections of envs/control/README.md",
                preset=preset,
                variants=({"num_episodes": 3, "max_steps": 4},),
                render_size=(512, 512),
                render_fps=50,
            )
            for name, preset in (
                ("MetaControl", {}),
                (
                    "MetaControlHeldOut",
                    {
                        "task_pool": (
                            "CartpoleBalance",
                            "PendulumSwingup",
                            "PointMassHard",
                            "ReacherHard",
                        ),
                        "split": "test",
                    },
                ),
            )
        ),
        World(
            id="MetaCartPole-v0",
            core="envs.control.meta_cartpole:MetaCartPole",
            params="envs.control.meta_params:MetaCartPoleParams",
            versions="v0: the cart-pole of envs/control/README.md",
            variants=({}, {"parity": True}),
            render_size=(512, 512),
            render_fps=50,
        ),
        World(
            id="MemoryChain-v0",
            core="envs.memory.chain:MemoryChain",
            params="envs.memory.params:MemoryChainParams",
            versions="v0: the rules of envs/memory/README.md",
            render_size=(512, 512),
        ),
        *(
            World(
                id=f"Pop{game}{level}-v0",
                core=f"envs.memory.{core}",
                params=f"envs.memory.params:{params}Params",
                versions="v0: the rules of envs/memory/README.md",
                preset=preset,
                variants=({}, {"obs": "index"}) if game in ("Autoencode", "HigherLower") else ({},),
                render_size=(512, 512),
            )
            for game, (core, params, presets) in _MEMORY_GAMES.items()
            for level, preset in zip(_LEVELS, presets, strict=True)
        ),
    )
}


def register_world(world: World) -> None:
    """Make an id known to Gymnasium; a second time changes nothing."""
    if world.id not in registry:
        register(
            id=world.id,
            entry_point="envs.gym_adapter:make_env",
            vector_entry_point="envs.gym_adapter:make_vector_env",
            kwargs={"world": world.id},
        )


def find_world(name: str) -> World:
    """The row of an id, with or without the prefix `envs:`.

    Raises:
        ValueError: there is no such row.
    """
    world = CATALOG.get(name.removeprefix("envs:"))
    if world is None:
        raise ValueError(f"no world is called {name!r}; there are: {', '.join(CATALOG)}")
    return world


def load_core(world: World) -> Any:
    """The world's `FunctionalEnv`; one shared instance, since cores hold no episode."""
    return _shared_core(world.core)


def make_params(world: World, keywords: dict[str, Any]) -> Any:
    """The world's parameters: its preset, with some fields set.

    Raises:
        TypeError: a keyword is no field.
        ValueError: the world refuses a value.
    """
    params_class = _load(world.params)
    _check_keywords(world, keywords, _names(params_class))
    # JSON has no tuples, and specs of environments are stored as JSON
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in keywords.items()}
    return params_class(**{**world.preset, **values})


def stepper_row(world: World) -> World:
    """The row as a row of its stepper; itself where it names none."""
    if world.stepper is None or world.stepper_params is None:
        return world
    return dataclasses.replace(world, core=world.stepper, params=world.stepper_params)


def make_stepper_params(world: World, keywords: dict[str, Any]) -> Any:
    """The parameters of the core of `stepper_row(world)`.

    Those of a stepper are a frozen dataclass whose field `world` is the row's own parameters; the
    keywords are the fields of both.

    Raises:
        TypeError: a keyword is a field of neither.
        ValueError: the world or its stepper refuses a value.
    """
    if world.stepper_params is None:
        return make_params(world, keywords)
    params_class = _load(world.stepper_params)
    own = [name for name in _names(params_class) if name != "world"]
    _check_keywords(world, keywords, [*_names(_load(world.params)), *own])
    of_world = {name: value for name, value in keywords.items() if name not in own}
    of_stepper = {name: value for name, value in keywords.items() if name in own}
    return params_class(world=make_params(world, of_world), **of_stepper)


def _names(params_class: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(params_class)]


def _check_keywords(world: World, keywords: dict[str, Any], known: list[str]) -> None:
    unknown = [name for name in keywords if name not in known]
    if unknown:
        raise TypeError(
            f"{world.id} has no keyword {', '.join(unknown)}; its keywords are {', '.join(known)}"
        )


@cache
def _shared_core(entry_point: str) -> Any:
    return _load(entry_point)()


def _load(entry_point: str) -> Any:
    module, name = entry_point.split(":")
    return getattr(importlib.import_module(module), name)
