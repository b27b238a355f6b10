"""The connection of a board as a file of NetworkManager: Wi-Fi or LTE. PURE.

Owns the text of the file; it holds a password and is for root only. Must not connect.
"""

from gateway.setup.answers import Answers

FOLDER = "/etc/NetworkManager/system-connections"
NEEDS = {  # what must be installed: program, Debian's package
    "wifi": ("nmcli", "network-manager"),
    "lte": ("mmcli", "modemmanager"),
}


def connection_file(answers: Answers) -> tuple[str, str]:
    """(file name, text) for the chosen network, which must not be `keep`."""
    name = f"shishigaki-{answers.network}"
    sections = {"connection": {"id": name, "autoconnect": "true"}}
    sections |= _wifi(answers) if answers.network == "wifi" else _lte(answers)
    sections |= {"ipv4": {"method": "auto"}, "ipv6": {"method": "auto"}}
    return f"{name}.nmconnection", "\n".join(_section(*one) for one in sections.items())


def _wifi(answers: Answers) -> dict[str, dict[str, str]]:
    found = {"wifi": {"mode": "infrastructure", "ssid": _ssid(answers.wifi_name)}}
    if answers.wifi_password:
        found["wifi-security"] = {"key-mgmt": "wpa-psk", "psk": _plain(answers.wifi_password)}
    return found


def _lte(answers: Answers) -> dict[str, dict[str, str]]:
    given = {"apn": answers.lte_apn, "username": answers.lte_user, "password": answers.lte_password}
    return {"gsm": {key: _plain(value) for key, value in given.items() if value}}


def _section(name: str, values: dict[str, str]) -> str:
    if name == "connection":
        values = {**values, "type": "wifi" if values["id"].endswith("wifi") else "gsm"}
    return f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in values.items())


def _plain(text: str) -> str:
    """A value of a key file: backslashes and spaces at its beginning are written as such."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return f"\\s{escaped[1:]}" if escaped.startswith(" ") else escaped


def _ssid(text: str) -> str:
    """A name as bytes: NetworkManager reads text with semicolons or other scripts so."""
    if text.isascii() and ";" not in text:
        return _plain(text)
    return "".join(f"{byte};" for byte in text.encode())
