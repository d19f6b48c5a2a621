"""From nothing to a model in a folder: stages leave files, and are not done twice."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from worldmodels.onelife import pipeline
from worldmodels.onelife.__main__ import main
from worldmodels.onelife.learned import load_learned
from worldmodels.onelife.pipeline import LIFE_FILE, TEXT_FILE, stage_of
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.storage import LAWS_FILE, load_book
from worldmodels.onelife.trajectories import load, read_header

STEPS = 40
EXPLORE = ("explore", "--world", "homestead", "--explorer", "random", "--steps", str(STEPS))
Stamps = dict[str, tuple[int, bytes]]


def call(folder: Path, *arguments: str) -> int:
    return main([*arguments, "--out", str(folder)])


def stamps(folder: Path) -> Stamps:
    """When files were written, and what is in them."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all stages are done."""
    folder = tmp_path_factory.mktemp("done")
    for stage in (EXPLORE, ("synthesize",), ("fit",)):
        assert call(folder, *stage, "--quiet") == 0
    return folder


@pytest.fixture
def explored(done: Path, tmp_path: Path) -> Path:
    """A folder with a life and nothing else."""
    (tmp_path / LIFE_FILE).write_bytes((done / LIFE_FILE).read_bytes())
    return tmp_path


def test_the_stages_leave_their_files_and_nothing_else(done: Path) -> None:
    assert {path.name for path in done.iterdir()} == {LIFE_FILE, LAWS_FILE, TEXT_FILE}
    assert len(load(done / LIFE_FILE)) == STEPS
    assert read_header(done / LIFE_FILE)["explorer"] == "random"
    assert stage_of(done) == "model"


def test_the_model_in_the_folder_has_the_laws_on_the_page(done: Path) -> None:
    model = load_learned(done)
    assert len(model.laws) > 3
    assert (done / TEXT_FILE).read_text().count("```python") == len(model.laws)
    step = load(done / LIFE_FILE)[5]
    hour = step.state.hour
    assert model.sample(0, step.state, step.action).hour == hour + 1


def test_a_stage_that_is_done_is_not_repeated(
    done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stamps(done)
    for stage in (EXPLORE, ("synthesize",), ("fit",)):
        assert call(done, *stage) == 0
    assert stamps(done) == before
    told = capsys.readouterr().out
    assert "holds laws already" in told
    assert "has weights already" in told


@pytest.mark.parametrize(
    "other",
    [
        (*EXPLORE, "--seed", "1"),
        (*EXPLORE[:-1], "41"),
        ("explore", "--world", "crafter_oo", *EXPLORE[3:]),
        ("explore", "--world", "homestead", "--explorer", "curious", *EXPLORE[5:]),
    ],
)
def test_another_life_in_the_same_folder_is_refused(
    other: tuple[str, ...], done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stamps(done)
    assert call(done, *other) == 1
    told = capsys.readouterr().err
    assert "holds another life" in told
    assert "give another folder, or remove it" in told
    assert stamps(done) == before


def test_equal_seeds_give_equal_lives(done: Path, tmp_path: Path) -> None:
    assert call(tmp_path, *EXPLORE, "--quiet") == 0
    assert (tmp_path / LIFE_FILE).read_bytes() == (done / LIFE_FILE).read_bytes()


def test_a_run_that_was_killed_goes_on_after_the_last_stage(
    done: Path, explored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stamps(explored)

    def killed(*arguments: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "synthesize", killed)
        assert call(explored, "synthesize", "--quiet") == 1
    assert stamps(explored) == before
    (explored / LAWS_FILE).write_bytes((done / LAWS_FILE).read_bytes())
    book, weights, _ = load_book(explored / LAWS_FILE)
    pipeline.write_laws(explored, book, {"transitions": STEPS})
    assert stage_of(explored) == "laws"
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "fit", killed)
        assert call(explored, "fit", "--quiet") == 1
    assert stage_of(explored) == "laws"
    assert call(explored, "fit", "--quiet") == 0
    assert stage_of(explored) == "model"
    assert load_book(explored / LAWS_FILE)[1].keys() <= weights.keys()
    assert stamps(explored)[LIFE_FILE] == before[LIFE_FILE]


def test_an_interruption_is_told_in_one_line(
    explored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def killed(*arguments: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "synthesize", killed)
    assert call(explored, "synthesize") == 1
    assert capsys.readouterr().err.strip() == (
        "error: interrupted; the stages that were done are kept"
    )


def test_only_the_beginning_of_a_life_is_used_if_so_asked(
    explored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def count(world: Any, life: Any, **options: Any) -> Any:
        seen.append(len(life))
        return induce(world, life, **options)

    monkeypatch.setattr("worldmodels.onelife.pipeline.induce", count)
    assert call(explored, "synthesize", "--transitions", "8", "--quiet") == 0
    assert seen == [8]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("synthesize",), "life.jsonl.gz is not there; run the stage before"),
        (("fit",), "laws.json is not there; run the stage before"),
        (("explore", "--steps", "0"), "expected at least one step, got 0"),
        (("synthesize", "--transitions", "-3"), "expected at least one step, got -3"),
        (("survey", "--seeds", "3", "3"), "--seeds"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    arguments: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, *arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_damaged_files_are_one_line_and_status_1(
    explored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (explored / LIFE_FILE).write_bytes(b"no life")
    assert call(explored, "synthesize") == 1
    (explored / LAWS_FILE).write_text("{}")
    assert call(explored, "fit") == 1
    life, laws = capsys.readouterr().err.splitlines()
    assert LIFE_FILE in life
    assert "format version" in laws


@pytest.mark.parametrize(
    "arguments", [(), ("dance",), ("explore", "--world", "nowhere"), ("explore", "--steps", "x")]
)
def test_what_cannot_be_parsed_is_status_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_help_tells_every_subcommand_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for line in (
        "explore Live one life without goals or rewards, and write it down.",
        "synthesize Find laws in the life in the folder",
        "fit Fit the weights of the laws in the folder to the life in it.",
        "run Explore, synthesize, fit, and rank the model",
        "survey Compare the curious explorer with a random one",
    ):
        assert line in told


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from worldmodels.onelife.__main__ import main\n"
        "try: main(['fit', '--help'])\n"
        "except SystemExit: print(sorted({'torch', 'jax', 'pyro'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.rstrip().endswith("[]")
