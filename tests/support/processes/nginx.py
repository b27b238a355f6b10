"""nginx as Debian packages it, in front of another server.

Owns its settings. Must not know what it passes on.
"""

import os
import shutil
from pathlib import Path

from tests.support.servers import Server, need

NGINX_CONF = """\
daemon off;
master_process {master};
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
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {upstream};
      {lines}
    }}
  }}
}}
"""


class Nginx(Server):
    """nginx as a reverse proxy in front of `upstream`; `lines` stand in its `location`.

    `as_service`: with workers of their own user, as when the system starts it (needs root).
    """

    name = "nginx"

    def __init__(
        self, directory: Path, upstream: str, lines: str = "", *, as_service: bool = False
    ) -> None:
        super().__init__(directory)
        self.upstream, self.lines, self.as_service = upstream, lines, as_service

    def kill(self) -> None:
        """Cleanly: workers would outlive a killed master."""
        self.stop()

    @property
    def url(self) -> str:
        """Its HTTP address."""
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        program = need(shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"), "nginx-light")
        self.directory.chmod(0o755)
        conf = self.directory / "nginx.conf"
        conf.write_text(
            NGINX_CONF.format(
                directory=self.directory.resolve(),
                port=self.port,
                upstream=self.upstream,
                lines=self.lines,
                master="on" if self.as_service else "off",
            )
        )
        return [program, "-c", str(conf), "-p", str(self.directory), "-e", "stderr"]
