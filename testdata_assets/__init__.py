"""Masked golden images of production Postgres, proven clean, branched per pull request."""
