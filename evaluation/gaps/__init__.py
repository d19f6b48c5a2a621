"""The machinery of `evaluation.optimality_gap`: sets of instances, policies, tables."""
