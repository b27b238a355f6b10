"""A town's machine: install.sh has run, and a trap is enrolled, whose events arrive at its broker.

Owns the trap. Knows no region but by the commands that the test types.
"""

import json

from tests.field.machine import Machine
from tests.field.region.box import follow

PYTHON = "/opt/shishigaki/current/bin/python"
PUBLISH = """
import json, sys
from paho.mqtt.publish import single
made = json.load(open("/root/trap-01.json"))["mqtt"]
single("wildlife/v1/site/trap-01/event", sys.argv[1], qos=1, hostname="127.0.0.1", port=made["port"],
       auth={"username": "trap-01", "password": made["password"]}, tls={"ca_certs": "/root/ca.crt"})
"""
PAGE = """
import ssl, sys, urllib.request as r
trust = ssl.create_default_context(cafile=sys.argv[2])
if sys.argv[3:]:
    trust.load_cert_chain(*sys.argv[3:])
try:
    print(r.urlopen(sys.argv[1], context=trust, timeout=20).read().decode())
except r.HTTPError as answer:
    print(answer.code)
"""
LOG_IN = """
import http.client as h, ssl, sys, urllib.parse as p
door, ca, name, password = sys.argv[1:]
link = h.HTTPSConnection(door, context=ssl.create_default_context(cafile=ca), timeout=20)
form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://" + door}
link.request("POST", "/login", p.urlencode({"name": name, "password": password}), form)
print(link.getresponse().status)
"""


def install(machine: Machine) -> None:
    """The gateway as its own guide installs it, without questions, and one trap."""
    follow(machine, "tar xf shishigaki-*-install.tar.gz; sudo sh shishigaki-*/install.sh")
    machine.wait("systemctl is-active shishigaki", 60)
    machine.sh("printf 'id,role\\ntrap-01,trap\\n' >/root/list.csv; chmod 600 /root/list.csv")
    machine.sh("shishigaki devices import /root/list.csv")
    machine.sh("shishigaki devices enrol trap-01 >/root/trap-01.json")
    machine.sh("cp /etc/mosquitto/certs/shishigaki-ca.crt /root/ca.crt")


def send_event(machine: Machine, number: int) -> None:
    """One event of the trap; returns when the town's broker has it."""
    event = {"v": 1, "id": f"e{number}", "boot": 1, "seq": number, "kind": "trap.sprung"}
    machine.wait(f"{PYTHON} -c '{PUBLISH}' '{json.dumps(event)}'")


def page(machine: Machine, url: str, *files: str) -> str:
    """What a page says at the town. `files`: the authority it trusts, a certificate, its key."""
    return machine.sh(f"{PYTHON} -c '{PAGE}' {url} {' '.join(files)}")


def reaches(machine: Machine, url: str, *files: str) -> bool:
    """Whether it gives any answer, a refusal too."""
    ask = f"{PYTHON} -c '{PAGE}' {url} {' '.join(files)} >/dev/null 2>&1 && echo yes"
    return machine.sh(ask, check=False) != ""


def log_in(machine: Machine, door: str, authority: str, name: str, password: str) -> int:
    """The status of a log-in at the pages, typed at the town."""
    return int(
        machine.sh(f"{PYTHON} -c '{LOG_IN}' {door} {authority} '{name}' '{password}'").strip()
    )
