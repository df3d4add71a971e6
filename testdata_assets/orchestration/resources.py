"""The one resource: settings, places and control database of this deployment, opened when first asked for.

Domain objects are built here and nowhere else in this folder. Tests pass a subclass to `build_defs`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import PrivateAttr

from testdata_assets.errors import RefusedError
from testdata_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from testdata_assets.postgres.control import ControlConnection
    from testdata_assets.postgres.places import Places
    from testdata_assets.validation.report import ValidationReport


class Workplace(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where work happens. One instance per run (or sensor tick); closed at its end."""

    _settings: Settings | None = PrivateAttr(default=None)
    _places: Places | None = PrivateAttr(default=None)
    _control: ControlConnection | None = PrivateAttr(default=None)
    _lock_control: ControlConnection | None = PrivateAttr(default=None)
    _reports: dict[str, ValidationReport] = PrivateAttr(default_factory=dict)
    _stack: ExitStack = PrivateAttr(default_factory=ExitStack)

    def load_settings(self) -> Settings:
        """From the environment; tests override this."""
        return load_settings()

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            self._settings = self.load_settings()
        return self._settings

    @property
    def places(self) -> Places:
        if self._places is None:
            from testdata_assets.postgres.places import open_places

            self._places = open_places(self.settings)
        return self._places

    @property
    def control(self) -> ControlConnection:
        """A connection to the control database, shared by the whole run."""
        if self._control is None or self._control.closed:
            from testdata_assets.postgres.control import connect_control

            self._control = self._stack.enter_context(connect_control(self.places.control))
        return self._control

    def hold_refresh_lock(self) -> None:
        """Takes the lock that makes refreshes exclusive, until this run ends; does nothing if it is held already.

        Raises:
            RefusedError: `refresh-running`, another refresh is under way.
        """
        if self._lock_control is None:
            from testdata_assets.golden.refresh import refresh_lock
            from testdata_assets.postgres.control import connect_control

            connection = self._stack.enter_context(connect_control(self.places.control))
            self._stack.enter_context(refresh_lock(connection))
            self._lock_control = connection

    def keep_report(self, golden_id: str, report: ValidationReport) -> None:
        """Keeps a passed validation for the asset that publishes the image."""
        self._reports[golden_id] = report

    def report_of(self, golden_id: str) -> ValidationReport:
        """The validation of an image in this very run.

        It is handed over in memory on purpose: a report read back from a place that others can write to would let
        them publish an image that nobody validated.

        Raises:
            RefusedError: `not-validated`, this run has not validated that image.
        """
        if golden_id not in self._reports:
            raise RefusedError(
                "This run has not validated the image",
                where=f"golden image {golden_id}",
                remedy="Launch the whole job refresh_golden_image; steps of it cannot publish alone.",
                code="not-validated",
            )
        return self._reports[golden_id]

    def close(self) -> None:
        """Gives connections and the lock back."""
        self._stack.close()
        self._control = self._lock_control = None
        self._reports.clear()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        self.close()
