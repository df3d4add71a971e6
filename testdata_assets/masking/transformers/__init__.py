"""The transformers: one per file, each registering itself with its parameters, types and guarantees."""
