"""What benchmarks run on: a control plane that waits for the disk, the manager, the load program."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import control_plane  # noqa: E402
import kube  # noqa: E402

MANAGER = os.environ.get("CAPE_IP_MANAGER") or str(ROOT / "build" / "release" / "bin" / "cape-ip-manager")
LOADGEN = str(ROOT / "build" / "release" / "tests" / "bench" / "loadgen")
FOLDER = ROOT / "build" / "bench"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
READY_S = 60
END_S = 20


class Plane(control_plane.ControlPlane):
    """As the e2e tests have it, but with fsync, and without anybody who watches."""

    def __init__(self, name, has_audit=False):
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        super().__init__(control_plane.NEWEST, folder)
        self.has_audit = has_audit

    def start(self):
        self._script("start")
        crds = control_plane.read_crds(self.set_name)
        self.client = kube.Client(self.kubeconfig, control_plane.kinds_of(crds), "cape-ip-bench")
        self.load(crds)

    def _script(self, command):
        environment = {**os.environ, "CONTROL_PLANE_AUDIT": "on" if self.has_audit else "off"}
        subprocess.run([control_plane.SCRIPT, command, self.folder], env=environment, check=True, timeout=1800)


@contextlib.contextmanager
def plane(name, has_audit=False):
    """A control plane of its own for one section: what the one before left behind does not count."""
    running = Plane(name, has_audit)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(running.folder / "etcd", ignore_errors=True)


class Process:
    """A program of ours, and what it has used."""

    def __init__(self, name, plane, arguments):
        self.log = open(plane.folder / f"{name}.log", "ab")
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def cpu_s(self):
        """Seconds of processor time, user and system."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def memory(self):
        """Resident, of it anonymous, and the highest resident so far, in MiB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in text.splitlines())
        return {key: int(fields[name].split()[0]) / 1024
                for key, name in (("resident", "VmRSS"), ("anonymous", "RssAnon"), ("peak", "VmHWM"))}


class Manager(Process):
    """The manager as it is deployed, with the flags that a place outside a cluster needs."""

    def __init__(self, plane, *flags):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        super().__init__("manager", plane, [MANAGER, "--kubeconfig", plane.kubeconfig, "--health-addr",
                                            f"127.0.0.1:{self.port}", "--leader-election-namespace", "default", *flags])

    def __enter__(self):
        deadline = time.monotonic() + READY_S
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the manager did not become ready, see {self.log.name}")
            time.sleep(0.05)
        return self

    def _is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def claim_server(plane):
    return Process("claims", plane, [LOADGEN, plane.kubeconfig, "claims"])


def load(plane, command, namespace, count, on_line=None):
    """Runs a command of the load program; its result. `on_line` is given each line of progress."""
    arguments = [LOADGEN, plane.kubeconfig, command, namespace, str(count)]
    result = {}
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            result = json.loads(line)
            if on_line:
                on_line(result)
    if running.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {running.returncode}")
    return result
