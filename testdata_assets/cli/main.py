"""The entry point: puts the command groups together and gives every error its words and exit status.

0 done; 1 refused or failed a check; 2 usage; 3 the environment lacks something. Never a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from testdata_assets.cli import branch, demo, doctor, golden, output, pr, preview, refresh, rules, services, webhook
from testdata_assets.cli.logs import configure_logging
from testdata_assets.errors import RefusedError, TestdataError, UsageFault
from testdata_assets.unexpected import without_message

app = typer.Typer(
    name="testdata",
    help="Masked golden images of production Postgres, proven clean, and a branch of one for every pull request.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (demo, services, refresh, preview, doctor):
    group.register(app)
app.add_typer(rules.app, name="rules")
app.add_typer(golden.app, name="golden")
app.add_typer(branch.app, name="branch")
app.add_typer(pr.app, name="pr")
app.add_typer(webhook.app, name="webhook")


def _print_version(wanted: bool) -> None:
    if wanted:
        output.say(f"testdata-assets {version('testdata-assets')}")
        raise typer.Exit


@app.callback()
def root(
    version_wanted: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Nothing of its own; the options above stand before the command."""


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status. What a command returns counts if it is a number."""
    json_wanted = "--json" in arguments
    configure_logging()
    output.use_stdout(sys.stdout)
    error: TestdataError
    try:
        with output.keep_stdout_clean(json_wanted):
            status = get_command(app).main(list(arguments), prog_name="testdata", standalone_mode=False)
        if status != 130:  # typer's answer to Ctrl-C
            return status if isinstance(status, int) else 0
        error = _interrupted()
    except TestdataError as known:
        error = known
    except TyperException as wrong:
        if type(wrong).__name__ == "NoArgsIsHelpError" and not json_wanted:
            print(wrong.format_message(), file=sys.stderr)
            return 2
        error = _usage(wrong)
    except (KeyboardInterrupt, typer.Abort):
        error = _interrupted()
    except BrokenPipeError:
        sys.stderr.close()  # the reader left; there is nobody to tell
        return 1
    except Exception as unforeseen:  # noqa: BLE001  the last place that can keep a traceback from the terminal
        error = without_message(unforeseen)
    return output.report_error(error, json_wanted=json_wanted)


def _usage(wrong: TyperException) -> TestdataError:
    context = getattr(wrong, "ctx", None)
    command = context.command_path if context is not None else "testdata"
    no_command = type(wrong).__name__ == "NoArgsIsHelpError"
    what = "A command is missing" if no_command else wrong.format_message().rstrip(".")
    return UsageFault(what, where=command, remedy=f"See `{command} --help`.")


def _interrupted() -> TestdataError:
    return RefusedError(
        "Interrupted",
        where="testdata",
        remedy="Run it again; the next run cleans up what this one left.",
        code="interrupted",
    )


def main() -> NoReturn:
    """The `testdata` command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
