"""The rules, one file per mechanic. Every rule reads and changes a `World` in place."""
