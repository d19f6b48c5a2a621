"""BQ-NCO: a network that builds solutions step by step, and sees what is left as an instance."""
