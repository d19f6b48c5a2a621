"""Many episodes look as those of Crafter 1.8.3 do."""

from pathlib import Path

import pytest

from evaluation.parity import main

pytestmark = pytest.mark.reproduction


@pytest.mark.parametrize("engine", ["objects", "arrays"])
def test_worlds_episodes_and_creatures_agree_with_crafter(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with capsys.disabled():
        assert main(["--engine", engine, "--episodes", "300", "--out", str(tmp_path)]) == 0
