"""Benchmarks: each runs as `python -m benchmarks.NAME [--json]`, prints one table and ends with one JSON line."""
