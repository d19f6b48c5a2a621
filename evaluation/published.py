"""Figures that others published, with their source and conditions. Nowhere else."""

from typing import Final

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
