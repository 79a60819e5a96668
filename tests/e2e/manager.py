"""The program under test, as a process."""

import http.client
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from kube import DEADLINE_S

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("CAPE_IP_MANAGER") or str(ROOT / "build" / "release" / "bin" / "cape-ip-manager")
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer")
STOP_S = 20.0

_numbers = itertools.count(1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Manager:
    """One run of cape-ip-manager. Its output is in `log`."""

    def __init__(self, kubeconfig, folder, *flags, leader_elect=False, environment=None):
        self.port = free_port()
        self.log = pathlib.Path(folder) / f"manager-{next(_numbers)}.log"
        self.arguments = [BINARY, "--health-addr", f"127.0.0.1:{self.port}",
                          f"--leader-elect={'true' if leader_elect else 'false'}",
                          "--leader-election-namespace", "default", "-v", "2", *flags]
        if kubeconfig:
            self.arguments += ["--kubeconfig", str(kubeconfig)]
        self._environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", **(environment or {})}
        self.process = None

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self._environment)
        return self

    def wait_ready(self):
        """Waits until /readyz says 200: the caches are filled."""
        self._poll(lambda: self.get("/readyz") == 200, "the manager is ready")
        return self

    def get(self, path):
        """The status of a request to the health port, or None when nobody answers there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def wait_logged(self, pattern):
        """Waits for a line in the log that matches, and returns the match."""
        return self._poll(lambda: re.search(pattern, self.text()), f"a line in the log like {pattern}")

    def text(self):
        return self.log.read_text(errors="replace")

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        """kill -9: nothing is finished, nothing is said."""
        self.process.kill()
        self.process.wait()

    def wait_exit(self):
        """The exit code, and the check that no sanitizer has complained."""
        code = self.process.wait(STOP_S)
        assert not SANITIZER.search(self.text()), f"a sanitizer complained, see {self.log}"
        return code

    def stop(self):
        """Stops it in good order; anything but exit code 0 is an error."""
        if self.is_running:
            self.terminate()
        elif self.process.returncode == -signal.SIGKILL:
            return
        code = self.wait_exit()
        assert code == 0, f"exit code {code}, see {self.log}"

    def _poll(self, condition, what):
        deadline = time.monotonic() + DEADLINE_S
        while not (result := condition()):
            assert self.is_running, f"the manager has ended by itself ({self.process.returncode}):\n{self.text()[-2000:]}"
            assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
            time.sleep(0.01)
        return result
