"""CPU time of a fit: `python -m pytest -m reproduction -s tests/onelife/test_onelife_speed.py`."""

import statistics
import sys
import time

import pytest
import torch
from onelife.toy_worlds import PANEL, PANEL_LAWS, Panel, Press, press, random_walk

from worldmodels.onelife.fitting import FitConfig, fit_weights
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.predictions import collect, consult


@pytest.mark.reproduction
def test_300_transitions_and_9_laws_are_fitted_within_25_ms_of_cpu_time() -> None:
    transitions = random_walk(Panel(), press, Press, 300)
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    collecting, fitting = [], []
    for _ in range(11):
        start = time.process_time()
        records = consult(LawPanel(PANEL_LAWS), transitions, PANEL)
        predictions = collect(records, range(len(PANEL_LAWS)), PANEL)
        middle = time.process_time()
        fit_weights(predictions, FitConfig(num_steps=5))
        collecting.append(1000 * (middle - start))
        fitting.append(1000 * (time.process_time() - middle))
    torch.set_num_threads(num_threads)
    # The first run warms up.
    totals = [a + b for a, b in zip(collecting[1:], fitting[1:], strict=True)]
    sys.stdout.write(
        f"\nCPU ms, median of 10: collect {statistics.median(collecting[1:]):.1f}, "
        f"fit {statistics.median(fitting[1:]):.1f}, both {statistics.median(totals):.1f}\n"
    )
    assert statistics.median(totals) < 25.0
