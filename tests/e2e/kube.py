"""A small client of the Kubernetes API, and a live mirror of the objects the tests look at."""

import base64
import http.client
import json
import os
import ssl
import tempfile
import threading
import time
import urllib.parse
from typing import NamedTuple

import yaml

# How long a test waits for what must come. It is a safety net, never a measurement: set it higher for
# slow builds (sanitizers).
DEADLINE_S = float(os.environ.get("E2E_DEADLINE", "30"))

MERGE = "application/merge-patch+json"


class Kind(NamedTuple):
    """Where the objects of one kind live in the API."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self):
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace=None, name=None):
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        if namespace and self.namespaced:
            root += f"/namespaces/{namespace}"
        return f"{root}/{self.plural}" + (f"/{name}" if name else "")


KINDS = {
    "Namespace": Kind("", "v1", "namespaces", namespaced=False),
    "Event": Kind("", "v1", "events"),
    "Lease": Kind("coordination.k8s.io", "v1", "leases"),
    "CustomResourceDefinition": Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False),
    "Cluster": Kind("cluster.x-k8s.io", "v1beta1", "clusters"),
    "Machine": Kind("cluster.x-k8s.io", "v1beta1", "machines"),
    "ElfMachine": Kind("infrastructure.cluster.x-k8s.io", "v1beta1", "elfmachines"),
    "ElfMachineTemplate": Kind("infrastructure.cluster.x-k8s.io", "v1beta1", "elfmachinetemplates"),
    "IPPool": Kind("ipam.metal3.io", "v1alpha1", "ippools"),
    "IPClaim": Kind("ipam.metal3.io", "v1alpha1", "ipclaims"),
    "IPAddress": Kind("ipam.metal3.io", "v1alpha1", "ipaddresses"),
}


class ApiError(Exception):
    """The server's refusal: `status` is HTTP's, `reason` is Kubernetes' (NotFound, Conflict, ...)."""

    def __init__(self, status, body):
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        self.status = status
        self.reason = answer.get("reason", "")
        super().__init__(f"{status} {self.reason}: {answer.get('message', body[:300])}")


# What a call can end with when the object was changed or deleted by somebody else meanwhile.
def is_race(error):
    return error.status in (404, 409, 422)


class Client:
    """Blocking, safe to use from many threads: each has a connection of its own."""

    def __init__(self, kubeconfig, kinds=None, user_agent="cape-ip-e2e"):
        with open(kubeconfig, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        server = urllib.parse.urlsplit(config["clusters"][0]["cluster"]["server"])
        self.host, self.port = server.hostname, server.port
        self.kinds = kinds or KINDS
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        self._tls = tls_context(config)
        self._local = threading.local()

    def connect(self, timeout=DEADLINE_S):
        return http.client.HTTPSConnection(self.host, self.port, context=self._tls, timeout=timeout)

    def request(self, method, path, body=None, content_type="application/json"):
        data = None if body is None else json.dumps(body).encode()
        headers = dict(self._headers)
        if data is not None:
            headers["Content-Type"] = content_type
        while True:
            connection = getattr(self._local, "connection", None)
            is_reused = connection is not None
            if not is_reused:
                connection = self._local.connection = self.connect()
            try:
                connection.request(method, path, data, headers)
                response = connection.getresponse()
                answer = response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self._local.connection = None
                if is_reused:
                    continue  # the server has closed an idle connection: once more on a new one
                raise
            if response.status >= 400:
                raise ApiError(response.status, answer.decode(errors="replace"))
            return json.loads(answer) if answer[:1] in (b"{", b"[") else answer.decode()

    def list(self, kind):
        return self.request("GET", self.kinds[kind].path())["items"]

    def get(self, kind, namespace, name):
        return self.request("GET", self.kinds[kind].path(namespace, name))

    def create(self, kind, obj):
        where = self.kinds[kind]
        obj = {"apiVersion": where.api_version, "kind": kind, **obj}
        return self.request("POST", where.path(obj["metadata"].get("namespace")), obj)

    def patch(self, kind, namespace, name, change, subresource=""):
        path = self.kinds[kind].path(namespace, name) + (f"/{subresource}" if subresource else "")
        return self.request("PATCH", path, change, MERGE)

    def delete(self, kind, namespace, name):
        return self.request("DELETE", self.kinds[kind].path(namespace, name))


def tls_context(config):
    """The TLS side of a kubeconfig with inline certificates."""

    def inline(part, key):
        return base64.b64decode(part[f"{key}-data"])

    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=inline(cluster, "certificate-authority").decode())
    context.set_alpn_protocols(["http/1.1"])
    with tempfile.NamedTemporaryFile() as pair:
        pair.write(inline(user, "client-certificate") + inline(user, "client-key"))
        pair.flush()
        context.load_cert_chain(pair.name)
    return context


def key_of(obj):
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


class Mirror(threading.Thread):
    """Follows all objects of one kind: lists, watches, begins again when the watch is lost."""

    def __init__(self, client, kind, changed):
        super().__init__(name=f"mirror {kind}", daemon=True)
        self.kind = kind
        self.objects = {}
        self.is_filled = False
        self._client = client
        self._changed = changed
        self._gone = set()
        self._stopping = threading.Event()

    def stop(self):
        self._stopping.set()

    def run(self):
        while not self._stopping.is_set():
            try:
                self._watch(self._list())
            except (ApiError, OSError, http.client.HTTPException, ValueError):
                self._stopping.wait(0.05)

    def take(self, obj):
        """Takes over an object that a write was answered with, unless it is older than what is known."""
        with self._changed:
            known = self.objects.get(key_of(obj))
            if obj["metadata"]["uid"] in self._gone:
                return
            if known and int(known["metadata"]["resourceVersion"]) >= int(obj["metadata"]["resourceVersion"]):
                return
            self.objects[key_of(obj)] = obj
            self._changed.notify_all()

    def _list(self):
        answer = self._client.request("GET", self._client.kinds[self.kind].path())
        with self._changed:
            self.objects = {key_of(obj): obj for obj in answer["items"]}
            self.is_filled = True
            self._changed.notify_all()
        return answer["metadata"]["resourceVersion"]

    def _watch(self, version):
        query = urllib.parse.urlencode({"watch": 1, "resourceVersion": version, "timeoutSeconds": 3000})
        connection = self._client.connect(timeout=None)
        try:
            connection.request("GET", f"{self._client.kinds[self.kind].path()}?{query}")
            for line in connection.getresponse():
                event = json.loads(line)
                if self._stopping.is_set() or event["type"] == "ERROR":
                    return
                self._apply(event)
        finally:
            connection.close()

    def _apply(self, event):
        obj = event["object"]
        if event["type"] != "DELETED":
            self.take(obj)
            return
        with self._changed:
            self._gone.add(obj["metadata"]["uid"])
            known = self.objects.get(key_of(obj))
            if known and known["metadata"]["uid"] == obj["metadata"]["uid"]:
                del self.objects[key_of(obj)]
            self._changed.notify_all()


class World:
    """All objects of the kinds a test deals with, as they are now, and waiting for them to change."""

    def __init__(self, client, kinds):
        self.client = client
        self.changed = threading.Condition()
        self.mirrors = {kind: Mirror(client, kind, self.changed) for kind in kinds}

    def start(self):
        for mirror in self.mirrors.values():
            mirror.start()
        self.until(lambda: all(m.is_filled for m in self.mirrors.values()), "the first lists are there")

    def stop(self):
        for mirror in self.mirrors.values():
            mirror.stop()

    def all(self, kind):
        with self.changed:
            return list(self.mirrors[kind].objects.values())

    def find(self, kind, namespace, name):
        with self.changed:
            return self.mirrors[kind].objects.get((namespace, name))

    def create(self, kind, obj):
        return self._take(kind, self.client.create(kind, obj))

    def patch(self, kind, obj, change, subresource=""):
        """Merges `change` into the object as it is now, whatever happened to it meanwhile."""
        return self._take(kind, self.client.patch(kind, *key_of(obj), change, subresource))

    def update(self, kind, obj, change, subresource=""):
        """Merges `change` if nobody has changed the object since `obj` was read; else ApiError 409."""
        change = {**change, "metadata": {**change.get("metadata", {}),
                                         "resourceVersion": obj["metadata"]["resourceVersion"]}}
        return self.patch(kind, obj, change, subresource)

    def delete(self, kind, obj):
        try:
            self.client.delete(kind, *key_of(obj))
        except ApiError as error:
            if error.status != 404:
                raise

    def until(self, condition, what, timeout_s=DEADLINE_S):
        """Returns the first true value of `condition`, which is looked at whenever an object changes."""
        deadline = time.monotonic() + timeout_s
        with self.changed:
            while True:
                result = condition()
                if result:
                    return result
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise AssertionError(f"not within {timeout_s:.0f} s: {what}")
                self.changed.wait(min(left_s, 0.05))  # also for conditions that no object tells of

    def _take(self, kind, obj):
        self.mirrors[kind].take(obj)
        return obj
