"""Fabricated data: the sample production database, and factories derived from any catalog."""
