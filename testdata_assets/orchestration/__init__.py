"""The Dagster layer: one file per Dagster concept, each thin.

Resources build domain objects, assets call one function of a room below and turn its result into metadata.
Nothing outside this folder and `definitions.py` imports dagster.
"""
