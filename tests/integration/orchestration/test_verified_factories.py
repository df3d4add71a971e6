"""The asset `verified_factories` on a published image: what it reports, and that its branch is gone in any case."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from testdata_assets.branches.lifecycle import BranchService
from testdata_assets.definitions import build_defs
from testdata_assets.golden.registry import GoldenImage
from testdata_assets.orchestration import names
from testdata_assets.orchestration.factory_runs import BRANCH_PREFIX
from testdata_assets.orchestration.resources import workplace_resource
from testdata_assets.postgres.connections import connect
from testdata_assets.postgres.control import connect_control
from testdata_assets.postgres.places import Places
from testdata_assets.settings import Settings
from testdata_assets.synthesis import factory_check
from tests.integration.branches.conftest import drop_image, make_image

CONTENTS = """
CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers,
                     total numeric(8, 2) CONSTRAINT never_true CHECK (total < 0));
INSERT INTO customers (email) VALUES ('a@example.test');
"""


@pytest.fixture
def image(places: Places, settings: Settings) -> Iterator[GoldenImage]:
    with connect_control(places.control) as control:
        made = make_image(places, settings, control, CONTENTS)
    yield made
    drop_image(places, made)


def run(settings: Settings, *, raises: bool = True) -> dg.ExecuteInProcessResult:
    definitions = build_defs({"workplace": workplace_resource(lambda: settings)}, settings)
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def(names.VERIFY_FACTORIES_JOB)
        return job.execute_in_process(instance=instance, raise_on_error=raises)


def branches(places: Places, settings: Settings) -> list[tuple[str, str, int | None]]:
    with connect_control(places.control) as control:
        service = BranchService(places, settings, control)
        return [(branch.name, branch.status, branch.pr_number) for branch in service.list(include_deleted=True)]


def databases(places: Places) -> int:
    with connect(places.server) as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_database WHERE datname LIKE %s", (f"branch_{BRANCH_PREFIX}%",)
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_the_job_reports_each_table_and_leaves_no_branch(
    image: GoldenImage, places: Places, settings: Settings
) -> None:
    result = run(settings)
    (event,) = result.asset_materializations_for_node("verified_factories")
    assert event.metadata["golden_id"].value == image.golden_id
    assert (event.metadata["tables_verified"].value, event.metadata["tables_not_verified"].value) == (1, 1)
    table = event.metadata["factories"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data for record in table.records] == [
        {
            "table": "public.orders",
            "rows": 0,
            "verified": False,
            "reason": "SQLSTATE 23514, constraint never_true",
        },
        {"table": "public.customers", "rows": 5, "verified": True, "reason": ""},
    ]
    ((name, status, pull_request),) = branches(places, settings)
    assert name.startswith(BRANCH_PREFIX)
    assert (status, pull_request, databases(places)) == ("deleted", None, 0)


def test_a_failed_run_leaves_no_branch_either(
    image: GoldenImage, places: Places, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise ValueError("jane.doe@corp.example")

    monkeypatch.setattr(factory_check, "verify_factories", explode)
    result = run(settings, raises=False)
    assert not result.success
    assert "jane.doe" not in str([event.event_specific_data for event in result.all_events])
    ((_, status, _),) = branches(places, settings)
    assert (status, databases(places)) == ("deleted", 0)


def test_without_a_published_image_the_run_says_so(places: Places, settings: Settings) -> None:
    result = run(settings, raises=False)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert data.metadata[names.META_ERROR_CODE].value == "no-golden-image"
