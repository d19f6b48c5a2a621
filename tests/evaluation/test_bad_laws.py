"""Laws that raise or never end are skipped and counted; the ranking goes on."""

import json
from pathlib import Path

import pytest

from envs.crafter_oo.state import WorldState
from evaluation.state_ranking import main
from worldmodels.onelife.crafter.handwritten import handwritten_laws, observables_named
from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.laws import Effect, FunctionLaw
from worldmodels.onelife.model import OneLife


def _raises(state: WorldState, action: object) -> Effect:
    raise RuntimeError("a law with a bug")


def _loops(state: WorldState, action: object) -> bool:
    while True:
        pass


def make() -> OneLife:
    """A model with one good law and two bad ones."""
    bad = [
        FunctionLaw("raises", lambda state, action: True, _raises),
        FunctionLaw("loops", _loops, lambda state, action: {"x": Distribution.point(1)}),
    ]
    laws = [*handwritten_laws(), *bad]
    return OneLife(laws, [1.0] * len(laws), observables_named("full"), time_limit=0.2)


def test_bad_laws_are_counted_and_the_rest_is_ranked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    arguments = ["--model", "test_bad_laws:make", "--trials", "1", "--scenarios", "collect_wood"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    row = json.loads((tmp_path / "state_ranking.json").read_text())["rows"][0]
    assert row["metrics"]["laws_skipped"] >= 3  # the raising law each time, the loop once
    assert row["metrics"]["mrr"] == 1.0
    assert "skipped" in capsys.readouterr().out
