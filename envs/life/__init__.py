"""Life on a torus, and every rule of its family, as a controllable environment."""
