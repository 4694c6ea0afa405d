"""The manual pages are correct mdoc, have the sections that readers look for, and refer to pages that exist."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "man"
PAGES = sorted(FOLDER.glob("*.[0-9]"))
# `mandoc` knows the pages of the system alone.
NOT_INSTALLED = re.compile(r"referenced manual not found: Xr (\S+) (\d)")


def is_a_page_of_ours(complaint: str) -> bool:
    found = NOT_INSTALLED.search(complaint)
    return found is not None and (FOLDER / f"{found[1]}.{found[2]}").exists()


def test_there_are_pages() -> None:
    assert {"lifecycle.1", "lifecycle-worker.1", "lifecycle.toml.5", "lifecycle-environment.7"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_mandoc_finds_no_fault(page: pathlib.Path) -> None:
    if not shutil.which("mandoc"):
        pytest.skip("no `mandoc` in PATH")
    linted = subprocess.run(["mandoc", "-T", "lint", str(page)], capture_output=True, text=True, timeout=30)
    complaints = [line for line in (linted.stdout + linted.stderr).splitlines() if not is_a_page_of_ours(line)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_groff_finds_no_fault(page: pathlib.Path) -> None:
    if not shutil.which("man"):
        pytest.skip("no `man` in PATH")
    env = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}
    shown = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", str(page)], env=env, capture_output=True, text=True, timeout=30)
    assert shown.returncode == 0 and not shown.stderr, shown.stderr


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".1"], ids=lambda page: page.name)
def test_a_commands_page_has_what_readers_look_for(page: pathlib.Path) -> None:
    sections = re.findall(r"^\.Sh (.+)$", page.read_text(), re.MULTILINE)
    assert {"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"} <= set(sections), sections
    order = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]
    assert sections == [section for section in order if section in sections]
