"""The parts of `evaluation.cellular`: models, grids, scores, rows, tables, plots, film."""
