"""The bodies of the tasks, one file each: how they move, start, and are paid."""
