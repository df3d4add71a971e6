"""The `testdata` command: thin, one file per command group; what it calls lives in the rooms below.

Nothing here imports dagster: work that Dagster records runs in a child process (`runner_process.py`).
"""
