"""Names: what users may choose, and that no two pull requests ever share a branch."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testdata_assets.branches.names import (
    NAME_LIMIT,
    database_name,
    is_repository,
    pull_request_branch_name,
    validate_branch_name,
)
from testdata_assets.errors import UsageFault

_alphanumeric = string.ascii_letters + string.digits
owners = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?", fullmatch=True).filter(
    lambda owner: "--" not in owner
)
repositories = st.text(_alphanumeric + "._-", min_size=1, max_size=100)
numbers = st.integers(1, 2**31 - 1)


@pytest.mark.parametrize("name", ["a", "pr-7", "0", "feature.x_1", "o" * 50, "a--b--pr-1"])
def test_good_names_pass(name: str) -> None:
    assert validate_branch_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "A", "-a", ".a", "_a", "a b", "a/b", "o" * 51, "a\n", "ä", 'a"b', "a;drop", "a\0", "a'"]
)
def test_bad_names_are_usage_faults(name: str) -> None:
    with pytest.raises(UsageFault) as fault:
        validate_branch_name(name)
    assert fault.value.error_code == "branch-name"


def test_names_of_pull_requests() -> None:
    assert pull_request_branch_name(None, 7) == "pr-7"
    assert pull_request_branch_name("Codertocat/Hello-World", 2) == "codertocat--hello-world--pr-2"
    assert pull_request_branch_name("o/.github", 1) == "o--.github--pr-1"


@pytest.mark.parametrize("number", [0, -1, True])
def test_numbers_are_positive(number: int) -> None:
    with pytest.raises(UsageFault):
        pull_request_branch_name(None, number)


@pytest.mark.parametrize("repository", ["", "a", "a/b/c", "/b", "a/", "a b/c", "a/b c", "a/ü", "a/b\n", "../x/y"])
def test_what_is_no_repository(repository: str) -> None:
    assert not is_repository(repository)
    with pytest.raises(UsageFault):
        pull_request_branch_name(repository, 1)


@given(owners, repositories, numbers)
def test_every_pull_request_name_is_a_branch_name_and_fits_postgres(owner: str, repo: str, number: int) -> None:
    name = pull_request_branch_name(f"{owner}/{repo}", number)
    assert validate_branch_name(name) == name
    assert len(name.encode()) <= NAME_LIMIT
    assert len(database_name(name).encode()) <= 63


@given(st.tuples(owners, repositories, numbers), st.tuples(owners, repositories, numbers))
def test_other_pull_requests_have_other_names(one: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    def folded(request: tuple[str, str, int]) -> tuple[str, str, int]:
        return request[0].lower(), request[1].lower(), request[2]

    names = [pull_request_branch_name(f"{owner}/{repo}", number) for owner, repo, number in (one, other)]
    assert (names[0] == names[1]) == (folded(one) == folded(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b--c"), ("a--b", "c")),
        (("a-", "b"), ("a", "-b")),
        (("x" * 30, "y" * 30 + "1"), ("x" * 30, "y" * 30 + "2")),
        (("a", "b--pr-1"), ("a", "b")),
    ],
)
def test_names_that_could_be_confused_differ(one: tuple[str, str], other: tuple[str, str]) -> None:
    names = {pull_request_branch_name(f"{owner}/{repo}", 1) for owner, repo in (one, other)}
    assert len(names) == 2


def test_case_does_not_make_another_repository() -> None:
    assert pull_request_branch_name("A/B", 1) == pull_request_branch_name("a/b", 1)
