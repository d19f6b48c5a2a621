"""The 0-1 knapsack, as an environment."""
