"""The command line that has a language model find the laws of a life."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from onelife.llm_server import Request, Response, completion, law_block, only_loopback, serving

from envs.crafter_oo.engine import initial_state
from worldmodels.onelife import __main__ as command
from worldmodels.onelife.__main__ import main
from worldmodels.onelife.crafter.world import CrafterWorld
from worldmodels.onelife.dreams import dream_in
from worldmodels.onelife.learned import load_laws, load_learned
from worldmodels.onelife.pipeline import LIFE_FILE, RECORDS, TEXT_FILE, stage_of
from worldmodels.onelife.synthesis.llm import client
from worldmodels.onelife.synthesis.storage import LAWS_FILE, origin_of
from worldmodels.onelife.trajectories import load

STEPS = 30
EXPLORE = ("explore", "--explorer", "random", "--steps", str(STEPS))
TIME = """
def precondition(state, action):
    return True

def effect(state, action):
    return {"step_count": Distribution.point(state.step_count + 1)}
"""
SILENT = TIME.replace("True", "False")
HOSTILE = "import os\n" + TIME
NAME = "step_count.up@0#1"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    only_loopback(monkeypatch)
    monkeypatch.setattr(client, "_FIRST_WAIT", 0.0)


@pytest.fixture(scope="module", autouse=True)
def _small_worlds() -> Iterator[None]:
    """States of 64 by 64 cells take long to be told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CrafterWorld, "initial", lambda _, seed: initial_state((16, 16), seed=seed))
        yield


def about_time(request: Request) -> Response:
    """A right law about the time, a hostile one, and silence about everything else."""
    is_time = "\nstep_count.up\n" in request.messages[-1]["content"]
    laws = (TIME, HOSTILE) if is_time else (SILENT,)
    return completion("".join(law_block(law, "time goes on") for law in laws))


def call(folder: Path, *arguments: str) -> int:
    return main([*arguments, "--out", str(folder)])


def ask(folder: Path, script: Callable[[Request], Response]) -> tuple[int, int]:
    """The status, and the number of questions that were sent."""
    with serving(script) as server:
        told = ("--synthesizer", "llm", "--model", "a-model", "--url", server.url)
        return call(folder, "synthesize", *told), len(server.requests)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a life and nothing else."""
    folder = tmp_path_factory.mktemp("life")
    assert call(folder, *EXPLORE, "--quiet") == 0
    return folder


@pytest.fixture(scope="module")
def done(life: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all stages are done."""
    folder = tmp_path_factory.mktemp("done")
    shutil.copy(life / LIFE_FILE, folder)
    with pytest.MonkeyPatch.context() as patch:
        only_loopback(patch)
        assert ask(folder, about_time)[0] == 0
    assert stage_of(folder) == "laws"
    assert call(folder, "fit", "--quiet") == 0
    return folder


@pytest.fixture
def explored(life: Path, tmp_path: Path) -> Path:
    shutil.copy(life / LIFE_FILE, tmp_path)
    return tmp_path


def test_the_stages_leave_laws_for_the_machine_and_for_a_person(done: Path) -> None:
    names = {path.name for path in done.iterdir()}
    assert names == {LIFE_FILE, RECORDS, LAWS_FILE, TEXT_FILE}
    assert stage_of(done) == "model"
    (law,) = json.loads((done / LAWS_FILE).read_text())["laws"]
    assert (law["name"], law["source"], law["transition"]) == (NAME, TIME.strip(), 0)
    assert law["weight"] > 0.1
    page = (done / TEXT_FILE).read_text()
    assert TIME.strip() in page
    assert f"weight {law['weight']:.2f}. time goes on" in page
    assert "import os" not in page
    origin = origin_of(done / LAWS_FILE)
    assert (origin["synthesizer"], origin["synthesizer_model"]) == ("llm", "a-model")
    assert (origin["explorer"], origin["transitions"]) == ("random", STEPS)


def test_the_model_in_the_folder_predicts_and_explains(done: Path) -> None:
    model = load_learned(done)
    state = load(done / LIFE_FILE)[5].state
    assert model.sample(0, state, "noop").step_count == state.step_count + 1
    assert [vote.law for vote in model.explain(state, "noop")] == [NAME]
    assert model.notes() == {}


def test_one_can_play_in_the_model(done: Path) -> None:
    from envs.catalog import find_world, load_core

    core = load_core(find_world("CrafterOO-v0"))
    dream = dream_in("CrafterOO-v0", core, str(done))
    state = load(done / LIFE_FILE)[5].state
    assert dream.transition(((0, 1), 1), state, 0, None).step_count == state.step_count + 1


def test_observables_it_was_not_made_for_are_refused(done: Path) -> None:
    with pytest.raises(ValueError, match="about the observables 'full', got 'onelife'"):
        load_learned(done, "onelife")


def test_a_source_that_was_tampered_with_is_never_run(done: Path, tmp_path: Path) -> None:
    data = json.loads((done / LAWS_FILE).read_text())
    mark = tmp_path / "owned"
    data["laws"][0]["source"] = f"open({str(mark)!r}, 'w')\n{TIME}"
    (tmp_path / LAWS_FILE).write_text(json.dumps(data))
    with pytest.raises(ValueError, match=f"law '{NAME}' cannot be run: rejected"):
        load_learned(tmp_path)
    assert not mark.exists()


def test_a_run_that_broke_off_asks_only_what_is_left(
    explored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = itertools.count()

    def breaks(request: Request) -> Response:
        return about_time(request) if next(count) < 5 else Response(b"gone", 403)

    assert ask(explored, breaks)[0] == 1
    assert "error: http://127.0.0.1" in (error := capsys.readouterr().err)
    assert "status 403: gone" in error
    assert stage_of(explored) == "nothing"
    num_kept = len(list((explored / RECORDS).iterdir()))
    assert num_kept >= 5
    status, num_asked = ask(explored, about_time)
    told = capsys.readouterr().out
    total = int(told.split()[0])
    assert (status, num_asked) == (0, total - num_kept)
    assert f"{total} questions, {num_asked} asked now, 0 without a law" in told
    assert "rejected: 1 duplicate, 2 rejected" in told
    assert f"1 laws from {STEPS} transitions" in told
    (explored / LAWS_FILE).unlink()
    assert ask(explored, about_time) == (0, 0)
    assert [law.name for law in load_laws(explored / LAWS_FILE).book.laws] == [NAME]
    assert ask(explored, about_time) == (0, 0), "the stage is done"


def test_answers_of_another_model_stop_the_run(
    done: Path, explored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(done / RECORDS, explored / RECORDS)
    with serving(about_time) as server:
        told = ("--synthesizer", "llm", "--model", "other", "--url", server.url)
        assert call(explored, "synthesize", *told) == 1
        assert server.requests == []
    assert "differs in 'model'" in capsys.readouterr().err


def test_a_model_without_any_law_is_a_model(explored: Path) -> None:
    assert ask(explored, lambda _: completion(law_block(SILENT)))[0] == 0
    assert call(explored, "fit", "--quiet") == 0
    state = load(explored / LIFE_FILE)[0].state
    model = load_learned(explored)
    assert model.laws == ()
    assert model.sample(0, state, "noop").objects == state.objects


def test_a_server_that_is_not_there_is_one_clear_line(
    explored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(about_time) as server:
        pass
    told = ("--synthesizer", "llm", "--model", "a-model", "--url", server.url)
    assert call(explored, "synthesize", *told) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith(f"error: {server.url}/chat/completions: ")
    assert error.endswith("is it running, and is base_url right?")
    assert "\n" not in error


def test_a_life_of_another_world_is_refused_before_anything_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, *EXPLORE, "--world", "homestead", "--quiet") == 0
    assert ask(tmp_path, about_time) == (1, 0)
    assert "about crafter_oo, got homestead" in capsys.readouterr().err


LLM = ("--synthesizer", "llm")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("synthesize", *LLM, "--model", "m"), "needs the address of a server: give --url"),
        (("synthesize", *LLM, "--url", "http://h/v1"), "needs a name: give --model"),
        (("synthesize", "--model", "m"), "go with --explorer language or --synthesizer llm"),
        (("synthesize", "--url", "http://h/v1"), "go with --explorer language or --synthesizer"),
        (("synthesize", *LLM, "--model", "m", "--url", "h:1"), "base_url is http(s)://"),
        (("run", *LLM, "--model", "m"), "needs the address of a server: give --url"),
        (
            ("run", *LLM, "--model", "m", "--url", "http://h/v1", "--world", "homestead"),
            "about crafter_oo, got homestead",
        ),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_status_2(
    arguments: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, *arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_run_explores_by_itself_and_asks_about_laws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked: list[Any] = []
    monkeypatch.setattr(command, "_rank", lambda each: ranked.append(each.out) or 0)
    with serving(about_time) as server:
        told = ("--synthesizer", "llm", "--model", "a-model", "--url", server.url, "--quiet")
        assert call(tmp_path, "run", *EXPLORE[1:], *told) == 0
        assert server.requests
    assert ranked == [tmp_path]
    assert stage_of(tmp_path) == "model"
    assert load_laws(tmp_path / LAWS_FILE).weights.keys() == {NAME}
