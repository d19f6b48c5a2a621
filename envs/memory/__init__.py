"""Games that can only be played well by one who remembers."""
