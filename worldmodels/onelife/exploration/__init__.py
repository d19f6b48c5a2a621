"""Living one life in order to find out as much as possible, without goals or rewards."""
