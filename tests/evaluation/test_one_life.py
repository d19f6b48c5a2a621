"""The study of many lives: its command, its files, its rows, its tables."""

import dataclasses
import gzip
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from rich.console import Console

from evaluation import one_life
from evaluation.arena import Arena
from evaluation.arenas import arena_named
from evaluation.baselines import Random
from evaluation.lives import judging, learning, models, study
from evaluation.lives.judging import Judged, Task, judge_model, missing, read
from evaluation.lives.learning import Lesson, Life, forget, lives_of
from evaluation.lives.models import make_model, model_names
from evaluation.lives.picture import draw_curve
from evaluation.lives.study import lessons_of, plan_of
from evaluation.lives.summary import compared, curve_row, mechanics_of, row_between, verdict
from evaluation.lives.table import curve_table, lives_text, mechanics_table, models_table
from evaluation.metrics import METRICS
from evaluation.one_life import main
from evaluation.published import STATE_RANKING
from evaluation.record import Row
from evaluation.runner import Job, run_job
from evaluation.summary import row_of
from worldmodels.onelife.pipeline import LIFE_FILE, Exploration
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.storage import LAWS_FILE, law_from_json
from worldmodels.onelife.synthesis.terms import Knowledge
from worldmodels.onelife.worlds import world_named

LABELS: Final = ("cut_wood", "sow/ok", "sow/fail")
STEPS: Final = 40
FIRST: Final = 10  # transitions of the first point of the curve; the second is the whole life
RUN: Final = (
    *("--world", "homestead", "--explorer", "random", "--steps", str(STEPS), "--seeds", "0", "2"),
    *("--trials", "1", "--jobs", "1", "--curve", "--quiet"),
)
NAMES: Final = (*("random", "null", "poe_inductive", "onelife_inductive", "kernel", "oracle"),)


def two_laws(life: Any, world: str) -> Book[Any]:
    """In place of induction, which takes long: the hour goes on, and effort is tiring."""
    assert len(life) in (FIRST, STEPS)

    def law(slot: list[str], amount: float) -> Any:
        outcomes = [{"form": "add", "argument": amount, "chance": 1.0, "count": 1.0}]
        then = [{"slot": slot, "outcomes": outcomes, "unless": []}]
        name = f"{slot[-1]} +{amount}"
        return law_from_json(
            {"name": name, "scope": "agent", "if": [], "then": then, "num_rows": 1}
        )

    laws = [law(["agent", "global", "hour"], 1), law(["agent", "attribute", "weariness"], 0.5)]
    return Book(world_named(world), laws, Knowledge("farmer", "hour", {}, {}))


@pytest.fixture(scope="module")
def few_scenarios() -> Any:
    """Homestead with three scenarios, and laws in no time."""
    arena = dataclasses.replace(arena_named("homestead"), scenario_sets={"all": LABELS})

    def named(name: str) -> Arena[Any, Any]:
        return arena if name == "homestead" else arena_named(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "arena_named", named)
        patch.setattr(judging, "arena_named", named)
        patch.setattr(learning, "synthesize", two_laws)
        patch.setattr(one_life, "CURVE", (FIRST, STEPS, 2 * STEPS))
        yield


@pytest.fixture(scope="module")
def finished(few_scenarios: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole study of two short lives."""
    out = tmp_path_factory.mktemp("study") / "out"
    assert main([*RUN, "--out", str(out)]) == 0
    return out


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """The same study, to be spoilt."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a study does: the lives and laws, and the models with their folders."""
    done: list[str] = []

    def spied(module: Any, name: str, text_of: Callable[[Any], str]) -> None:
        real = getattr(module, name)

        def spy(job: Any) -> None:
            done.append(text_of(job))
            real(job)

        monkeypatch.setattr(module, name, spy)

    spied(learning, "live", lambda life: f"live {life.home.name}")
    spied(learning, "learn", lambda lesson: f"learn {lesson.folder.name}")
    spied(judging, "judge_model", lambda task: f"{task.home.name}/{task.model}")
    return done


def _rows(out: Path) -> dict[str, Any]:
    data = json.loads((out / "one_life.json").read_text())
    return {row["name"]: row for row in data["rows"]}


def _printed(renderable: Any) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _judged(mrr: float, **by: float) -> Judged:
    """The same value for every metric; scenarios a/b are written a__b."""
    return Judged(
        {**dict.fromkeys(METRICS, float(mrr)), "candidates": 6.0},
        {
            label.replace("__", "/"): {**dict.fromkeys(METRICS, value), "transitions": 1.0}
            for label, value in by.items()
        },
    )


def _fake_life(
    out: Path, seed: int, num_steps: int, changes: Mapping[str, Any] | None = None
) -> Life:
    """A life of which only the header is written."""
    life = Life(Exploration("homestead", "random", seed, 2000), out / f"seed-{seed}")
    life.home.mkdir(parents=True)
    told = {"format_version": 1, "world": "homestead", "num_steps": num_steps}
    text = json.dumps({**told, **life.exploration.header, **(changes or {})})
    with gzip.open(life.file, "wt") as file:
        file.write(text + "\n")
    return life


def _task(home: Path, model: str = "onelife_inductive", **changes: Any) -> Task:
    task = Task("homestead", model, home, "full", ("strict",), 1, 42)
    return task._replace(**changes)


def test_a_study_has_a_row_for_every_model_and_one_by_mechanic(finished: Path) -> None:
    rows = _rows(finished)
    cell = "strict/full"
    names = [f"{cell}/{name}" for name in NAMES]
    assert list(rows) == ["lives", *names, f"mechanics/{cell}", f"curve/{cell}"]
    learned = rows["strict/full/onelife_inductive"]
    assert set(METRICS) == set(learned["metrics"]) == set(learned["std"])
    assert learned["n"] == 2
    assert [part["name"] for part in learned["by"]] == list(LABELS)
    assert rows["strict/full/oracle"]["metrics"]["mrr"] == 1.0
    assert (rows["strict/full/oracle"]["n"], rows["strict/full/oracle"]["std"]) == (1, {})


def test_a_study_says_how_long_the_lives_were_and_how_many_laws_they_gave(finished: Path) -> None:
    lives = _rows(finished)["lives"]["by"]
    assert [life["name"] for life in lives] == ["seed-0", "seed-1"]
    for life in lives:
        laws = json.loads((finished / life["name"] / LAWS_FILE).read_text())["laws"]
        assert life["metrics"] == {"transitions": STEPS, "laws": len(laws)}
        assert laws


def test_the_curve_ends_with_the_laws_of_the_whole_life(finished: Path) -> None:
    rows = _rows(finished)
    first, last = rows["curve/strict/full"]["by"]
    assert [first["name"], last["name"]] == [str(FIRST), str(STEPS)]
    for key in ("metrics", "std"):
        assert last[key]["mrr"] == rows["strict/full/onelife_inductive"][key]["mrr"]
    assert (finished / "one_life.png").read_bytes().startswith(b"\x89PNG")


def test_every_judgement_of_a_life_is_a_file_in_its_folder(finished: Path) -> None:
    files = sorted(str(file.relative_to(finished)) for file in finished.glob("**/judged/*"))
    fixed = [f"judged/{name}-strict-full.json" for name in ("kernel", "null", "oracle", "random")]
    fitted = [
        f"seed-{seed}/{file}-strict-full.json"
        for seed in (0, 1)
        for file in (
            f"first-{FIRST}/judged/onelife_inductive",
            "judged/onelife_inductive",
            "judged/poe_inductive",
        )
    ]
    assert files == [*fixed, *fitted]


def test_a_finished_study_does_nothing_again(copied: Path, calls: list[str]) -> None:
    before = _rows(copied)
    assert main([*RUN, "--out", str(copied)]) == 0
    assert calls == []
    assert _rows(copied) == before


def test_only_what_is_missing_is_judged_again(copied: Path, calls: list[str]) -> None:
    before = _rows(copied)
    (copied / "seed-1" / "judged" / "poe_inductive-strict-full.json").unlink()
    (copied / "judged" / "null-strict-full.json").write_text('{"of": ')
    assert main([*RUN, "--out", str(copied)]) == 0
    assert sorted(calls) == ["out/null", "seed-1/poe_inductive"]
    assert _rows(copied) == before


def test_new_laws_are_judged_again(copied: Path) -> None:
    file = copied / "seed-0" / LAWS_FILE
    data = json.loads(file.read_text())
    data["laws"][0]["weight"] += 1.0
    file.write_text(json.dumps(data))
    stale = [
        (task.home.name, task.model)
        for seed in (0, 1)
        for name in NAMES
        if missing(task := _task(_home(copied, seed, name), name)).protocols
    ]
    assert stale == [("seed-0", "poe_inductive"), ("seed-0", "onelife_inductive")]


def _home(out: Path, seed: int, model: str) -> Path:
    return out / f"seed-{seed}" if model in models.FILES else out


@pytest.mark.parametrize("changes", [{"trials": 2}, {"seed": 43}, {"world": "crafter_oo"}])
def test_a_judgement_made_otherwise_does_not_count(
    finished: Path, changes: Mapping[str, Any]
) -> None:
    task = _task(finished, "null")
    assert read(task, "strict") is not None
    assert read(task._replace(**changes), "strict") is None


def test_another_life_makes_models_stale_that_are_fitted_to_it(copied: Path) -> None:
    task = _task(copied / "seed-0", "poe_inductive")
    assert read(task, "strict") is not None
    shutil.copy(copied / "seed-1" / LIFE_FILE, copied / "seed-0" / LIFE_FILE)
    assert read(task, "strict") is None


def test_relearning_starts_from_the_same_lives(copied: Path, calls: list[str]) -> None:
    before = _rows(copied)
    assert main([*RUN, "--out", str(copied), "--relearn"]) == 0
    lessons = ["learn first-10", "learn first-10", "learn seed-0", "learn seed-1"]
    assert sorted(calls) == lessons, "and the same laws are not judged again"
    assert _rows(copied) == before


def test_forgetting_removes_the_laws_of_all_lengths_and_nothing_else(copied: Path) -> None:
    kept = {file for file in copied.glob("**/*") if file.name != LAWS_FILE}
    forget(lives_of("homestead", "random", range(2), STEPS, copied))
    assert set(copied.glob("**/*")) == kept


def test_laws_of_fewer_transitions_than_asked_for_are_not_done(copied: Path) -> None:
    (life, _) = lives_of("homestead", "random", range(2), STEPS, copied)
    lesson = Lesson(life, STEPS)
    assert lesson.is_done
    file = copied / "seed-0" / LAWS_FILE
    data = json.loads(file.read_text())
    data["origin"]["transitions"] = STEPS - 1
    file.write_text(json.dumps(data))
    assert not lesson.is_done


def test_a_lesson_about_the_first_transitions_knows_no_more(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def give_up(life: Any, world: str) -> Any:
        seen.append(len(life))
        raise KeyboardInterrupt

    monkeypatch.setattr(learning, "synthesize", give_up)
    (life, _) = lives_of("homestead", "random", range(2), STEPS, copied)
    with pytest.raises(KeyboardInterrupt):
        learning.learn(Lesson(life, 10))
    assert seen == [10]


def test_a_judgement_equals_that_of_state_ranking(few_scenarios: None, tmp_path: Path) -> None:
    task = _task(tmp_path, "kernel", trials=2)
    judge_model(task)
    judged = read(task, "strict")
    jobs = [Job("homestead", "kernel", label, "full", "strict", 2, 42) for label in LABELS]
    row = row_of("kernel", list(map(run_job, jobs)))
    assert judged == Judged(row.metrics, {part.name: part.metrics for part in row.by})


def test_a_model_by_hand_is_fitted_to_the_life_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[tuple[Any, ...]] = []

    def fake(kind: str) -> Callable[..., Random[Any]]:
        def fit(laws: Any, life: Any, named: Any, *config: Any) -> Random[Any]:
            assert laws
            fitted.append((kind, life, type(named).__name__))
            return Random(lambda state: state)

        return fit

    monkeypatch.setattr(models, "load", lambda path: [str(path)])
    monkeypatch.setattr(models, "learn", fake("onelife"))
    monkeypatch.setattr(models, "fit_poeworld", fake("poe"))
    for name in ("onelife_handwritten", "poe_handwritten"):
        make_model("crafter_oo", name, "full", tmp_path)
        make_model("crafter_oo", name, "onelife", tmp_path)
    life = [str(tmp_path / LIFE_FILE)]
    kinds = [(kind, named) for kind in ("onelife", "poe") for named in ("Full", "Published")]
    assert fitted == [(kind, life, f"{named}Observables") for kind, named in kinds]


def test_crafter_has_laws_by_hand_and_homestead_has_none() -> None:
    assert model_names(arena_named("homestead")) == NAMES
    assert model_names(arena_named("crafter_oo")) == (
        *("random", "random_crafter", "null", "poe_inductive", "poe_handwritten"),
        *("onelife_handwritten", "onelife_inductive", "kernel", "oracle"),
    )


def test_crafter_is_judged_in_four_ways_and_the_models_of_no_life_once(tmp_path: Path) -> None:
    lives = [Life(Exploration("crafter_oo", "random", n, 9), tmp_path / str(n)) for n in (0, 1)]
    plan = plan_of("crafter_oo", lives, (), 1, 42, tmp_path)
    names = [cell.name for cell in plan.cells]
    assert names == ["strict/full", "strict/onelife", "compat/full", "compat/onelife"]
    num_tasks = {name: len(tasks) for name, tasks in plan.tasks.items()}
    assert num_tasks == {
        name: 4 if name in models.FILES else 2 for name in model_names(arena_named("crafter_oo"))
    }


def test_a_life_is_on_the_curve_as_far_as_it_lasted(tmp_path: Path) -> None:
    lives = [_fake_life(tmp_path, 0, 120), _fake_life(tmp_path, 1, 250), _fake_life(tmp_path, 2, 9)]
    lessons = [(lesson.folder, lesson.transitions) for lesson in lessons_of(lives, (100, 250, 500))]
    assert lessons == [
        (tmp_path / "seed-1", 250),
        (tmp_path / "seed-0", 120),
        (tmp_path / "seed-0" / "first-100", 100),
        (tmp_path / "seed-1" / "first-100", 100),
        (tmp_path / "seed-2", 9),
    ]
    plan = plan_of("crafter_oo", lives, (100, 250, 500), 1, 42, tmp_path)
    assert list(plan.points) == [100, 250]
    assert [task.home for task in plan.points[100]] == [lessons[2][0], lessons[3][0]]
    assert plan.points[250][0] in plan.tasks["onelife_inductive"], "judged once for both"
    assert len(plan.all_tasks) == 5 * 2 + 4 * 2 * 3 + 2


def test_means_and_standard_deviations_are_between_lives() -> None:
    row = row_between("x", [_judged(0.2, a=0.0), _judged(0.6, a=1.0)])
    assert row.metrics == pytest.approx(dict.fromkeys(METRICS, 0.4))
    assert row.std["mrr"] == pytest.approx(0.4 / 2**0.5)
    assert row.stderr["mrr"] == pytest.approx(0.2)
    assert row.n == 2
    assert row.by[0].metrics == dict.fromkeys(METRICS, 0.5)
    assert row.by[0].std["iou"] == pytest.approx(0.5**0.5)


def test_a_count_of_one_life_is_averaged_over_all() -> None:
    noted = dataclasses.replace(one := _judged(0.5), metrics={**one.metrics, "laws_skipped": 4.0})
    assert row_between("x", [one, noted]).metrics["laws_skipped"] == 2.0


def test_variants_of_a_mechanic_count_the_same_and_differences_are_of_the_same_life() -> None:
    ours = [
        _judged(0.0, a__ok=1.0, a__fail=0.5, b=0.2),
        _judged(0.0, a__ok=0.5, a__fail=0.5, b=0.4),
    ]
    theirs = [
        _judged(0.0, a__ok=0.5, a__fail=0.5, b=0.3),
        _judged(0.0, a__ok=0.2, a__fail=0.3, b=0.3),
    ]
    row = compared("mechanics/strict/full", ours, theirs, ("a", "b"))
    a, b = row.by
    assert a.metrics == pytest.approx({"mrr": 0.625, "other_mrr": 0.375, "difference": 0.25})
    assert a.std["difference"] == pytest.approx(0.0), "0.25 in both lives"
    assert b.std["difference"] == pytest.approx(0.02**0.5)
    assert [verdict(part) for part in row.by] == ["better", "equal"]
    assert row.metrics == {"better": 1.0, "equal": 1.0, "worse": 0.0}
    assert row.n == 2


@pytest.mark.parametrize(
    ("difference", "word"),
    [(0.0004, "equal"), (-0.0004, "equal"), (0.0006, "better"), (-0.0006, "worse")],
)
def test_equal_is_what_prints_the_same(difference: float, word: str) -> None:
    assert verdict(Row("a", {"difference": difference}, {}, 1)) == word


def test_the_mechanics_of_crafter_are_the_published_names() -> None:
    mechanics = mechanics_of(arena_named("crafter_oo"))
    assert len(mechanics) == 23
    assert set(mechanics) == set(STATE_RANKING[-1].by)


def test_the_curve_has_the_lives_that_were_so_long() -> None:
    row = curve_row("curve/strict/full", {100: [_judged(0.2), _judged(0.4)], 250: [_judged(0.5)]})
    assert [(part.name, part.n) for part in row.by] == [("100", 2), ("250", 1)]
    assert row.by[0].metrics == {"mrr": pytest.approx(0.3)}
    lines = _printed(curve_table(row)).splitlines()
    assert lines[3].split() == ["100", "2", "0.300", "±0.141"]
    assert lines[4].split() == ["250", "1", "0.500"]


def test_the_curve_is_drawn_beside_the_kernel(tmp_path: Path) -> None:
    row = curve_row("curve/strict/full", {100: [_judged(0.2), _judged(0.4)], 250: [_judged(0.5)]})
    path = tmp_path / "curve.png"
    pictures = []
    for kernel in (0.9, 0.6):
        draw_curve(path, "A curve", row, kernel)
        pictures.append(path.read_bytes())
    assert pictures[0].startswith(b"\x89PNG")
    assert pictures[0] != pictures[1]


def test_models_of_no_life_show_no_number_of_lives_and_published_rows_stand_below() -> None:
    rows = [
        row_between("compat/onelife/null", [_judged(0.2)]),
        row_between("compat/onelife/onelife_inductive", [_judged(0.2), _judged(0.4)]),
    ]
    text = _printed(models_table("compat/onelife", rows, STATE_RANKING[-1:]))
    lines = [line.split() for line in text.splitlines()]
    assert ["null", "0.200", "0.200", "0.20", "0.200", "0.200"] in lines
    assert ["OneLife", "inductive", "2", "0.300"] in [line[:4] for line in lines]
    assert "±0.141" in text
    assert ["OneLife", "0.187", "0.479", "8.76", "0.058"] in lines
    assert "…" not in text


def test_mechanics_stand_side_by_side_with_a_sign_and_counts() -> None:
    ours, theirs = [_judged(0.0, a=0.9, b=0.2, c=0.4)], [_judged(0.0, a=0.5, b=0.3, c=0.4)]
    rows = [
        compared(f"mechanics/{cell}", *pair, ("a", "b", "c"))
        for cell, pair in (("strict/full", (ours, theirs)), ("compat/full", (theirs, ours)))
    ]
    text = _printed(mechanics_table(rows))
    lines = [line.split() for line in text.splitlines()]
    assert ["mechanic", "strict/full", "compat/full"] in lines
    assert ["a", "0.900", ">", "0.500", "0.500", "<", "0.900"] in lines
    assert ["b", "0.200", "<", "0.300", "0.300", ">", "0.200"] in lines
    assert ["c", *["0.400", "=", "0.400"] * 2] in lines
    assert "better/equal/worse" in text
    assert text.count("1 / 1 / 1") == 2


def test_lives_are_told_in_one_line() -> None:
    by = tuple(Row(str(n), {"transitions": n, "laws": 7.0}, {}, 1) for n in (85.0, 120.0))
    assert (
        lives_text(Row("lives", {}, {}, 2, by=by)) == "2 lives of 85 to 120 transitions and 7 laws"
    )


def test_the_terminal_shows_everything(
    copied: Path, few_scenarios: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN[:-1], "--out", str(copied)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"homestead, random explorer, 2 lives of {STEPS} transitions and ")
    for text in ("OneLife inductive ", "PoE-World inductive ", "better/equal/worse", "oracle"):
        assert text in out
    assert f" s; wrote {copied / 'one_life.json'}" in out.replace("\n", "")


def test_quiet_prints_nothing(copied: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--out", str(copied)]) == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("header", "arguments"),
    [
        ({"seed": 7}, []),
        ({"world": "crafter_oo"}, []),
        ({"explorer": "curious"}, []),
        ({}, ["--steps", "1999"]),
    ],
)
def test_a_folder_with_another_life_is_refused(
    header: Mapping[str, Any],
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(one_life, "_study", pytest.fail)
    life = _fake_life(tmp_path, 0, 50, header)
    given = ["--world", "homestead", "--explorer", "random", "--out", str(tmp_path), *arguments]
    assert main(given) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {life.file} holds another life: expected ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "3", "3"], "--seeds must be the first, at least 0, and the one after the"),
        (["--seeds", "-1", "3"], "got -1 3"),
        (["--steps", "0"], "--steps must be at least 1, got 0"),
        (["--trials", "0"], "--trials must be at least 1, got 0"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--jobs", "0"], "--jobs must be at least 1, got 0"),
        (["--curve", "--steps", "9"], "--curve takes --steps of at least 10, got 9"),
        (["--out", "{file}"], "--out must be a folder"),
    ],
)
def test_bad_usage_is_one_line_and_status_two(
    arguments: list[str],
    message: str,
    few_scenarios: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(one_life, "_study", pytest.fail)
    file = tmp_path / "file"
    file.touch()
    assert main([argument.format(file=file) for argument in arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_laws_that_cannot_be_read_have_status_one(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied / "seed-0" / LAWS_FILE).write_text('{"format_version": 99}')
    assert main([*RUN, "--out", str(copied)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "laws.json has format version 99" in line


def test_a_killed_study_says_that_it_goes_on(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(task: Task) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(judging, "judge_model", interrupt)
    (copied / "judged" / "null-strict-full.json").unlink()
    assert main([*RUN, "--out", str(copied)]) == 1
    assert "the same command goes on" in capsys.readouterr().err


def test_help_is_complete_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from evaluation.one_life import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'torch', 'jax', 'pyro', 'pygame', 'matplotlib'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *text, modules = done.stdout.splitlines()
    assert modules == "[]"
    for field in dataclasses.fields(one_life.Config):
        assert any(f"--{field.name}" in line for line in text)
