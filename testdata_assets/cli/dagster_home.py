"""The environment of every process that runs Dagster: which instance, which database, which folders."""

from __future__ import annotations

import os
from pathlib import Path

from psycopg import sql

from testdata_assets.errors import EnvironmentLack
from testdata_assets.keys import OUR_SAFE_PATH, SAFE_PATH
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.dsn import Dsn
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings

DAGSTER_SCHEMA = "dagster"
CODE_LOCATION = "testdata_assets.definitions"
# Dagster puts a code location's working directory before everything else that Python knows, and takes the current
# directory where none is named: so its commands name the folder that holds this package.
CODE_FOLDER = Path(__file__).resolve().parents[2]

_CONFIGURATION = "dagster.yaml"


def dagster_environment(settings: Settings, places: Places) -> dict[str, str]:
    """This process's environment with all that `dagster.yaml` and the code location need.

    Makes the schema for Dagster's tables and the folder for its logs on the way. Holds passwords: pass it to
    children only. No Python below it looks for modules in the current directory, those that Dagster starts by itself
    included: what lies there must not run beside the masking key.
    """
    state = settings.state_dir / "dagster"
    _make_folder(state)
    _ensure_schema(places.control)
    return {
        **os.environ,
        "DAGSTER_HOME": str(dagster_home(settings)),
        "TESTDATA_DAGSTER_POSTGRES_URL": storage_url(places.control),
        "TESTDATA_DAGSTER_STATE": str(state),
        "TESTDATA_HOME": str(settings.state_dir),
        "TESTDATA_RULES_DIR": str(settings.rules_dir.expanduser().absolute()),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
        SAFE_PATH: os.environ.get(SAFE_PATH) or OUR_SAFE_PATH,
    }


def dagster_home(settings: Settings) -> Path:
    """The folder with `dagster.yaml`: the user's DAGSTER_HOME, else the checkout's, else one of our own making.

    Raises:
        EnvironmentLack: The user's has no `dagster.yaml`; Dagster would silently keep its records in SQLite.
    """
    chosen = os.environ.get("DAGSTER_HOME")
    if chosen:
        home = Path(chosen).expanduser().absolute()
        if not (home / _CONFIGURATION).is_file():
            raise EnvironmentLack(
                f"DAGSTER_HOME holds no {_CONFIGURATION}",
                where=str(home),
                remedy="Unset DAGSTER_HOME, or copy dagster_home/dagster.yaml of testdata-assets there.",
                code="dagster-home",
            )
        return home
    if (CODE_FOLDER / "dagster_home" / _CONFIGURATION).is_file():
        return CODE_FOLDER / "dagster_home"
    home = settings.state_dir / "dagster_home"
    _make_folder(home)
    packaged = Path(__file__).with_name(_CONFIGURATION)
    (home / _CONFIGURATION).write_bytes(packaged.read_bytes())
    return home


def storage_url(control: Dsn) -> str:
    """The control database for SQLAlchemy, all tables in a schema of their own. Secret.

    The driver is named because SQLAlchemy 2.1 would take psycopg 3 for `postgresql://`, and dagster-postgres
    0.29 sends statements with parameters that only psycopg2 fills in on the client's side (NOTIFY).
    """
    parameters = dict(control.parameters)
    options = f"{parameters.pop('options', '')} -csearch_path={DAGSTER_SCHEMA}".strip()
    url = Dsn.of(**parameters, options=options).secret()
    return url.replace("postgresql://", "postgresql+psycopg2://", 1)


def _ensure_schema(control: Dsn) -> None:
    with connect(control, role="control database") as conn:
        if conn.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (DAGSTER_SCHEMA,)).fetchone() is None:
            conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(DAGSTER_SCHEMA)))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentLack(
            f"The folder cannot be made ({error.strerror})",
            where=str(folder),
            remedy="Set TESTDATA_HOME to a folder that you may write.",
            code="state-unwritable",
        ) from None
