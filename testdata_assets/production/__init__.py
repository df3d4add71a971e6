"""The production side: reading the catalog, extracting an encrypted snapshot, profiles."""
