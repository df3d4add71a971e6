"""`python -m testdata_assets.synthesis.sample_shop`: fills an empty database from the command line."""

from __future__ import annotations

import argparse
import os
import sys

from testdata_assets.errors import TestdataError
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.progress import standard_progress
from testdata_assets.synthesis.sample_shop.load import create_sample
from testdata_assets.synthesis.sample_shop.shop import DEFAULT_SCALE, DEFAULT_SEED


def main(arguments: list[str] | None = None) -> int:
    """Reads the options, creates the sample and prints its tables; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m testdata_assets.synthesis.sample_shop",
        description="Fills an existing, empty Postgres database with the sample shop.",
    )
    parser.add_argument("--dsn", default=os.environ.get("DATABASE_URL"), help="the database; default $DATABASE_URL")
    parser.add_argument("--scale", type=float, default=DEFAULT_SCALE, help="1.0: 100,000 orders (default %(default)s)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="same seed, same rows (default %(default)s)")
    options = parser.parse_args(arguments)
    if not options.dsn:
        parser.error("name a database with --dsn or DATABASE_URL")
    try:
        with standard_progress():
            summary = create_sample(Dsn.from_string(options.dsn, where="--dsn"), scale=options.scale, seed=options.seed)
    except TestdataError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    for table, rows in summary.tables.items():
        print(f"{table:<24}{rows:>12,}")
    print(f"{'total':<24}{summary.rows:>12,}  in {summary.seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
