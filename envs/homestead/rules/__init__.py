"""What happens in a step, one file per actor; each function changes the state it is given."""
