"""Many episodes look as those of Crafter 1.8.3 do."""

from pathlib import Path

import pytest

from evaluation.parity import main

pytestmark = pytest.mark.reproduction


def test_worlds_episodes_and_creatures_agree_with_crafter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with capsys.disabled():
        assert main(["--episodes", "300", "--out", str(tmp_path)]) == 0
