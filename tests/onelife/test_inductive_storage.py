"""Learned laws as files, as text and as a world model, on a short life in Homestead."""

import ast
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onelife.test_inductive_worlds import unchecked

from worldmodels.interface import WorldModel
from worldmodels.onelife.exploration.life import live
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.learned import laws_about, load_learned
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.storage import LAWS_FILE, load_book, origin_of, save_book
from worldmodels.onelife.synthesis.text import book_text, law_text
from worldmodels.onelife.worlds import world_named

Damage = Callable[[Any], object]


@pytest.fixture(scope="module")
def life() -> list[Transition[Any, Any]]:
    lived = live(world_named("homestead"), 5, 120, "random")
    steps = zip((lived.first, *lived.states), lived.actions, lived.states, strict=False)
    return [Transition(*step) for step in steps]


@pytest.fixture(scope="module")
def book(life: list[Transition[Any, Any]]) -> Book[Any]:
    with unchecked():
        return induce(world_named("homestead"), life)


@pytest.fixture
def folder(book: Book[Any], tmp_path: Path) -> Path:
    """With weights, so that it holds a model."""
    weights = {law.name: 1.0 + i / 100 for i, law in enumerate(book.laws)}
    save_book(tmp_path / LAWS_FILE, book, weights=weights, inertia=0.7, origin={"seed": 5})
    return tmp_path


@pytest.fixture
def model(folder: Path) -> OneLife[Any, Any]:
    return load_learned(folder)


def test_laws_come_back_as_they_were(book: Book[Any], folder: Path) -> None:
    again, weights, inertia = load_book(folder / LAWS_FILE)
    assert len(book.laws) > 10
    assert [law.name for law in again.laws] == [law.name for law in book.laws]
    assert [law.condition for law in again.laws] == [law.condition for law in book.laws]
    for old, new in zip(book.laws, again.laws, strict=True):
        for one, other in zip(old.changes, new.changes, strict=True):
            assert (one.slot, one.unless) == (other.slot, other.unless)
            assert [o.template for o in one.outcomes] == [o.template for o in other.outcomes]
    assert weights == {law.name: 1.0 + i / 100 for i, law in enumerate(book.laws)}
    assert inertia == 0.7
    assert origin_of(folder / LAWS_FILE) == {"seed": 5}
    known = again.known
    assert (known.agent_kind, known.clock) == (book.known.agent_kind, book.known.clock)
    assert (known.directions, known.grounds) == (book.known.directions, book.known.grounds)


def test_saving_again_gives_the_same_file(folder: Path) -> None:
    again, weights, inertia = load_book(folder / LAWS_FILE)
    save_book(folder / "again", again, weights=weights, inertia=inertia, origin={"seed": 5})
    assert (folder / "again").read_bytes() == (folder / LAWS_FILE).read_bytes()


def test_laws_that_come_back_predict_the_same(
    book: Book[Any], folder: Path, life: list[Transition[Any, Any]]
) -> None:
    again, _, _ = load_book(folder / LAWS_FILE)
    for step in life[::12]:
        pairs = zip(laws_about(book, "full"), laws_about(again, "full"), strict=True)
        for old, new in pairs:
            before = old.effect(step.state, step.action)
            after = new.effect(step.state, step.action)
            assert before.keys() == after.keys()
            for name, said in before.items():
                assert said.support == after[name].support
                assert said.logscores == pytest.approx(after[name].logscores, abs=1e-3)


def first_test(data: Any) -> list[Any]:
    """Of the first law that has a condition."""
    test: list[Any] = next(law["if"][0] for law in data["laws"] if law["if"])
    return test


def outcome(data: Any) -> dict[str, Any]:
    found: dict[str, Any] = data["laws"][0]["then"][0]["outcomes"][0]
    return found


DAMAGES: dict[str, tuple[Damage, str]] = {
    "no laws": (lambda d: d.pop("laws"), "'laws' is missing"),
    "no inertia": (lambda d: d.pop("inertia"), "'inertia' is missing"),
    "no condition": (lambda d: d["laws"][0].pop("if"), "'if' is missing"),
    "no weight": (lambda d: d["laws"][0].pop("weight"), "'weight' is missing"),
    "other version": (lambda d: d.update(format_version=99), "format version 99"),
    "no version": (lambda d: d.pop("format_version"), "format version None"),
    "unknown world": (lambda d: d.update(world="atlantis"), "unknown world 'atlantis'"),
    "laws are a number": (lambda d: d.update(laws=3), "int"),
    "a law is a text": (lambda d: d["laws"].__setitem__(0, "law"), "an object as a law, got str"),
    "origin is a list": (lambda d: d.update(origin=[]), "expected an object as the origin"),
    "known is a list": (lambda d: d.update(known=[]), "an object as what is known, got list"),
    "unknown head": (lambda d: first_test(d)[0].__setitem__(0, "luck"), "head of a term.*'luck'"),
    "head is a list": (lambda d: first_test(d)[0].__setitem__(0, []), "head of a term"),
    "head without arguments": (lambda d: first_test(d).__setitem__(0, ["near"]), "takes 1 arg"),
    "phase of a text": (lambda d: first_test(d).__setitem__(0, ["phase", "x"]), "'phase' takes 1"),
    "unknown operator": (lambda d: first_test(d).__setitem__(1, "~"), "operator.*'~'"),
    "half a test": (lambda d: first_test(d).pop(), "not enough values"),
    "unknown form": (lambda d: outcome(d).update(form="vanish"), "form.*'vanish'"),
    "unknown slot": (
        lambda d: d["laws"][0]["then"][0]["slot"].__setitem__(1, "mood"),
        "expected one of attribute.*'mood'",
    ),
    "chance above one": (lambda d: outcome(d).update(chance=1.5), "from 0 to 1, got 1.5"),
    "chance is a text": (lambda d: outcome(d).update(chance="often"), "got 'often'"),
    "chance is not a number": (lambda d: outcome(d).update(chance=math.nan), "got nan"),
    "negative weight": (lambda d: d["laws"][0].update(weight=-1), "got -1"),
    "inertia is a text": (lambda d: d.update(inertia="much"), "got 'much'"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_one_clear_error(name: str, folder: Path) -> None:
    damage, message = DAMAGES[name]
    path = folder / LAWS_FILE
    data = json.loads(path.read_text())
    damage(data)
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=message) as caught:
        load_book(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"laws", b"\xff\xfe", b'{"format_version": 1', b"[]"])
def test_what_is_no_json_object_is_one_clear_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / LAWS_FILE).write_bytes(content)
    with pytest.raises(ValueError, match=r"not a JSON file|format version None") as caught:
        load_book(tmp_path / LAWS_FILE)
    assert str(tmp_path) in str(caught.value)


def test_a_truncated_file_is_one_clear_error(folder: Path) -> None:
    path = folder / LAWS_FILE
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not a JSON file"):
        load_book(path)


def test_every_law_is_python(book: Book[Any]) -> None:
    for law in book.laws:
        [function] = ast.parse(law_text(law, book.known.agent_kind, 0.5)).body
        assert isinstance(function, ast.FunctionDef), law.name
        assert function.body


def test_the_page_shows_every_law_in_a_block_of_its_own(book: Book[Any]) -> None:
    page = book_text(book, {law.name: 0.25 for law in book.laws})
    blocks = page.split("```python\n")[1:]
    assert len(blocks) == len(book.laws)
    assert all("weight 0.25" in block for block in blocks)
    assert "## farmer" in page


def test_a_learned_model_is_a_world_model(
    model: OneLife[Any, Any], life: list[Transition[Any, Any]]
) -> None:
    assert isinstance(model, WorldModel)
    assert model.scoring.inertia == 0.7
    for step in life[::20]:
        assert math.isfinite(model.log_prob(step.state, step.action, step.next_state))


def test_equal_keys_give_equal_samples_and_others_differ(
    model: OneLife[Any, Any], life: list[Transition[Any, Any]]
) -> None:
    world = world_named("homestead")
    step = life[0]
    samples = [
        json.dumps(world.to_dict(model.sample(key, step.state, step.action)), sort_keys=True)
        for key in (1, 1, 2, 3, 4, 5)
    ]
    assert samples[0] == samples[1]
    assert len(set(samples)) > 1


def test_its_own_samples_are_possible_and_the_state_stays_as_it_was(
    model: OneLife[Any, Any], life: list[Transition[Any, Any]]
) -> None:
    world = world_named("homestead")
    for key, step in enumerate(life[::10]):
        before = json.dumps(world.to_dict(step.state))
        sample = model.sample(key, step.state, step.action)
        score = model.log_prob(step.state, step.action, sample)
        assert math.isfinite(score)
        assert score > model.log_prob(step.state, step.action, life[-1].next_state)
        assert json.dumps(world.to_dict(step.state)) == before


def test_samples_keep_all_that_no_law_speaks_about(
    model: OneLife[Any, Any], life: list[Transition[Any, Any]]
) -> None:
    for key, step in enumerate(life[::10]):
        said = {name for law in model.laws for name in law.effect(step.state, step.action)}
        sample = model.sample(key, step.state, step.action)
        before, after = model.observables.compare(step.state, sample)
        kept = {name for name in before | after if name not in said}
        assert kept
        assert {n: before.get(n, ABSENT) for n in kept} == {n: after.get(n, ABSENT) for n in kept}


def test_samples_do_change_what_is_certain(
    model: OneLife[Any, Any], life: list[Transition[Any, Any]]
) -> None:
    step = life[3]
    assert model.sample(0, step.state, step.action).hour == step.state.hour + 1


def test_laws_without_weights_are_no_model(book: Book[Any], tmp_path: Path) -> None:
    save_book(tmp_path / LAWS_FILE, book)
    with pytest.raises(ValueError, match=r"no weights; run `python -m worldmodels.onelife fit`"):
        load_learned(tmp_path)


def test_a_law_without_a_weight_is_left_out(book: Book[Any], tmp_path: Path) -> None:
    weights = {law.name: 1.0 for law in book.laws[1:]}
    save_book(tmp_path / LAWS_FILE, book, weights=weights, inertia=0.5)
    model = load_learned(tmp_path / LAWS_FILE)
    assert [law.name for law in model.laws] == [law.name for law in book.laws[1:]]


def test_a_folder_without_laws_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"laws\.json"):
        load_learned(tmp_path)


def test_homestead_has_no_published_observables(folder: Path) -> None:
    with pytest.raises(ValueError, match="'onelife' are those of crafter_oo; homestead has 'full'"):
        load_learned(folder, "onelife")


def test_crafter_has_the_published_observables(tmp_path: Path) -> None:
    world = world_named("crafter_oo")
    lived = live(world, 1, 25, "random")
    states = (lived.first, *lived.states)
    steps = [Transition(*s) for s in zip(states, lived.actions, lived.states, strict=False)]
    with unchecked():
        book = induce(world, steps)
    weights = {law.name: 1.0 for law in book.laws}
    save_book(tmp_path / LAWS_FILE, book, weights=weights, inertia=0.5)
    published, full = load_learned(tmp_path, "onelife"), load_learned(tmp_path)
    step = steps[4]
    before, _ = published.observables.compare(step.state, step.next_state)
    everything, _ = full.observables.compare(step.state, step.next_state)
    assert "step_count" in everything
    assert before.keys() != everything.keys()
    for model in (published, full):
        assert math.isfinite(model.log_prob(step.state, step.action, step.next_state))
        said = {name for law in model.laws for name in law.effect(step.state, step.action)}
        known, _ = model.observables.compare(step.state, model.sample(0, step.state, step.action))
        assert said & known.keys()
