"""Figures that others published, with their source and conditions. Nowhere else."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from evaluation.record import Reference

_TABLE: Final = "arXiv 2510.12088, main results table as on the project page of the paper"
_NOTE: Final = "arXiv 2510.12088 v2, main results table, as quoted by a reader's public note"
_CONDITIONS: Final = (
    "Crafter-OO, 23 scenarios (of a pair the failing variant only), one exploration trajectory, "
    "distractors that mutate the previous state, ties broken by a shuffle; mean of 10 trials"
)

_SCENARIO_MRR: Final = {  # scenario: (OneLife, PoE-World), read off a bar chart
    "collect_coal": (0.534, 0.280),
    "collect_diamond": (0.368, 0.168),
    "collect_drink": (0.463, 0.318),
    "collect_iron": (0.400, 0.496),
    "collect_stone": (0.417, 0.569),
    "collect_wood": (0.599, 0.278),
    "craft_iron_pickaxe": (0.466, 0.299),
    "craft_iron_sword": (0.651, 0.351),
    "craft_stone_pickaxe": (0.518, 0.212),
    "craft_stone_sword": (0.700, 0.534),
    "craft_wooden_pickaxe": (0.550, 0.411),
    "craft_wooden_sword": (0.449, 0.520),
    "eat_cow": (0.280, 0.338),
    "eat_plant": (0.800, 0.332),
    "wake_up": (0.316, 0.299),
    "place_furnace": (0.518, 0.261),
    "place_plant": (0.766, 0.400),
    "place_stone": (0.316, 0.207),
    "place_table": (0.733, 0.474),
    "defeat_skeleton": (0.245, 0.348),
    "zombie_defeat": (0.247, 0.316),
    "cow_movement": (0.444, 0.302),
    "random_movement": (0.228, 0.332),
}


def _reference(
    name: str, rank_at_1: float, mrr: float, raw_edit: float, normalized_edit: float, source: str
) -> Reference:
    metrics = {
        "rank_at_1": rank_at_1,
        "mrr": mrr,
        "raw_edit": raw_edit,
        "normalized_edit": normalized_edit,
    }
    column = {"OneLife": 0, "PoE-World": 1}.get(name)
    by = {} if column is None else {k: {"mrr": v[column]} for k, v in _SCENARIO_MRR.items()}
    return Reference(name, metrics, source, _CONDITIONS, by)


STATE_RANKING: Final = (
    _reference("Random world model", 0.085, 0.322, 121.538, 0.809, _TABLE),
    _reference("WorldCoder", 0.0, 0.264, 27.180, 0.181, _NOTE),
    _reference("PoE-World", 0.108, 0.351, 10.634, 0.071, _TABLE),
    _reference("OneLife, weights fixed", 0.130, 0.429, 8.540, 0.057, _TABLE),
    _reference("OneLife", 0.187, 0.479, 8.764, 0.058, _TABLE),
)
"""State ranking and fidelity on Crafter-OO.

The per-scenario values were digitised from a bar chart, with an error of about 0.005. All rows
but Random and WorldCoder share OneLife's exploration and laws and differ in the inference.
"""


PLANNING: Final = (
    Reference(
        "OneLife",
        {"preference_agreement": 1.0},
        "arXiv 2510.12088, planning table as on the project page of the paper",
        "two scripted plans per scenario, in the true world and by repeated samples of the model; "
        "maps, inventories and the number of rollouts are not published",
        {
            "Zombie Fighter/craft a sword first": {
                "true_reward": 2.0,
                "model_reward": 2.03,
                "steps": 33.0,
            },
            "Zombie Fighter/fight at once": {
                "true_reward": 1.0,
                "model_reward": 1.67,
                "steps": 17.0,
            },
            "Stone Miner/craft a pickaxe first": {
                "true_reward": 3.0,
                "model_reward": 3.0,
                "steps": 31.0,
            },
            "Stone Miner/mine at once": {"true_reward": 0.0, "model_reward": 0.0, "steps": 13.0},
            "Sword Maker/one table for all": {
                "true_reward": 4.0,
                "model_reward": 4.0,
                "steps": 5.0,
            },
            "Sword Maker/a table for each": {
                "true_reward": 2.0,
                "model_reward": 2.0,
                "steps": 10.0,
            },
        },
    ),
)
"""Plan preferences on Crafter-OO: mean rewards of a plan, and its average number of steps.

The reward of Zombie Fighter is published as damage per second, and taken for damage per blow.
"""


THROUGHPUT: Final = (
    Reference(
        "Craftax-Classic",
        {"times_crafter": 257.0},
        "project page of Craftax, arXiv 2402.16801",
        "training with PPO (PureJaxRL) beside Crafter; one RTX 4090, i9-13900K",
    ),
    Reference(
        "Craftax",
        {"times_crafter": 169.0},
        "project page of Craftax, arXiv 2402.16801",
        "training with PPO (PureJaxRL) beside Crafter; one RTX 4090, i9-13900K",
    ),
    Reference(
        "Craftax ported to C",
        {"steps_per_second": 819_000.0},
        "PufferLib, pull request 537",
        "the full game, not Classic; one thread, after tuning (34 000 before)",
    ),
)
"""Speed of other programs, on other machines than ours."""

_GYMNAX: Final = {"CartPole": 2.0e7, "Pendulum": 1.4e7}
_POPGYM_SPEED: Final = {
    "Autoencode": (122_000.0, 252_000.0),
    "RepeatFirst": (24_000.0, 155_000.0),
    "RepeatPrevious": (50_000.0, 136_000.0),
    "CountRecall": (17_000.0, 50_000.0),
    "HigherLower": (24_000.0, 77_000.0),
    "Concentration": (48_000.0, 157_000.0),
}
_POPGYM_SPEED_MACHINES: Final = ("Google Colab", "a laptop of 2020")

THROUGHPUTS: Final[Mapping[str, tuple[Reference, ...]]] = {
    "crafter_oo": THROUGHPUT,
    "control": tuple(
        Reference(
            f"gymnax, {world}",
            {"steps_per_second": rate},
            "README of gymnax; in-context-rl.md 6",
            "2000 copies, random policy; one A100",
        )
        for world, rate in _GYMNAX.items()
    ),
    "memory": tuple(
        Reference(
            f"POPGym, {game}",
            {"steps_per_second": rate},
            "README of POPGym; in-context-rl.md 6",
            f"one process of Python; {machine}",
        )
        for game, rates in _POPGYM_SPEED.items()
        for rate, machine in zip(rates, _POPGYM_SPEED_MACHINES, strict=True)
    ),
}
"""The same by what is raced."""


class Figure(NamedTuple):
    """Mean and standard deviation over n samples."""

    mean: float
    sd: float
    n: int


CRAFTER_SOURCE: Final = "danijar/crafter 1.8.3, run with rendering switched off"
CRAFTER_SCORES_SOURCE: Final = (
    "danijar/crafter, scores of the random agent: 5 seeds of 1 million steps, 29 784 episodes"
)

CRAFTER_WORLDS: Final = {
    "water": Figure(917.3, 278.6, 30),
    "grass": Figure(1688.4, 263.6, 30),
    "stone": Figure(588.6, 141.9, 30),
    "path": Figure(372.1, 130.2, 30),
    "sand": Figure(236.1, 62.2, 30),
    "tree": Figure(186.9, 36.4, 30),
    "lava": Figure(32.6, 18.8, 30),
    "coal": Figure(53.8, 16.5, 30),
    "iron": Figure(17.3, 7.2, 30),
    "diamond": Figure(3.00, 1.53, 30),
    "cow": Figure(24.43, 8.59, 30),
    "zombie": Figure(14.43, 4.93, 30),
    "skeleton": Figure(9.30, 3.36, 30),
}
"""Cells and creatures of new worlds, seeds 0 to 29, first episode."""

CRAFTER_POLICIES: Final = {
    "uniform": {
        "length": Figure(167.86, 44.78, 29_784),
        "return": Figure(1.377, 1.222, 29_784),
        "unlocked": Figure(2.277, 1.222, 29_784),
    },
    "noop": {
        "length": Figure(170.7, 43.5, 100),
        "return": Figure(-0.90, 0.0, 100),
        "unlocked": Figure(0.0, 0.0, 100),
    },
    "moves": {
        "length": Figure(176.5, 30.8, 100),
        "return": Figure(1.04, 0.66, 100),
        "unlocked": Figure(1.94, 0.66, 100),
    },
}
"""Whole episodes: uniform over all 17 actions, noop only, uniform over actions 0 to 5."""

CRAFTER_RATES: Final = {
    "wake_up": 0.9360,
    "collect_sapling": 0.5019,
    "place_plant": 0.4462,
    "collect_wood": 0.2438,
    "collect_drink": 0.0932,
    "place_table": 0.0436,
    "eat_cow": 0.00376,
    "make_wood_pickaxe": 0.00322,
    "make_wood_sword": 0.00319,
    "defeat_zombie": 0.00138,
    "defeat_skeleton": 0.00017,
    "collect_stone": 0.00013,
    "place_stone": 0.00010,
    "eat_plant": 0.00007,
}
"""Share of the 29 784 episodes of the uniform policy with an achievement; the others never."""
CRAFTER_MOVES_RATES: Final = {"collect_sapling": 0.95, "collect_wood": 0.63, "collect_drink": 0.32}
"""The same of 100 episodes of the policy over actions 0 to 5."""

CRAFTER_MOBS: Final = {
    0: {
        "cow": Figure(26.15, 6.45, 300),
        "zombie": Figure(14.70, 4.34, 300),
        "skeleton": Figure(9.72, 4.04, 300),
    },
    50: {
        "cow": Figure(25.32, 6.05, 295),
        "zombie": Figure(2.34, 1.90, 295),
        "skeleton": Figure(11.54, 4.18, 295),
        "arrow": Figure(0.14, 0.62, 295),
    },
    100: {
        "cow": Figure(24.66, 5.79, 286),
        "zombie": Figure(0.38, 0.74, 286),
        "skeleton": Figure(12.61, 4.20, 286),
        "arrow": Figure(0.33, 1.04, 286),
    },
    150: {
        "cow": Figure(23.75, 5.31, 220),
        "zombie": Figure(12.39, 3.41, 220),
        "skeleton": Figure(13.25, 4.43, 220),
        "arrow": Figure(0.38, 1.20, 220),
    },
    200: {
        "cow": Figure(21.12, 5.13, 48),
        "zombie": Figure(26.08, 6.78, 48),
        "skeleton": Figure(12.60, 4.03, 48),
        "arrow": Figure(0.29, 1.01, 48),
    },
}
"""Creatures on the map after a number of steps, uniform policy, episodes still alive."""

CRAFTER_LONG_RUN: Final = {
    30: {
        "cow": Figure(23.5, 8.4, 8),
        "zombie": Figure(4.1, 1.7, 8),
        "skeleton": Figure(11.8, 5.1, 8),
    },
    150: {
        "cow": Figure(21.5, 7.5, 8),
        "zombie": Figure(11.8, 3.5, 8),
        "skeleton": Figure(13.9, 5.4, 8),
    },
    240: {
        "cow": Figure(19.5, 6.0, 8),
        "zombie": Figure(34.1, 9.1, 8),
        "skeleton": Figure(15.6, 3.9, 8),
    },
    300: {
        "cow": Figure(19.0, 5.2, 8),
        "zombie": Figure(18.4, 3.7, 8),
        "skeleton": Figure(16.4, 3.7, 8),
    },
    480: {
        "cow": Figure(18.9, 5.4, 8),
        "zombie": Figure(21.2, 5.7, 8),
        "skeleton": Figure(16.4, 2.7, 8),
    },
    600: {
        "cow": Figure(18.2, 3.9, 8),
        "zombie": Figure(18.2, 5.1, 8),
        "skeleton": Figure(17.0, 3.0, 8),
    },
}
"""The same with a player whose vitals are set to 9 before every step; actions 0 to 5."""


_LIFEGPT: Final = "arXiv 2409.12182, files of lamm-mit/LifeGPT"
_LIFEGPT_MODEL: Final = (
    "12.7 million weights, told nothing of the torus, trained for 50 epochs on 10 000 grids of "
    "32x32 of all densities; the ten published test grids of 32x32"
)
_TEMPERATURES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_ONE_STEP: Final = {  # epoch: cell accuracy at each temperature
    2: (0.96943, 0.96699, 0.96133, 0.95488, 0.95459),
    4: (0.99336, 0.99199, 0.99063, 0.98535, 0.97861),
    6: (0.99619, 0.99482, 0.99336, 0.99082, 0.98730),
    8: (0.99561, 0.99502, 0.99355, 0.99189, 0.98809),
    10: (0.99717, 0.99775, 0.99707, 0.99443, 0.99463),
    12: (0.99980, 0.99990, 0.99951, 0.99746, 0.99756),
    14: (0.99941, 0.99922, 0.99854, 0.99717, 0.99648),
    16: (1.0, 1.0, 0.99980, 0.99990, 0.99932),
    18: (0.99990, 0.99990, 0.99990, 0.99990, 0.99941),
    20: (1.0, 1.0, 1.0, 0.99951, 0.99941),
    22: (1.0, 1.0, 1.0, 0.99980, 0.99971),
    24: (1.0, 1.0, 1.0, 0.99990, 0.99971),
    26: (1.0, 1.0, 0.99971, 0.99951, 0.99961),
    28: (1.0, 1.0, 1.0, 1.0, 1.0),
    30: (1.0, 0.99990, 0.99990, 1.0, 0.99922),
    32: (1.0, 1.0, 1.0, 1.0, 1.0),
    34: (1.0, 1.0, 0.99990, 0.99990, 0.99971),
    36: (1.0, 0.99990, 1.0, 0.99990, 1.0),
    38: (1.0, 1.0, 1.0, 1.0, 1.0),
    40: (0.99980, 0.99980, 0.99980, 0.99980, 0.99961),
    42: (1.0, 1.0, 1.0, 1.0, 1.0),
    44: (1.0, 1.0, 1.0, 1.0, 1.0),
    46: (1.0, 1.0, 1.0, 1.0, 0.99990),
    48: (1.0, 1.0, 1.0, 1.0, 0.99990),
    50: (1.0, 1.0, 1.0, 1.0, 0.99980),
}
_NINE_STEPS: Final = {  # (epoch, temperature): cell accuracy after steps 1 to 9
    (16, 0.0): (1.0, 0.99980, 0.99912, 0.99795, 0.99746, 0.99512, 0.99307, 0.99268, 0.99121),
    (16, 0.25): (1.0, 0.99980, 0.99922, 0.99854, 0.99805, 0.99609, 0.99424, 0.99238, 0.98945),
    (16, 0.5): (1.0, 0.99971, 0.99902, 0.99785, 0.99648, 0.99287, 0.98975, 0.98760, 0.98564),
    (16, 0.75): (1.0, 0.99951, 0.99795, 0.99619, 0.99316, 0.98955, 0.98467, 0.98057, 0.97627),
    (16, 1.0): (0.99990, 0.99834, 0.99590, 0.99336, 0.99043, 0.98730, 0.98184, 0.97206, 0.97246),
    (50, 0.0): (1.0, 1.0, 1.0, 0.99990, 0.99961, 0.99932, 0.99893, 0.99834, 0.99795),
    (50, 0.25): (1.0, 1.0, 1.0, 0.99990, 0.99961, 0.99932, 0.99893, 0.99834, 0.99795),
    (50, 0.5): (1.0, 1.0, 1.0, 0.99990, 0.99961, 0.99932, 0.99893, 0.99834, 0.99795),
    (50, 0.75): (1.0, 1.0, 1.0, 0.99990, 0.99951, 0.99902, 0.99854, 0.99814, 0.99727),
    (50, 1.0): (1.0, 1.0, 0.99961, 0.99932, 0.99902, 0.99814, 0.99785, 0.99609, 0.99570),
}
_LONG_LIVES: Final = {"quarter": 55.0, "glider": 44.0, "r-pentomino": 3.0}
_LIFEGPT_GRIDS: Final = (
    "empty",
    "quarter",
    "half",
    "three quarters",
    "full",
    "glider",
    "cloverleaf",
    "hammerhead",
    "blinkers",
    "r-pentomino",
)


def _temperature(value: float) -> str:
    return f"temperature {value:g}"


CELLULAR: Final = (
    *(
        Reference(
            f"LifeGPT, one step, {_temperature(temperature)}",
            {"cell_accuracy": _ONE_STEP[50][index]},
            _LIFEGPT,
            f"{_LIFEGPT_MODEL}; one step, {_temperature(temperature)}; by epoch",
            {f"epoch {n}": {"cell_accuracy": row[index]} for n, row in _ONE_STEP.items()},
        )
        for index, temperature in enumerate(_TEMPERATURES)
    ),
    *(
        Reference(
            f"LifeGPT, 9 steps, epoch {epoch}, {_temperature(temperature)}",
            {"final_cell_accuracy": row[-1]},
            _LIFEGPT,
            f"{_LIFEGPT_MODEL}; epoch {epoch}, {_temperature(temperature)}, 9 steps from its own "
            "answers, compared with the true grids",
            {f"step {step}": {"cell_error": 1 - value} for step, value in enumerate(row, 1)},
        )
        for (epoch, temperature), row in _NINE_STEPS.items()
    ),
    Reference(
        "LifeGPT, 249 steps",
        {
            "steps_to_first_error": 249.0,
            "never_wrong_rate": 0.7,
            "step_cell_error": 21 / (2490 * 1024),
            "step_exact_rate": 2472 / 2490,
        },
        f"{_LIFEGPT}, counted again",
        f"{_LIFEGPT_MODEL}; epoch 50, {_temperature(0.0)}, 249 steps from its own answers",
        {name: {"steps_to_first_error": _LONG_LIVES.get(name, 249.0)} for name in _LIFEGPT_GRIDS},
    ),
)
"""Simulating Life; the metrics are those of `evaluation.cellular`.

Three grids of ten have a wrong step within 249 (their wrong states are numbers 57, 46 and 5, the
first one being given), so the median is all of them.
"""


_GOAL: Final = "arXiv 2406.15079, table 2"
_LEHD: Final = "arXiv 2310.07985, tables 1 and 2"
_TRAINED: Final = "one network per problem, trained on 100 nodes"
_GAP_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "tsp": ("tsp100", "tsp200", "tsp500", "tsp1000"),
    "atsp": ("atsp100", "atsp200", "atsp500", "atsp1000"),
    "cvrp": (
        "cvrp100, capacity 50",
        "cvrp200, capacity 80",
        "cvrp500, capacity 100",
        "cvrp1000, capacity 250",
    ),
    "op": ("op100", "op200", "op500", "op1000"),
    "knapsack": ("knapsack100", "knapsack200", "knapsack500", "knapsack1000"),
    "tsplib": (
        "tsplib, below 100 nodes",
        "tsplib, 100 to 199 nodes",
        "tsplib, 200 to 499 nodes",
        "tsplib, 500 to 999 nodes",
        "tsplib, 1000 nodes and more",
    ),
    "cvrplib": tuple(f"cvrplib, set {letter}" for letter in "ABEFMPX"),
}


def _gaps(
    name: str, source: str, conditions: str, **columns: tuple[float | None, ...]
) -> Reference:
    """Gaps in per cent, in the order of `_GAP_PARTS`; None where there is no figure."""
    by = {
        part: {"gap_percent": value}
        for problem, values in columns.items()
        for part, value in zip(_GAP_PARTS[problem], values, strict=True)
        if value is not None
    }
    return Reference(name, {}, source, conditions, by)


OPTIMALITY_GAP: Final = (
    _gaps(
        "BQ, greedy",
        "arXiv 2301.03313 v3 (TSP), 2406.15079 table 2 (the others), 2310.07985 table 2 (files)",
        f"{_TRAINED}; against Concorde, LKH3 and OR-Tools; files by an earlier version of BQ",
        tsp=(0.35, None, None, 2.29),
        atsp=(1.63, 1.90, 4.29, 8.09),
        cvrp=(2.79, 2.81, 3.64, 5.88),
        knapsack=(0.10, 0.14, 0.74, 0.92),
        tsplib=(1.076, 2.684, 3.177, 8.311, 42.566),
        cvrplib=(6.310, 6.859, 5.884, 12.568, 8.407, 5.902, 12.526),
    ),
    _gaps(
        "BQ, beam 16",
        "arXiv 2301.03313 v3 as later papers print it (TSP; 1.35 to 1.38 at 1000), 2310.07985 "
        "table 2 (files)",
        f"{_TRAINED}; against Concorde; files by an earlier version of BQ",
        tsp=(0.010, None, None, 1.35),
        tsplib=(0.505, 1.318, 2.183, 5.521, 36.730),
        cvrplib=(1.627, 2.221, 1.211, 7.404, 3.691, 2.393, 9.774),
    ),
    _gaps(
        "LEHD, greedy",
        _LEHD,
        f"{_TRAINED}; against Concorde and LKH3; files: exact lengths against rounded optima",
        tsp=(0.577, 0.859, 1.560, 3.168),
        cvrp=(3.648, 3.312, 3.178, 4.912),
        tsplib=(0.976, 2.336, 2.742, 4.049, 11.267),
        cvrplib=(5.871, 6.049, 4.809, 9.051, 7.094, 6.611, 12.520),
    ),
    _gaps(
        "LEHD, 50 rounds",
        _LEHD,
        f"{_TRAINED}; against Concorde and LKH3; random segments solved again 50 times",
        tsp=(0.0284, 0.123, 0.482, 1.416),
        cvrp=(0.535, 0.515, 0.930, 2.814),
    ),
    _gaps(
        "LEHD, 1000 rounds",
        _LEHD,
        f"{_TRAINED}; against Concorde and LKH3; random segments solved again 1000 times; files: "
        "exact lengths against rounded optima",
        tsp=(0.0016, 0.0182, 0.167, 0.719),
        cvrp=(-0.112, -0.383, -0.347, 0.921),
        tsplib=(0.481, 0.158, 0.200, 1.310, 4.088),
        cvrplib=(0.647, 0.812, 0.541, 3.009, 1.817, 0.917, 3.511),
    ),
    _gaps(
        "GOAL, greedy",
        _GOAL,
        "one network for many problems, trained on 100 nodes; against LKH, EA4OP and OR-Tools",
        atsp=(0.45, 1.54, 1.62, 1.96),
        cvrp=(3.16, 3.42, 3.90, 7.37),
        op=(0.43, 1.60, 7.45, 15.62),
        knapsack=(0.12, 1.63, 2.40, 2.59),
    ),
    _gaps(
        "POMO, 8 orientations",
        _LEHD,
        f"{_TRAINED}; against Concorde and LKH3; files: exact lengths against rounded optima",
        tsp=(0.134, 1.533, 22.187, 40.570),
        cvrp=(0.689, 4.866, 19.901, 128.885),
        tsplib=(0.792, 2.423, 13.413, 31.678, 63.810),
        cvrplib=(4.970, 4.747, 11.402, 15.973, 4.861, 15.525, 21.684),
    ),
    _gaps(
        "POMO",
        _GOAL,
        f"{_TRAINED}; against OR-Tools; capacity 25",
        knapsack=(0.19, 0.50, 6.41, 5.34),
    ),
)
"""Gaps of solvers that learn; the parts are sets of `evaluation.optimality_gap`.

Sets have 10 000 instances of 100 nodes and 128 of the others. OP has the greatest length 4 in all
sizes, and prizes that grow with the distance; the published capacities of CVRP are in the names.
"""


class WorldReference(NamedTuple):
    """Published figures of one world."""

    world: str  # its id
    reference: Reference


_META: Final = "arXiv 2303.03982 v3, section 5.3 and its figures, read off"
_META_CONDITIONS: Final = (
    "the released cart-pole: 16 trials in training, 5.0e7 steps, 4 seeds; returns of a trial are "
    "at most 1, MMER is of all 16"
)
_CONTROL: Final = "arXiv 2303.03982 v3, figures 4 to 7, read off"
_CONTROL_CONDITIONS: Final = (
    "DMControl tasks behind random projections, Muesli, 2e9 frames, one episode of 1000 steps a "
    "life; trained on six tasks, among them ball_in_cup and finger, held out on five"
)


_POPGYM: Final = "arXiv 2303.03982 v3, table 5"
_POPGYM_CONDITIONS: Final = "1.5e7 steps; in JAX 8 seeds, by RLlib (arXiv 2303.01859) 3 trials"
_POPGYM_WORLDS: Final = (
    "PopStatelessCartPoleHard-v0",
    "PopNoisyStatelessCartPoleHard-v0",
    "PopStatelessPendulumHard-v0",
    "PopNoisyStatelessPendulumHard-v0",
    "PopRepeatPreviousHard-v0",
)


def _trials(name: str, mmer: float, returns: dict[int, float]) -> WorldReference:
    by = {f"episode {trial}": {"return": value} for trial, value in returns.items()}
    reference = Reference(name, {"mmer": mmer}, _META, _META_CONDITIONS, by)
    return WorldReference("MetaCartPole-v0", reference)


def _popgym(name: str, *mmer: float) -> tuple[WorldReference, ...]:
    """MMER on each of `_POPGYM_WORLDS`."""
    return tuple(
        WorldReference(world, Reference(name, {"mmer": value}, _POPGYM, _POPGYM_CONDITIONS))
        for world, value in zip(_POPGYM_WORLDS, mmer, strict=True)
    )


def _tasks(name: str, world: str, mean: float, returns: dict[str, float]) -> WorldReference:
    by = {task: {"return": value} for task, value in returns.items()}
    return WorldReference(
        world, Reference(name, {"return": mean}, _CONTROL, _CONTROL_CONDITIONS, by)
    )


IN_CONTEXT: Final = (
    _trials(
        "S5, published", 6.83,
        {0: 0.267, 1: 0.365, 4: 0.40, 9: 0.448, 12: 0.463, 16: 0.465, 31: 0.405},
    ),
    _trials(
        "S5 without resets, published", 5.90,
        {0: 0.101, 1: 0.150, 4: 0.212, 9: 0.320, 15: 0.356, 16: 0.374, 31: 0.363},
    ),
    _trials(
        "GRU, published", 5.92,
        {0: 0.135, 1: 0.197, 4: 0.366, 9: 0.40, 15: 0.426, 16: 0.409, 19: 0.340, 31: 0.323},
    ),
    _trials("MLP, published", 2.87, {}),
    *_popgym("S5 in JAX, published", 1.0, 0.28, 0.79, 0.55, 0.91),
    *_popgym("GRU in JAX, published", 1.0, 0.27, 0.75, 0.61, -0.46),
    *_popgym("MLP in JAX, published", 0.26, 0.22, 0.41, 0.34, -0.48),
    *_popgym("GRU by RLlib, published", 1.0, 0.390, 0.828, 0.657, -0.428),
    *_popgym("LMU by RLlib, published", 0.987, 0.352, 0.806, 0.563, 0.191),
    _tasks(
        "S5, published", "MetaControl-v0", 808.0,
        {"CartpoleSwingup": 640.0, "PointMassEasy": 805.0, "ReacherEasy": 918.0},
    ),
    _tasks(
        "LSTM, published", "MetaControl-v0", 670.0,
        {"CartpoleSwingup": 530.0, "PointMassEasy": 790.0, "ReacherEasy": 905.0},
    ),
    _tasks(
        "MLP, published", "MetaControl-v0", 240.0,
        {"CartpoleSwingup": 162.0, "PointMassEasy": 5.0, "ReacherEasy": 735.0},
    ),
    _tasks(
        "S5 on held-out tasks, published", "MetaControl-v0", 525.0,
        {"CartpoleBalance": 434.0, "PendulumSwingup": 1.4, "PointMassHard": 700.0,
         "ReacherHard": 597.0},
    ),
    _tasks(
        "LSTM on held-out tasks, published", "MetaControl-v0", 437.0,
        {"CartpoleBalance": 284.0, "PendulumSwingup": 3.8, "PointMassHard": 685.0,
         "ReacherHard": 615.0},
    ),
    _tasks(
        "MLP on held-out tasks, published", "MetaControl-v0", 200.0,
        {"CartpoleBalance": 229.0, "PendulumSwingup": 1.9, "PointMassHard": 0.0,
         "ReacherHard": 293.0},
    ),
)  # fmt: skip
"""Of agents that learn in context; the ablation without resets is called S5 plain there."""
