"""Fabricated data: the sample production database; factories are a later issue."""
