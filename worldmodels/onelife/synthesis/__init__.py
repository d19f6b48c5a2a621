"""Where laws come from: synthesisers that propose them from the transitions of one life."""
