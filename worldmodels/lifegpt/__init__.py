"""A GPT that simulates cellular automata: it reads a grid as tokens and writes the next one."""
