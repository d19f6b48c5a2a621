"""The results page: complete, and it needs nothing but itself."""

import html.parser
import re
from pathlib import Path

import pytest

from evaluation.arenas.crafter_oo.scenarios import ALL, record, text_of
from evaluation.differences import differences
from evaluation.state_ranking import main


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    out: Path = tmp_path_factory.mktemp("report")
    arguments = ["--model", "oracle", "null", "random_crafter", "--scenarios", "eat_cow,wake_up"]
    assert main([*arguments, "--trials", "1", "--report", "--quiet", "--out", str(out)]) == 0
    return (out / "state_ranking.html").read_text()


class _Reader(html.parser.HTMLParser):
    """Collects the classes and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = (dict(attrs).get("class") or "").split()
        if words[:1] == ["pic"]:
            self.pictures.append(words[1])

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    assert not re.search(r"https?://|src=|@import|<script|<link", page)
    assert all(
        url.startswith("data:image/png;base64,") for url in re.findall(r"url\((.*?)\)", page)
    )


def test_every_picture_on_the_page_is_embedded_once(page: str) -> None:
    reader = _Reader()
    reader.feed(page)
    rules = re.findall(r"^\.(p\d+)\{background-image", page, flags=re.MULTILINE)
    assert set(reader.pictures) == set(rules)
    assert len(rules) == len(set(rules)) < len(reader.pictures)


def test_the_page_shows_each_scenario_model_and_candidate(page: str) -> None:
    reader = _Reader()
    reader.feed(page)
    texts = " ".join(reader.texts)
    for expected in ("eat_cow", "wake_up", "oracle", "null", "random_crafter", "OneLife"):
        assert expected in reader.texts
    for expected in ("state before", "true next state", "own sample", "entity position"):
        assert expected in texts
    assert texts.count("its sample is the true next state") == 2  # the oracle, in both scenarios


def test_differences_read_like_a_sentence() -> None:
    (one,) = record("collect_wood").transitions
    found = differences(one.before, one.after)
    assert "inventory.wood 0 → 1" in found
    assert "cell (6, 5) tree → grass" in found
    assert "step_count 0 → 1" in found


def test_an_object_that_vanishes_does_not_shift_the_others() -> None:
    state = ALL["eat_cow"].initial()
    state.create_object(type(state.objects[1]), state.objects[1].position._replace(x=1))
    edited = state.copy()
    edited.remove_object(edited.objects[1])
    found = [line for line in differences(text_of(state), text_of(edited)) if "cow" in line]
    assert found == ["cow#1 cow → nothing"]
