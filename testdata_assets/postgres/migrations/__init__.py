"""Numbered migrations of the control database."""
