"""What can branch: Postgres 18 itself. Neon and Database Lab Engine are named in settings, not built yet."""

from __future__ import annotations

from testdata_assets.branches.providers.base import BranchProvider
from testdata_assets.branches.providers.postgres import PostgresProvider
from testdata_assets.errors import RefusedError
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings


def open_provider(settings: Settings, places: Places, installation: str) -> BranchProvider:
    """The provider the settings name.

    Args:
        settings: `provider` chooses.
        places: Where the server is.
        installation: Identifies the control database; marks what this installation makes on a shared server.

    Raises:
        RefusedError: A provider this version does not have.
    """
    if settings.provider == "postgres":
        return PostgresProvider(places, installation)
    raise RefusedError(
        f"The branch provider {settings.provider} is not available in this version",
        where="TESTDATA_PROVIDER",
        remedy="Set TESTDATA_PROVIDER to postgres, or unset it.",
        code="provider-unavailable",
    )
