"""The program as a person or a Deployment starts it: flags, exit codes, health, log."""

import json
import signal
import subprocess

import pytest

from manager import BINARY

# The flags of the Go manager's Deployment, as users have them.
GO_MANAGER_FLAGS = (
    "--leader-election-id=cape-ip-controller-manager-runtime", "--elfmachine-concurrency=10", "--sync-period=10m",
    "--kube-api-qps=0", "--kube-api-burst", "30", "--webhook-port=9443", "--webhook-cert-dir=/tmp/certs",
    "--webhook-cert-name=tls.crt", "--webhook-key-name=tls.key", "--profiler-address=", "--contention-profiling=false",
    "--pod-name=", "--feature-gates=", "--logging-format=text", "--insecure-diagnostics=false",
    "--diagnostics-address=0", "--tls-min-version=VersionTLS12", "--tls_cipher_suites=")


def run(*arguments, **options):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=20, check=False, **options)


def test_version():
    result = run("--version")
    assert result.returncode == 0 and result.stdout.strip()


def test_help():
    """--help names every flag that users may have."""
    result = run("--help")
    assert result.returncode == 0
    for flag in GO_MANAGER_FLAGS:
        name = flag.split("=")[0].replace("_", "-")
        if name.startswith("--"):
            assert name in result.stdout, name


@pytest.mark.parametrize("flag", ["--no-such-flag", "--sync-period=soon", "--leader-elect=perhaps"])
def test_bad_flags(flag):
    """A bad flag ends the program at once and is named."""
    result = run(flag)
    assert result.returncode not in (0, -signal.SIGSEGV)
    assert flag.split("=")[0].lstrip("-") in result.stderr


KUBECONFIGS = {
    "empty": "",
    "not-yaml": "{{{",
    "no-context": "apiVersion: v1\nkind: Config\ncurrent-context: missing\n",
    "no-server": "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: c, cluster: {}}]\n"
                 "contexts: [{name: a, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n",
    "bad-base64": "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
                  "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority-data: '!!'}}]\n"
                  "contexts: [{name: a, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n",
}


@pytest.mark.parametrize("text", KUBECONFIGS.values(), ids=KUBECONFIGS)
def test_bad_kubeconfig(tmp_path, text):
    """What is wrong with a kubeconfig is one line that names the file, and exit code 1."""
    file = tmp_path / "config"
    file.write_text(text)
    result = run("--kubeconfig", str(file), "--leader-elect=false")
    assert result.returncode == 1, result.stderr
    assert str(file) in result.stderr


def test_missing_kubeconfig(tmp_path):
    result = run("--kubeconfig", str(tmp_path / "missing"), "--leader-elect=false")
    assert result.returncode == 1 and str(tmp_path / "missing") in result.stderr


def test_flags_of_the_go_manager(lab):
    """A Deployment written for the Go manager starts ours unchanged."""
    lab.by_name()
    lab.manager(*GO_MANAGER_FLAGS)
    lab.until_served(lab.machine())


def test_health(lab):
    lab.by_name()
    manager = lab.manager()
    assert manager.get("/healthz") == 200
    assert manager.get("/no-such-page") == 404


def test_json_log(lab):
    """With --logging-format=json every line is one JSON object."""
    lab.by_name()
    manager = lab.manager("--logging-format=json", "-v", "4")
    lab.until_served(lab.machine())
    manager.stop()
    lines = manager.text().splitlines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)


def test_terminate_under_load(lab):
    """SIGTERM in the middle of work: what is in flight is finished, exit code 0; the next one does the rest."""
    lab.by_name(end="10.1.0.60")
    first = lab.manager()
    machines = [lab.machine(f"m{number}") for number in range(30)]
    lab.until(lambda: any(machine.addresses for machine in machines), "work is under way")
    first.stop()
    lab.manager()
    lab.until_served(*machines)


def test_without_a_server(tmp_path):
    """Nobody answers at the server's address: waits, is not ready, and ends on SIGTERM."""
    file = tmp_path / "config"
    file.write_text(KUBECONFIGS["no-server"].replace("cluster: {}", "cluster: {server: 'http://127.0.0.1:1'}"))
    from manager import Manager
    manager = Manager(file, tmp_path).start()
    manager.wait_logged("127.0.0.1:1|refused|connect")
    assert manager.get("/readyz") in (None, 500, 503)
    manager.stop()


def test_kubeconfig_by_environment(lab):
    """KUBECONFIG names the file when no flag does."""
    lab.by_name()
    lab.manager(kubeconfig="", environment={"KUBECONFIG": str(lab.kubeconfig)})
    lab.until_served(lab.machine())
