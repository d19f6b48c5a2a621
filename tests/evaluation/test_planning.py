"""Plans and planners in the true world and in models of it, and the command that measures them."""

import dataclasses
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from typing_extensions import override

from envs.crafter_oo.scripted import cells_of
from envs.crafter_oo.state import (
    Position,
    WorldState,
    ZombieState,
    check_invariants,
)
from envs.crafter_oo.tables import Action, Material
from evaluation.planning import main
from evaluation.plans import routes
from evaluation.plans.arena import draw_arena
from evaluation.plans.choices import CHOICES, damage_per_blow
from evaluation.plans.episodes import live, random_macros
from evaluation.plans.goals import GOALS, Goal
from evaluation.plans.jobs import Samples
from evaluation.plans.macros import MACROS, WAIT, next_applicable, run_macro
from evaluation.plans.planner import Planner
from evaluation.plans.rollout import Opinion, best_habit
from evaluation.plans.search import Settings, find_way, situation
from evaluation.plans.simulation import Trajectory, imagined, roll_out, seeded, truth
from evaluation.plans.summary import preferred
from evaluation.protocol import ModelError, Place
from evaluation.published import PLANNING
from worldmodels.kernel import CrafterKernel

KERNEL = imagined("kernel", CrafterKernel())


class BareHands(CrafterKernel):
    """Wrong: stone is mined without a pickaxe, and not with one."""

    @override
    def sample(self, key: int, state: WorldState, action: int | str) -> WorldState:
        lie = state.copy()
        lie.player.inventory.wood_pickaxe = int(not state.player.inventory.wood_pickaxe)
        after = super().sample(key, lie, action)
        made = after.player.inventory.wood_pickaxe - lie.player.inventory.wood_pickaxe
        after.player.inventory.wood_pickaxe = state.player.inventory.wood_pickaxe + made
        return after


class NoTables(CrafterKernel):
    """Wrong: what is built does not stay."""

    @override
    def sample(self, key: int, state: WorldState, action: int | str) -> WorldState:
        after = super().sample(key, state, action)
        for cell in cells_of(after, Material.TABLE):
            after.set_material(*cell, Material.SAND)
        return after


class Faulty(CrafterKernel):
    """Raises, or answers with no state."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    @override
    def sample(self, key: int, state: WorldState, action: int | str) -> WorldState:
        if self.answer is None:
            raise RuntimeError("no weights")
        return self.answer  # type: ignore[return-value]  # wrong on purpose


def bare_hands() -> CrafterKernel:
    return BareHands()


def no_tables() -> CrafterKernel:
    return NoTables()


def faulty() -> CrafterKernel:
    return Faulty(None)


THIS = "test_planning"


@pytest.fixture(autouse=True)
def _find_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def _trajectories(choice: str, option: int, num_rollouts: int = 6) -> list[Trajectory]:
    case = CHOICES[choice]
    chosen = case.options[option]
    places = [Place(0, choice, 0, i) for i in range(num_rollouts)]
    return [
        roll_out(chosen.plan, seeded(case.initial(), place), truth, place, chosen.max_steps)
        for place in places
    ]


def _goal(state: WorldState, is_reached: Callable[[WorldState], bool]) -> Goal:
    return Goal("test", state.copy, lambda s: float(is_reached(s)), is_reached, 20)


def _run(out: Path, *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--runner", "serial", "--out", str(out), "--quiet"]) == 0
    data: dict[str, Any] = json.loads((out / "planning.json").read_text())
    return data


def test_an_arena_is_drawn_as_written() -> None:
    state = draw_arena((".t.", "@.Z"), Material.SAND, step=180, items={"health": 5, "wood": 2})
    check_invariants(state)
    assert state.player.position == Position(0, 1)
    assert (state.player.health, state.player.inventory.wood) == (5, 2)
    assert state.materials[1, 0] == Material.TREE
    assert state.materials[2, 1] == Material.SAND
    assert [z.position for z in state.of_type(ZombieState)] == [Position(2, 1)]


@pytest.mark.parametrize("name", CHOICES)
def test_the_starts_of_choices_are_valid_states(name: str) -> None:
    check_invariants(CHOICES[name].initial())


@pytest.mark.parametrize("name", GOALS)
def test_a_goal_is_neither_reached_nor_a_step_away_at_the_start(name: str) -> None:
    goal = GOALS[name]
    start = goal.initial()
    check_invariants(start)
    after = [truth(0, start, action) for action in Action]
    assert not any(goal.is_reached(state) for state in [start, *after])


def test_a_route_goes_around_what_is_in_the_way() -> None:
    state = draw_arena((".....", "@s.t.", "....."), Material.SAND)
    actions = []
    while state.player.inventory.wood == 0:
        action = routes.use(state, cells_of(state, Material.TREE))
        assert action is not None
        actions.append(action)
        state = truth(0, state, action)
    assert len(actions) == 6  # up, along, facing the tree, and the blow
    assert actions[-1] is Action.DO


def test_there_is_no_route_through_lava_or_rock() -> None:
    state = draw_arena(("@lt", "sss"), Material.SAND)
    assert routes.use(state, cells_of(state, Material.TREE)) is None


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("option", [0, 1])
def test_true_rewards_are_exactly_the_published(choice: str, option: int) -> None:
    case = CHOICES[choice]
    published = PLANNING[0].by[f"{choice}/{case.options[option].name}"]
    rewards = [case.reward(trajectory) for trajectory in _trajectories(choice, option)]
    assert rewards == [published["true_reward"]] * len(rewards)


@pytest.mark.parametrize(
    ("choice", "option"), [(c, o) for c in ("Stone Miner", "Sword Maker") for o in (0, 1)]
)
def test_true_steps_are_exactly_the_published_where_nothing_is_random(
    choice: str, option: int
) -> None:
    published = PLANNING[0].by[f"{choice}/{CHOICES[choice].options[option].name}"]
    steps = {len(trajectory.actions) for trajectory in _trajectories(choice, option)}
    assert steps == {published["steps"]}


@pytest.mark.parametrize(("option", "published"), [(0, 33), (1, 17)])
def test_the_fight_takes_about_as_long_as_published(option: int, published: int) -> None:
    trajectories = _trajectories("Zombie Fighter", option, 40)
    assert mean(len(t.actions) for t in trajectories) == pytest.approx(published, abs=2)
    assert all(t.states[-1].player.health > 0 for t in trajectories)


def test_the_rollouts_of_a_plan_are_lives_of_their_own() -> None:
    assert len({len(t.actions) for t in _trajectories("Zombie Fighter", 1)}) > 1


def test_equal_rewards_are_no_preference() -> None:
    low, high = (Samples([reward, reward], [1.0, 1.0], 0) for reward in (1.0, 2.0))
    assert [preferred(pair) for pair in ((low, low), (high, low), (low, high))] == [None, 0, 1]


def test_damage_counts_blows_at_zombies_only() -> None:
    start = draw_arena(("@Z.",), Material.SAND, step=180, zombie_health=4)
    swing = truth(0, start, Action.DO)
    still = truth(0, swing, Action.NOOP)
    states, actions = [start, swing, still], [Action.DO, Action.NOOP]
    assert damage_per_blow(Trajectory(states, actions)) == 1.0
    assert damage_per_blow(Trajectory(states[1:], actions[1:])) == 0.0


def test_a_dead_player_plans_no_further() -> None:
    start = draw_arena(("@l..",), Material.SAND)
    trajectory = roll_out(
        lambda state: Action.MOVE_RIGHT, start, truth, Place(0, "lava", 0, 0), max_steps=9
    )
    assert trajectory.actions == [Action.MOVE_RIGHT]


def test_the_kernel_agrees_in_all_three_choices(tmp_path: Path) -> None:
    arguments = ("--only", "preferences", "--model", "kernel", "--rollouts", "4")
    (row,) = _run(tmp_path, *arguments)["rows"]
    assert row["metrics"] == {
        "preferences_right": 3.0,
        "preference_agreement": 1.0,
        "relative_reward_error": 0.0,
    }
    assert [part["metrics"]["agrees"] for part in row["by"]] == [1.0, 1.0, 1.0]


def test_a_model_that_mines_with_bare_hands_prefers_the_wrong_plan(tmp_path: Path) -> None:
    arguments = ("--only", "preferences", "--model", f"{THIS}:bare_hands", "--rollouts", "2")
    (row,) = _run(tmp_path, *arguments)["rows"]
    miner = next(part for part in row["by"] if part["name"] == "Stone Miner")
    rewards = {plan["name"]: plan["metrics"]["model_reward"] for plan in miner["by"]}
    assert rewards == {"craft a pickaxe first": 0.0, "mine at once": 3.0}
    assert miner["metrics"]["agrees"] == 0.0
    assert miner["metrics"]["relative_reward_error"] == pytest.approx(1.0)
    assert row["metrics"]["preferences_right"] == 2.0
    assert row["metrics"]["preference_agreement"] == pytest.approx(2 / 3)


def test_a_model_that_loses_the_table_is_reported_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--only", "preferences", "--model", f"{THIS}:no_tables", "--rollouts", "2"]
    assert main([*arguments, "--runner", "serial", "--out", str(tmp_path)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "one table for all: the placed table is missing in 2 of 2 imagined rollouts" in text
    assert "0 of 3 preferences right" in text


def test_a_model_in_which_nothing_happens_has_no_preference(tmp_path: Path) -> None:
    arguments = ("--only", "preferences", "--model", "null", "--rollouts", "1")
    (row,) = _run(tmp_path, *arguments)["rows"]
    assert row["metrics"]["preference_agreement"] == 0.0


def test_a_search_finds_a_goal_one_macro_away() -> None:
    start = draw_arena(("@..t.",), Material.SAND)
    goal = _goal(start, lambda state: state.player.inventory.wood > 0)
    found = find_way(start, goal, KERNEL, Settings(budget=100), random.Random(0), {})
    assert found is not None
    end = start
    for macro in found.macros:
        end, _ = run_macro(macro, end, truth, lambda: 0, max_steps=12, is_over=goal.is_reached)
    assert goal.is_reached(end)
    assert found.reward == 1.0


@pytest.mark.parametrize("number", range(3))
def test_the_planner_finds_a_goal_three_macros_away_without_a_hint(number: int) -> None:
    start = draw_arena(("......", "t..@.T"), Material.SAND)
    goal = _goal(start, lambda state: state.player.inventory.wood_sword > 0)
    planner = Planner(goal, KERNEL, Settings(budget=1000))
    episode = live(goal, planner, Place(0, "sword", 0, number))
    assert episode.is_success
    assert episode.num_steps <= 12  # to the tree, a blow, to the table, the sword


@pytest.mark.parametrize("name", ["collect a diamond", "make an iron tool"])
def test_the_planner_reaches_the_goals_that_last(name: str) -> None:
    planner = Planner(GOALS[name], KERNEL, Settings(budget=1000))
    assert live(GOALS[name], planner, Place(0, name, 0, 0)).is_success


def test_the_planner_does_not_walk_into_lava() -> None:
    start = draw_arena(("@ld", "...", "..."), Material.SAND, items={"iron_pickaxe": 1})
    goal = _goal(start, lambda state: state.player.inventory.diamond > 0)
    planner = Planner(goal, KERNEL, Settings(budget=200))
    assert live(goal, planner, Place(0, "lava", 0, 0)).is_success


def test_a_search_without_a_hint_does_not_lead_to_death() -> None:
    start = draw_arena(("@l", ".l"), Material.SAND)
    goal = _goal(start, lambda state: False)
    for seed in range(10):
        found = find_way(start, goal, KERNEL, Settings(budget=60), random.Random(seed), {})
        assert found is not None
        assert [macro.name for macro in found.macros] == ["push move_down"]


def test_the_planner_believes_its_model() -> None:
    start = draw_arena(("@s.", "..."), Material.SAND)
    goal = _goal(start, lambda state: state.player.inventory.stone > 0)
    wrong = Planner(goal, imagined("wrong", BareHands()), Settings(budget=100))
    assert wrong(start, random.Random(0)).name in ("use stone", "push move_right")
    wrong = Planner(goal, imagined("wrong", BareHands()), Settings(budget=100))
    assert not live(goal, wrong, Place(0, "stone", 0, 0)).is_success


def _corridor() -> Goal:
    start = draw_arena(("@...........",), Material.SAND)
    return _goal(start, lambda state: state.player.position.x == 11)


@pytest.mark.parametrize("number", range(5))
def test_on_a_plateau_the_planner_goes_where_it_has_not_been(number: int) -> None:
    goal = _corridor()
    planner = Planner(goal, KERNEL, Settings(budget=20, horizon=2))  # the end is out of its sight
    episode = live(goal, planner, Place(0, "corridor", 0, number))
    assert episode.is_success
    assert episode.num_steps == 11


def test_a_search_leads_to_the_least_visited_situation() -> None:
    start = draw_arena((".@.",), Material.SAND)
    goal = _goal(start, lambda state: False)
    left, right = (truth(0, start, move) for move in (Action.MOVE_LEFT, Action.MOVE_RIGHT))
    for state, away in ((left, "push move_right"), (right, "push move_left")):
        for seed in range(5):
            visits = {situation(state): 1, situation(start): 1}
            found = find_way(start, goal, KERNEL, Settings(budget=60), random.Random(seed), visits)
            assert found is not None
            assert [macro.name for macro in found.macros] == [away]


def test_a_way_is_kept_while_it_leads_on_and_given_up_when_not() -> None:
    start = draw_arena(("......", "t..@.T"), Material.SAND)
    goal = _goal(start, lambda state: state.player.inventory.wood_sword > 0)
    num_samples = 0

    def watched(key: int, state: WorldState, action: Action) -> WorldState:
        nonlocal num_samples
        num_samples += 1
        return KERNEL(key, state, action)

    planner, chance = Planner(goal, watched, Settings(budget=1000)), random.Random(0)
    first = planner(start, chance)
    num_searched, num_samples = num_samples, 0
    after, _ = run_macro(first, start, truth, lambda: 0, max_steps=12, is_over=goal.is_over)
    planner(after, chance)
    assert num_samples < 20 < num_searched
    robbed = after.copy()
    robbed.set_material(5, 1, Material.SAND)  # the table is gone, and with it the way
    planner(robbed, chance)
    assert num_samples > 500


def test_a_habit_that_helps_is_found_beside_a_zombie() -> None:
    start = draw_arena(("@Z",), Material.SAND, step=180, zombie_health=1)
    goal = dataclasses.replace(GOALS["survive a night"], initial=start.copy)
    for seed in range(3):
        planner = Planner(goal, KERNEL, Settings(budget=300))
        assert planner(start, random.Random(seed)).name in ("hit zombie", "push move_right")


def test_a_planner_that_fights_keeps_more_health_than_one_who_waits() -> None:
    start = draw_arena((".....", "@..Z.", "....."), Material.SAND, step=180)
    goal = dataclasses.replace(GOALS["survive a night"], initial=start.copy, max_steps=20)
    places = [Place(0, "fight", 0, number) for number in range(3)]
    settings = Settings(budget=300, horizon=12)
    planned = [live(goal, Planner(goal, KERNEL, settings), place).reward for place in places]
    waited = [live(goal, lambda state, chance: WAIT, place).reward for place in places]
    assert mean(planned) > mean(waited) + 0.2


@pytest.mark.parametrize(("wait", "name"), [(1.0, "wait"), (0.0, "sleep")])
def test_what_was_thought_of_a_habit_before_counts(wait: float, name: str) -> None:
    start = draw_arena(("@",), Material.SAND)
    goal = Goal("test", start.copy, lambda s: 0.5, lambda s: False, 20, is_lasting=False)
    opinions = {"wait": Opinion(10 * wait, 10.0)}
    best = best_habit(start, goal, KERNEL, Settings(budget=50), random.Random(0), opinions)
    assert best.name == name
    assert opinions["wait"].weight < 10  # it fades


def test_a_habit_that_has_nothing_to_do_is_waited_out() -> None:
    start = draw_arena(("@",), Material.SAND)
    goal = Goal("test", start.copy, lambda s: 0.5, lambda s: False, 20, is_lasting=False)
    opinions = {"hit zombie": Opinion(10.0, 10.0)}
    best = best_habit(start, goal, KERNEL, Settings(budget=50), random.Random(0), opinions)
    assert best.name == "wait"


@pytest.mark.parametrize("is_lasting", [True, False])
@pytest.mark.parametrize("budget", [1, 80, 500])
def test_a_decision_keeps_to_its_budget_and_horizon(is_lasting: bool, budget: int) -> None:
    start = draw_arena((".....", "..@..", "....."), Material.SAND)
    goal = dataclasses.replace(_goal(start, lambda state: False), is_lasting=is_lasting)
    latest = []

    def watched(key: int, state: WorldState, action: Action) -> WorldState:
        latest.append(state.step_count + 1)
        return KERNEL(key, state, action)

    Planner(goal, watched, Settings(budget, horizon=5))(start, random.Random(0))
    most_beyond = max(macro.max_steps for macro in MACROS) + len(MACROS)
    assert 1 <= len(latest) <= budget + most_beyond
    assert max(latest) <= 5


@pytest.mark.parametrize("is_lasting", [True, False])
def test_planning_in_a_model_without_change_ends(is_lasting: bool) -> None:
    start = draw_arena(("@t",), Material.SAND)
    goal = dataclasses.replace(_goal(start, lambda state: False), is_lasting=is_lasting)
    planner = Planner(goal, lambda key, state, action: state.copy(), Settings(budget=50))
    chosen = planner(start, random.Random(0))
    assert chosen.name in {macro.name for macro in MACROS}


@pytest.mark.parametrize("name", ["survive a night", "make an iron tool"])
def test_equal_seeds_live_equal_episodes_and_others_differ(name: str) -> None:
    goal, settings = GOALS[name], Settings(budget=40, horizon=8)

    def steps(seed: int) -> list[int]:
        places = [Place(seed, name, 0, i) for i in range(2)]
        return [live(goal, Planner(goal, KERNEL, settings), place).num_steps for place in places]

    assert steps(1) == steps(1) != steps(2)


def test_a_macro_that_acts_is_over_after_the_act() -> None:
    start = draw_arena(("@.tt",), Material.SAND)
    macro = next(macro for macro in MACROS if macro.name == "use tree")
    end, num_steps = run_macro(
        macro, start, truth, lambda: 0, max_steps=12, is_over=lambda state: False
    )
    assert end.player.inventory.wood == 1
    assert num_steps == 2


def test_pushing_digs_and_walks_a_cell() -> None:
    start = draw_arena(("@ss..",), Material.SAND, items={"wood_pickaxe": 1})
    macro = next(macro for macro in MACROS if macro.name == "push move_right")
    end, num_steps = run_macro(
        macro, start, truth, lambda: 0, max_steps=12, is_over=lambda state: False
    )
    assert end.player.position == Position(1, 0)
    assert end.player.inventory.stone == 1
    assert num_steps == 2


def test_only_macros_with_something_to_do_apply() -> None:
    start = draw_arena(("@",), Material.SAND)
    left = list(MACROS)
    names = []
    while (macro := next_applicable(left, start)) is not None:
        names.append(macro.name)
    assert "wait" in names
    assert not any(name.startswith(("use", "hit", "push")) for name in names)
    assert random_macros(start, random.Random(0)).name in names


def test_a_record_has_the_agreed_rows_and_metrics(tmp_path: Path) -> None:
    data = _run(tmp_path, "--model", "null", "--quick", "--seed", "3")
    assert (data["benchmark"], data["seed"]) == ("planning", 3)
    assert data["config"]["model"] == ["null"]
    assert [row["name"] for row in data["rows"]] == [
        "kernel",
        "null",
        "random actions",
        "random macros",
    ]
    null = data["rows"][1]
    assert [part["name"] for part in null["by"]] == [*CHOICES, *GOALS]
    for part in null["by"][:3]:
        assert set(part["metrics"]) == {"agrees", "relative_reward_error"}
        for plan in part["by"]:
            assert plan["n"] == 2
            columns = {"true_reward", "model_reward", "true_steps", "model_steps"}
            assert set(plan["metrics"]) == columns | {"tables_lost"}
            assert set(plan["stderr"]) == columns
    for part in null["by"][3:]:
        assert {"success_rate", "reward", "steps"} <= set(part["metrics"])
    for part in data["rows"][0]["by"]:
        assert part["metrics"].get("fraction_of_kernel", 1.0) == 1.0
    assert data["reference"][0]["name"] == "OneLife"


def test_the_seed_and_not_the_runner_decides_the_result(tmp_path: Path) -> None:
    arguments = ["--model", "kernel", "--only", "preferences", "--rollouts", "3", "--quiet"]
    rows = []
    for seed, runner in ((1, "serial"), (1, "process"), (2, "serial")):
        where = ["--out", str(tmp_path), "--seed", str(seed), "--runner", runner, "--jobs", "1"]
        assert main([*arguments, *where]) == 0
        rows.append(json.loads((tmp_path / "planning.json").read_text())["rows"])
    assert rows[0] == rows[1] != rows[2]


def test_the_terminal_shows_the_published_figures_within_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--model", "kernel", "--rollouts", "6", "--episodes", "1", "--budget", "1"]
    assert main([*arguments, "--runner", "serial", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "2 / 2.03 / 33" in out
    assert "random macros" in out
    assert "3 of 3 preferences right" in out
    assert "…" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nul"], "unknown model 'nul'; expected one of oracle, kernel, onelife"),
        (["--model", "json:absent"], "AttributeError"),
        (["--rollouts", "0"], "--rollouts must be at least 1, got 0"),
        (["--episodes", "0"], "--episodes must be at least 1, got 0"),
        (["--budget", "0"], "--budget must be at least 1, got 0"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--jobs", "0"], "--jobs must be at least 1, got 0"),
        (["--out", __file__], "--out must be a folder"),
    ],
)
def test_bad_planning_usage_is_one_line_and_status_two(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    defaults = [] if "--model" in arguments else ["--model", "null"]
    where = [] if "--out" in arguments else ["--out", str(tmp_path)]
    assert main([*defaults, *arguments, *where]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.mark.parametrize("part", ["preferences", "planner"])
def test_a_model_that_raises_has_status_one_and_writes_nothing(
    part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--model", f"{THIS}:faulty", "--quick", "--only", part, "--quiet"]
    assert main([*arguments, "--runner", "serial", "--out", str(out)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"model '{THIS}:faulty': sample of" in line
    assert "raised RuntimeError: no weights" in line
    assert list(out.iterdir()) == []


def test_an_answer_that_is_no_state_is_an_error() -> None:
    start = draw_arena(("@",), Material.SAND)
    with pytest.raises(ModelError, match="returned a str, not a WorldState"):
        imagined("mine", Faulty("state"))(0, start, Action.NOOP)


def test_planning_help_is_complete_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from evaluation.planning import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'torch', 'jax', 'pyro', 'numpy'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *text, modules = done.stdout.splitlines()
    assert modules == "[]"
    for option in ("model", "only", "rollouts", "episodes", "budget", "seed", "quick", "out"):
        assert any(f"--{option}" in line for line in text)
