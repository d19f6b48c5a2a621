"""Plans and planners that act in the true world of Crafter-OO and inside models of it."""
