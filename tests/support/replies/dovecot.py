"""Dovecot: the real IMAP server, with one mailbox, on a free loopback port; with TLS on another.

Owns its configuration, and putting mails into the mailbox by IMAP as a delivery agent does.
"""

import grp
import imaplib
import os
import pwd
import shutil
import tempfile
from email.message import EmailMessage
from pathlib import Path

from tests.support.servers import Server, free_port, need

USER, PASSWORD = "wall", "mailbox-secret"
CONF = """
protocols = imap
listen = 127.0.0.1
base_dir = {sockets}
state_dir = {directory}/state
log_path = /dev/stderr
{tls}
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login}
mail_location = maildir:{mail}
mail_uid = {owner}
mail_gid = {owner_group}
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={mail}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


class Dovecot(Server):
    """The server. As root its mailbox belongs to `nobody`, since it refuses root's."""

    name = "dovecot"

    def __init__(self, directory: Path, certificates: Path | None = None) -> None:
        super().__init__(directory)
        self._certificates = certificates
        self.tls_port = free_port() if certificates else 0
        # Not in the test's folder: another run of pytest closes the folders above it to other users.
        self._mail = Path(tempfile.mkdtemp(prefix="mail-"))
        # The path of a socket has at most 107 bytes; a test's folder may have more.
        self._sockets = Path(tempfile.mkdtemp(prefix="imap-"))

    def kill(self) -> None:
        """Cleanly, as its workers would outlive a killed master; the mails are deleted."""
        self.stop()
        for directory in (self._mail, self._sockets):
            shutil.rmtree(directory, ignore_errors=True)

    def command(self) -> list[str]:
        program = need(
            shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin"), "dovecot-imapd"
        )
        directory = self.directory.resolve()
        is_root = os.geteuid() == 0
        owner = "nobody" if is_root else pwd.getpwuid(os.geteuid()).pw_name
        group = grp.getgrgid(pwd.getpwnam(owner).pw_gid).gr_name
        if is_root:
            shutil.chown(self._mail, owner, group)
        conf = directory / "dovecot.conf"
        conf.write_text(
            CONF.format(
                directory=directory,
                sockets=self._sockets,
                mail=self._mail,
                port=self.port,
                tls_port=self.tls_port,
                tls=self._tls(),
                user="dovecot" if is_root else owner,
                group="dovecot" if is_root else group,
                login="dovenull" if is_root else owner,
                owner=owner,
                owner_group=group,
                password=PASSWORD,
            )
        )
        return [program, "-F", "-c", str(conf)]

    def _tls(self) -> str:
        """The settings of TLS; `certificates`: the folder of the fixture of this name."""
        if self._certificates is None:
            return "ssl = no"
        folder = self._certificates
        return f"ssl = yes\nssl_cert = <{folder}/server.pem\nssl_key = <{folder}/server.key"

    def put(self, mail: EmailMessage | bytes) -> None:
        """Deliver a mail into the mailbox."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=20) as client:
            client.login(USER, PASSWORD)
            status, said = client.append("INBOX", "", "", raw)
            assert status == "OK", f"{said!r} {self.log[-2_000:]}"

    def unseen(self) -> int:
        """How many mails nobody has read."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=20) as client:
            client.login(USER, PASSWORD)
            client.select("INBOX", readonly=True)
            [found] = client.search(None, "UNSEEN")[1]
            return len(found.split())
