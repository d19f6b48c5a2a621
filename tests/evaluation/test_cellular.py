"""Simulators of Life, measured: what counts, what is written, what is refused."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from untrained_runs import GPT_8, spoil, untrained_run

from envs.life.patterns import PATTERNS
from evaluation.automata import scores, table
from evaluation.automata.film import GAP, HEAD, MISSING, PANEL, WRONG, write_film
from evaluation.automata.grids import DENSITIES, broad, lives, patterns, soups
from evaluation.automata.models import Grids, Simulator, load_simulators
from evaluation.automata.plots import draw_all
from evaluation.automata.study import Settings, Study, num_pieces, sides_of, study
from evaluation.cellular import main
from evaluation.published import CELLULAR
from worldmodels.lifegpt.benchmark import NAMES
from worldmodels.lifegpt.data import successors

SIDE = 6
SETTINGS = Settings(grids=2, lives=3, steps=3, sizes=(SIDE, 8), seed=0)
SMALL = ("--grids", "2", "--lives", "2", "--steps", "2", "--sizes", "8")


def _spotted(grids: Grids) -> Grids:
    """The successor, but for one corner."""
    after = successors(grids).copy()
    after[:, 0, 0] ^= True
    return after


def _only_six(grids: Grids) -> Grids:
    if grids.shape[1] != SIDE:
        raise ValueError(f"this model was made for grids of 6x6, got {grids.shape[1:]}")
    return _spotted(grids)


RULE = Simulator("rule", "torus", (), successors)
SPOTTED = Simulator("folder/spotted", "nothing", (SIDE,), _only_six)


@pytest.fixture(scope="module")
def found() -> Study:
    begun: list[str] = []
    result = study([RULE, SPOTTED], (SIDE,), SETTINGS, begun.append)
    assert len(begun) == num_pieces([RULE, SPOTTED], (SIDE,))
    return result


def test_the_rule_is_right_in_everything(found: Study) -> None:
    rule = found.measured[0].row
    assert rule.name == "6x6/rule"
    assert rule.n == 2 * len(DENSITIES)
    assert rule.metrics == {
        "cell_accuracy": 1,
        "exact_grid_rate": 1,
        "cell_error": 0,
        "steps_to_first_error": 3,
        "never_wrong_rate": 1,
    }
    squares = table.part_of(rule, "neighbourhoods")
    assert squares is not None
    assert squares.metrics == {"right": 512}
    assert sum(part.n for part in squares.by) == 512


def test_one_wrong_cell_of_each_grid_is_counted_as_one_everywhere(found: Study) -> None:
    spotted = found.measured[1].row
    assert spotted.metrics["cell_error"] == pytest.approx(1 / 36)
    assert spotted.metrics["cell_accuracy"] == pytest.approx(35 / 36)
    assert spotted.stderr["cell_error"] == pytest.approx(0)
    assert spotted.metrics["exact_grid_rate"] == 0
    assert spotted.metrics["steps_to_first_error"] == 0
    lived = table.part_of(spotted, "rollouts")
    assert lived is not None
    assert lived.metrics["step_cell_error"] == pytest.approx(1 / 36)
    assert lived.metrics["step_exact_rate"] == 0
    assert [part.name for part in lived.by] == ["step 1", "step 2", "step 3"]
    assert lived.by[0].metrics["cell_error"] == pytest.approx(1 / 36)


def test_rows_have_a_part_for_each_density_and_pattern(found: Study) -> None:
    rule = found.measured[0].row
    names = [part.name for part in rule.by]
    assert names[: len(DENSITIES)] == [f"density {density:.2f}" for density in DENSITIES]
    shapes = table.shapes_of(rule)
    assert {"glider", "block"} <= {part.name for part in shapes}
    assert "pulsar" not in names, "it does not fit into 6x6"
    assert all(part.n == 2 and part.metrics["steps_to_first_error"] == 3 for part in shapes)


def test_a_size_that_a_model_does_not_take_is_left_out_and_explained(found: Study) -> None:
    assert [part.name for part in found.sized[1].row.by] == ["6x6"]
    (note,) = table.notes_of(found.sized)
    assert note.startswith("folder/spotted cannot be asked about 8x8: this model was made for")
    assert [one.model.name for one in found.published] == ["rule"]


def test_the_published_grids_are_ten_and_have_32_rows(found: Study) -> None:
    (one,) = found.published
    assert (one.side, one.row.n) == (32, 10)
    assert [part.name for part in one.row.by] == [*NAMES, "rollouts"]


def test_right_steps_end_at_the_first_error_even_where_a_grid_recovers() -> None:
    truth = np.zeros((3, 5, 2, 2), np.bool_)
    said = truth.copy()
    said[1, 3, 0, 0] = True  # wrong after step 3, right again after step 4
    said[2, 1:, 0, 0] = True
    rollouts = scores.Rollouts(said, truth)
    assert rollouts.right_steps.tolist() == [4, 2, 0]
    assert rollouts.errors[2].tolist() == [0.25] * 4


def test_slips_are_judged_from_the_models_own_grid() -> None:
    start = lives(0, SIDE, 2)
    said = [start, _spotted(start)]
    said += [successors(said[-1])]
    truth = scores.roll_out(RULE, start, 2).said
    rollouts = scores.Rollouts(np.stack(said, axis=1), truth)
    assert (rollouts.slips[:, 0] > 0).all()
    assert (rollouts.slips[:, 1] == 0).all()


def test_a_neighbouring_rule_fails_on_its_neighbourhoods_alone() -> None:
    highlife = Simulator("highlife", "torus", (), lambda grids: successors(grids, "B36/S23"))
    row = scores.neighbourhood_row("all", scores.right_neighbourhoods(highlife, SIDE))
    assert row.metrics == {"right": 512 - 28}
    wrong = {part.name: part.n for part in row.by if part.metrics["right"] < part.n}
    assert wrong == {"dead, 6 neighbours": 28}


def test_standard_errors_are_those_of_the_mean_over_grids() -> None:
    row = scores.one_step_row("row", np.array([0, 0, 2, 2]), 4)
    assert row.metrics == {"cell_accuracy": 0.75, "exact_grid_rate": 0.5, "cell_error": 0.25}
    assert row.stderr["cell_error"] == pytest.approx(np.std([0, 0, 0.5, 0.5], ddof=1) / 2)
    assert row.n == 4


def test_grids_are_what_their_labels_say() -> None:
    start = soups(0, SIDE, 2)
    assert not start.grids[:2].any()
    assert start.grids[-2:].all()
    shapes = patterns(0, SIDE, 3)
    for label, grid in zip(shapes.labels, shapes.grids, strict=True):
        assert grid.sum() == PATTERNS[label].cells().sum()
    assert len({grid.tobytes() for grid in shapes.grids[:3]}) > 1, "elsewhere each time"


@pytest.mark.parametrize("make", [lives, broad])
def test_a_seed_decides_the_grids(make: Any) -> None:
    assert (make(1, SIDE, 4) == make(1, SIDE, 4)).all()
    assert (make(1, SIDE, 4) != make(2, SIDE, 4)).any()


def test_sides_are_those_of_training_unless_one_is_given() -> None:
    assert sides_of([RULE], 0) == (16,)
    assert sides_of([RULE, SPOTTED], 0) == (SIDE,)
    assert sides_of([RULE], 9) == (9,)
    with pytest.raises(ValueError, match="folder/spotted: this model was made for grids of 6x6"):
        sides_of([RULE, SPOTTED], 9)


def test_a_film_shows_every_step_and_marks_what_differs(found: Study, tmp_path: Path) -> None:
    truth = np.zeros((1, 3, SIDE, SIDE), np.bool_)
    said = truth.copy()
    truth[0, 1:, 1, 1] = said[0, 2, 2:4, 2] = True
    path = write_film(found.measured[1]._replace(rollouts=scores.Rollouts(said, truth)), tmp_path)
    assert path.name == "cellular-folder_spotted-6x6.gif"
    with Image.open(path) as film:
        assert film.n_frames == 3
        marked = []
        for frame in range(3):
            film.seek(frame)
            colours = np.asarray(film.convert("RGB")).astype(int)
            difference = colours[HEAD : HEAD + PANEL, -PANEL - GAP : -GAP]
            pixels = [(abs(difference - c).max(axis=2) < 20).sum() for c in (WRONG, MISSING)]
            marked.append([round(float(count) / PANEL**2 * SIDE**2) for count in pixels])
    assert marked == [[0, 0], [0, 1], [2, 1]], "cells in the model only, in truth only"


def test_plots_are_written_for_every_size(found: Study, tmp_path: Path) -> None:
    paths = draw_all(found.measured, tmp_path)
    assert [path.name for path in paths] == [
        "cellular-density.png",
        "cellular-rollouts.png",
    ]
    for path in paths:
        with Image.open(path) as picture:
            assert picture.width > picture.height


def test_published_figures_are_as_they_were_published() -> None:
    known = {reference.name: reference for reference in CELLULAR}
    assert len(known) == 5 + 10 + 1
    greedy = known["LifeGPT, one step, temperature 0"]
    assert len(greedy.by) == 25
    perfect = [name for name, part in greedy.by.items() if part["cell_accuracy"] == 1]
    assert perfect[0] == "epoch 16"
    assert known["LifeGPT, one step, temperature 1"].metrics == {"cell_accuracy": 0.9998}
    short = known["LifeGPT, 9 steps, epoch 50, temperature 0"]
    assert short.metrics == {"final_cell_accuracy": 0.99795}
    assert short.by["step 9"]["cell_error"] == pytest.approx(1 - 0.99795)
    long = known["LifeGPT, 249 steps"]
    assert long.metrics["step_cell_error"] == pytest.approx(8.2e-6, rel=0.01)
    assert long.metrics["step_exact_rate"] == pytest.approx(0.99277, abs=1e-5)
    assert tuple(long.by) == NAMES
    wrong = [n for n, part in long.by.items() if part["steps_to_first_error"] < 249]
    assert wrong == ["quarter", "glider", "r-pentomino"]
    assert all("32x32" in reference.conditions for reference in CELLULAR)


def test_the_command_writes_a_record_plots_and_films(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = untrained_run(tmp_path / "run", GPT_8)
    out = tmp_path / "out"
    assert main(["rule", "majority", str(run), *SMALL, "--out", str(out), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    record = json.loads((out / "cellular.json").read_text())
    assert record["benchmark"] == "cellular"
    assert record["config"]["told"] == {"rule": "torus", "majority": "nothing", str(run): "nothing"}
    rows = {row["name"]: row for row in record["rows"]}
    assert rows["8x8/rule"]["metrics"]["cell_accuracy"] == 1
    assert rows["8x8/majority"]["metrics"]["cell_accuracy"] < 0.95
    assert set(rows) >= {f"8x8/{run}", f"sizes/{run}", "published/rule", "published/majority"}
    assert f"published/{run}" not in rows
    assert len(record["reference"]) == len(CELLULAR)
    kinds = sorted(path.suffix for path in out.iterdir())
    assert kinds == [".gif", ".json", ".png", ".png"]


def test_tables_fit_into_80_columns_and_show_the_share_of_wrong_cells(found: Study) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table.side_table(SIDE, found.measured, SETTINGS.steps))
    console.print(table.sizes_table(found.sized, SETTINGS.sizes))
    console.print(table.published_table(found.published, CELLULAR, SETTINGS.steps))
    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    assert "rule 1.00000 0 ±0 1.000 ±0.000 all 3 1.000 1.000 512" in lines
    assert "folder/spotted 0.97222 2.8e-2 ±0 0.000 ±0.000 0 0.000 0.000 512" in lines
    assert "folder/spotted 0.97222* -" in lines
    assert not any("…" in line for line in lines)


def test_tables_keep_models_that_are_told_the_torus_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # long names of models break the lines of a table
    untrained_run(Path("run"), GPT_8)
    assert main(["rule", "run", *SMALL, "--verbose", "--out", "out"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.index("told the torus rule") < out.index("told nothing of it run")
    assert out.index("published test grids") < out.index("LifeGPT 1.00000 0 0.99795 all 249")
    assert "these figures stand beside no other size" in out
    assert "density 0.50" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rules"], "unknown model 'rules'; expected one of rule, convolution, majority"),
        (["results/absent"], "or a folder written by python -m worldmodels.lifegpt train"),
        (["{empty}"], "holds no checkpoint"),
        (["{run}", "--side", "16"], "this model was made for grids of 8x8, got 16x16"),
        (["{broken}"], "has numbers that are not finite"),
        (["{other}"], "was trained on the rule B36/S23, and this measures B3/S23"),
        (["rule", "--device", "abacus"], "torch has no device 'abacus' here"),
        (["rule", "--grids", "1"], "--grids must be at least 2, got 1"),
        (["rule", "--steps", "0"], "--steps must be at least 1, got 0"),
        (["rule", "--side", "4"], "--side must be at least 5, got 4"),
        (["rule", "--sizes", "8", "3"], "--sizes must be at least 5, got 3"),
        (["rule", "--seed", "-1"], "--seed must be at least 0, got -1"),
        (["rule", "--out", "{file}"], "--out must be a folder"),
    ],
)
def test_bad_usage_is_one_line_and_status_two(
    arguments: list[str], message: str, places: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.format(**places) for argument in arguments]
    out = [] if "--out" in given else ["--out", str(places["empty"].parent / "out")]
    assert main([*given, *out]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("places")
    (folder / "empty").mkdir()
    (folder / "file").write_text("")
    spoil(untrained_run(folder / "broken"))
    return {
        "empty": folder / "empty",
        "file": folder / "file",
        "broken": folder / "broken",
        "run": untrained_run(folder / "run", GPT_8),
        "other": untrained_run(folder / "other", rule="B36/S23"),
    }


def test_models_are_made_once_and_say_what_they_are_told(tmp_path: Path) -> None:
    torus, gpt = untrained_run(tmp_path / "torus"), untrained_run(tmp_path / "gpt", GPT_8)
    names = ["rule", str(torus), str(gpt), "rule"]
    models = {model.name: model for model in load_simulators(names, "cpu", 0)}
    assert list(models) == names[:3]
    assert [model.told for model in models.values()] == ["torus", "torus", "nothing"]
    assert models[str(torus)].refusal(9) is None
    assert "at least 5 rows" in str(models[str(torus)].refusal(4))
    assert models[str(gpt)].sides == (8,)


def test_batches_do_not_change_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (model,) = load_simulators([str(untrained_run(tmp_path / "run"))], "cpu", 0)
    grids = broad(0, 5, 7)
    whole = model.next_grids(grids)
    monkeypatch.setattr("evaluation.automata.models.BATCH_CELLS", 50)
    assert (model.next_grids(grids) == whole).all()


def test_help_is_complete_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from evaluation.cellular import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'torch', 'jax', 'matplotlib', 'PIL'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *text, modules = done.stdout.splitlines()
    assert modules == "[]"
    for option in ("side", "sizes", "grids", "lives", "steps", "device", "seed", "out", "quiet"):
        assert any(f"--{option}" in line for line in text)
