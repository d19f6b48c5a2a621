"""The machinery of `evaluation.throughput`: contenders, the processes they run in, tables."""
