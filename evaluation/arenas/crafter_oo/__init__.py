"""Crafter-OO as it is evaluated: the published scenarios, distractors and baselines."""
