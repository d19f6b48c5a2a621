"""The parts of `evaluation.one_life`: lives and laws, models, judgements, rows, tables, picture."""
