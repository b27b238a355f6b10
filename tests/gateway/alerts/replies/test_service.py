"""The running gateway reads its mailbox: from the reply to the record, through the program as installed."""

from pathlib import Path

import pytest

from dashboard.web.entry.key_file import KeyFile
from gateway.alerts.replies.tickets import Tickets
from gateway.clock import utc_now
from gateway.domain.people.signing import Purpose
from tests.gateway.alerts.replies.test_mail import mail
from tests.support.replies.dovecot import PASSWORD, USER, Dovecot
from tests.support.samples import TRAP
from tests.support.servers import Mosquitto, free_port, wait_for
from tests.support.service import Sensor, Service, native, retained_message
from tests.support.tables import stored_rows

pytestmark = pytest.mark.real

TRIED = "SELECT no FROM outbox WHERE attempts > 0"


def settings(imap_port: int, smtp_port: int) -> str:
    return f"""
    [replies]
    imap_host = "127.0.0.1"
    imap_port = {imap_port}
    imap_security = "none"
    imap_username = "{USER}"
    imap_password = "{PASSWORD}"
    [[people]]
    name = "tanaka"
    channels = ["mailto://127.0.0.1:{smtp_port}?to=tanaka@field.example&from=wall@mail.example"]
    """


def test_a_reply_mail_is_recorded_by_the_running_gateway(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Dovecot(tmp_path / "dovecot") as dovecot:
        extra = settings(dovecot.port, free_port())  # nobody takes its mails: a ticket is made here
        with Service(tmp_path / "gw", mosquitto.port, TRAP, extra=extra) as gateway:
            status = "shishigaki/v1/goto/gateway/status"
            wait_for(
                lambda: retained_message(mosquitto.port, status) == b"online",
                "the gateway to listen",
                30,
            )
            sensor, reader = Sensor(mosquitto.port), gateway.reader()
            sensor.flush(sensor.send(*native(TRAP.id, "trap.sprung", 1)))
            sensor.close()
            wait_for(lambda: stored_rows(reader, TRIED), "the message to be tried")
            wait_for(gateway.database.with_suffix(".keys").exists, "the gateway's secrets")
            keys = KeyFile(gateway.database, "", utc_now).keys(Purpose.LINKS)
            dovecot.put(mail(Tickets(keys).spell(1, "tanaka"), "2 イノシシ"))
            wait_for(reader.acts, "the reply to be recorded")
            assert [(act.by, act.species) for act in reader.acts()] == [("tanaka", "boar")]
            wait_for(lambda: dovecot.unseen() == 0, "the mail to be marked")
            reader.close()
        assert PASSWORD not in gateway.log
