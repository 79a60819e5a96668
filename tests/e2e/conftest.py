"""Fixtures: a control plane for each set of CRD versions, and a Lab for each test.

A test runs with the newest set unless it is marked `crd_sets(...)` or `every_crd_set`.
"""

import os
import pathlib
import re
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import control_plane  # noqa: E402
from lab import Lab  # noqa: E402
from manager import BINARY, ROOT  # noqa: E402

OUTPUT = pathlib.Path(os.environ.get("E2E_OUTPUT") or ROOT / "build" / "e2e")


def pytest_configure(config):
    config.addinivalue_line("markers", "every_crd_set: runs with each set of CRD versions")
    config.addinivalue_line("markers", "crd_sets(*names): runs with these sets of CRD versions")


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"no manager to test at {BINARY}: build it, or name one by CAPE_IP_MANAGER", returncode=1)
    try:
        control_plane.crd_folder()
    except FileNotFoundError as error:
        pytest.exit(str(error), returncode=1)


def pytest_generate_tests(metafunc):
    if "plane" not in metafunc.fixturenames:
        return
    sets = [control_plane.NEWEST]
    for marker in metafunc.definition.iter_markers("crd_sets"):
        sets = marker.args
    if metafunc.definition.get_closest_marker("every_crd_set"):
        sets = list(control_plane.CRD_SETS)
    metafunc.parametrize("plane", sets, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """All tests of one set together, so that each control plane is started once."""
    sets = list(control_plane.CRD_SETS)
    items.sort(key=lambda item: sets.index(item.callspec.params["plane"]) if "plane" in item.fixturenames else -1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.has_failed = report.failed


@pytest.fixture(scope="session")
def plane(request):
    """A running control plane with the CRDs of one set."""
    folder = OUTPUT / f"control-plane-{request.param}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    running = control_plane.ControlPlane(request.param, folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder / "etcd", ignore_errors=True)


@pytest.fixture
def lab(request, plane):
    """The test's own part of the control plane. At the end the invariants hold and every manager stops in order."""
    folder = OUTPUT / re.sub(r"[^\w.-]+", "_", request.node.name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lab = Lab(plane, folder)
    is_good = False
    try:
        yield lab
        if not getattr(request.node, "has_failed", True):
            lab.settle()
            lab.stop_managers()
            is_good = True
    finally:
        lab.clean_up()
        if is_good:
            shutil.rmtree(folder)
