"""A proxy between a manager and the API server that fails when a test says so."""

import http.client
import http.server
import json
import pathlib
import ssl
import threading

import yaml

WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Cut(Exception):
    """The connection ends here."""


class FaultProxy:
    """Listens on loopback with the API server's own certificate and forwards everything.

    `on_request(request)` and `on_answer(request)` are called before a request goes to the server and before
    its answer goes back. Each may raise Cut; on_request may return (status, body) to answer in the server's
    place. A request has `number` (of the writes, from 1; 0 for reads), `method`, `path` and `body`.
    """

    def __init__(self, plane, folder):
        self.client = plane.client
        self.on_request = lambda request: None
        self.on_answer = lambda request: None
        self.writes = 0
        self._lock = threading.Lock()
        self._open = set()
        self._server = self._listen(plane)
        self.kubeconfig = self._write_kubeconfig(plane, folder)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy", daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self.cut_all()

    def cut_all(self):
        """Ends every connection that is open now, watches too."""
        with self._lock:
            for connection in self._open:
                shut(connection)

    def count(self, method):
        if method not in WRITES:
            return 0
        with self._lock:
            self.writes += 1
            return self.writes

    def opened(self, connection):
        with self._lock:
            self._open.add(connection)

    def closed(self, connection):
        with self._lock:
            self._open.discard(connection)

    def _listen(self, plane):
        pki = pathlib.Path(plane.folder) / "pki"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "server.crt", pki / "server.key")
        context.set_alpn_protocols(["http/1.1"])
        server = QuietServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.context, server.proxy = context, self
        return server

    def _write_kubeconfig(self, plane, folder):
        with open(plane.kubeconfig, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self._server.server_address[1]}"
        path = pathlib.Path(folder) / "kubeconfig-proxy"
        path.write_text(yaml.safe_dump(config))
        return path


class QuietServer(http.server.ThreadingHTTPServer):
    """A connection that ends in the middle is what this proxy is for, not an error to print."""

    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


class Request:
    def __init__(self, number, method, path, body):
        self.number, self.method, self.path = number, method, path
        self.body = json.loads(body) if body[:1] in (b"{", b"[") else {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()
        self.server.proxy.opened(self.request)

    def finish(self):
        self.server.proxy.closed(self.request)
        super().finish()

    def forward(self):
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(proxy.count(self.command), self.command, self.path, body)
        try:
            instead = proxy.on_request(request)
            if instead:
                self._answer(instead[0], "application/json", json.dumps(instead[1]).encode())
                return
            self._pass_on(request, body)
        except (Cut, OSError, http.client.HTTPException):
            self.close_connection = True
            shut(self.request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815 (names that http.server calls)

    def _pass_on(self, request, body):
        proxy = self.server.proxy
        upstream = proxy.client.connect(timeout=None)
        dropped = ("host", "connection", "content-length", "accept-encoding")
        headers = {k: v for k, v in self.headers.items() if k.lower() not in dropped}
        try:
            upstream.request(self.command, self.path, body or None, headers)
            response = upstream.getresponse()
            proxy.opened(upstream.sock)
            if response.chunked and "watch=" in self.path:
                self._stream(response)
            else:
                answer = response.read()
                proxy.on_answer(request)
                self._answer(response.status, response.headers.get("Content-Type", ""), answer)
        finally:
            proxy.closed(upstream.sock)
            upstream.close()

    def _answer(self, status, content_type, body):
        self.send_response(status)
        if status in (429, 503):
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, response):
        self.send_response(response.status)
        self.send_header("Content-Type", response.headers.get("Content-Type", ""))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while data := response.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


def shut(connection):
    try:
        connection.shutdown(2)
    except (OSError, AttributeError):
        pass
