"""The benchmark: `make bench`, or `python -m tests.benchmarks --only NAME`. docs/performance.md says how to read it."""
