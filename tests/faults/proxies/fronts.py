"""nginx and Caddy as INSTALL.md sets them up: its own recipes, with TLS, on a free port."""

import http.client
import os
import re
import shutil
import socket
import ssl
from pathlib import Path

from tests.dashboard.client import Client
from tests.support.certificates import make_certificate
from tests.support.servers import Server, need

NAME = "sika.example.jp"  # as the recipes say it
INSTALL = Path(__file__).parents[3] / "deploy/INSTALL.md"
NGINX = """\
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{}}
http {{
access_log off;
client_body_temp_path {directory}/body;
proxy_temp_path {directory}/proxy;
fastcgi_temp_path {directory}/fastcgi;
uwsgi_temp_path {directory}/uwsgi;
scgi_temp_path {directory}/scgi;
{recipe}
}}
"""
CADDY = """\
{{
admin off
auto_https disable_redirects
storage file_system {directory}/storage
}}
{recipe}
"""


def recipe(kind: str) -> str:
    """What INSTALL.md says to write for a kind of server."""
    text = INSTALL.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {kind} -->\n```\w+\n(.*?)```\n<!-- /{kind} -->", text, re.DOTALL)
    assert found, f"INSTALL.md has no recipe for {kind}"
    return found[1]


class Front(Server):
    """One of them in front of `upstream`, with a certificate that only `certificate` vouches for."""

    name = "front"

    def __init__(self, directory: Path, upstream: str, kind: str) -> None:
        super().__init__(directory)
        self.upstream, self.kind = upstream, kind
        self.certificate, self._key = self.directory / "sika.crt", self.directory / "sika.key"

    @property
    def url(self) -> str:
        """What people type."""
        return f"https://{NAME}:{self.port}"

    def kill(self) -> None:
        """Cleanly: workers would outlive a killed master."""
        self.stop()

    def command(self) -> list[str]:
        self.directory.chmod(0o755)
        make_certificate(self.certificate, self._key, NAME, 2)
        path = f"{os.environ['PATH']}:/usr/sbin"
        whole = self.directory.resolve()
        config = whole / f"{self.kind}.conf"
        upstream = self.upstream.removeprefix("http://")
        text = recipe(self.kind).replace("127.0.0.1:8000", upstream)
        if self.kind == "nginx":
            text = text.replace("listen 443", f"listen 127.0.0.1:{self.port}")
            text = text.replace("/etc/ssl/sika", f"{whole}/sika")
            config.write_text(NGINX.format(directory=whole, recipe=text))
            program = need(shutil.which("nginx", path=path), "nginx-light")
            return [program, "-c", str(config), "-p", str(whole), "-e", "stderr"]
        own = (
            f"{NAME}:{self.port} {{\n    bind 127.0.0.1\n    tls {whole}/sika.crt {whole}/sika.key"
        )
        config.write_text(CADDY.format(directory=whole, recipe=text.replace(f"{NAME} {{", own)))
        program = need(shutil.which("caddy", path=path), "caddy")
        return [
            "env",
            f"HOME={whole}",
            program,
            "run",
            "--adapter",
            "caddyfile",
            "--config",
            str(config),
        ]

    def client(self) -> Client:
        """A browser that trusts the certificate and nothing else."""
        return TlsClient(self.url, self.port, self.certificate)


class TlsClient(Client):
    """A browser whose resolver says that NAME is this machine."""

    def __init__(self, url: str, port: int, certificate: Path) -> None:
        super().__init__(url)
        self._port, self._context = port, ssl.create_default_context(cafile=certificate)

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=20)
        connection.sock = self._context.wrap_socket(plain, server_hostname=NAME)
        return connection
