"""Accounts at the broker: made, renewed, taken away; and the first set-up of its files.

Owns the steps. After each the broker reads its files again, which ends the sessions of accounts that are
gone. Must not know the registry of devices.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from gateway.broker.access import GATEWAY, Use, account_name, accounts_in, acl, own_lines_in
from gateway.broker.addresses import own_names
from gateway.broker.certificates import (
    Authority,
    issue,
    new_authority,
    new_passphrase,
)
from gateway.broker.files import BrokerFiles
from gateway.broker.passwords import fits, line, names, new_password, without
from gateway.broker.provisioning import Credentials, text
from gateway.config import Config
from gateway.domain.errors import BadInputError

_NAME = re.compile(r"[a-z0-9-]{1,32}\Z")


class EnrolmentError(BadInputError):
    """An account cannot be made or taken away like that; the text says why."""


class Accounts:
    """The accounts of the broker on this machine."""

    def __init__(self, config: Config) -> None:
        self._config, self.files = config, BrokerFiles(config.broker)
        self._site = config.site.name
        self.is_heard = True  # the broker has been told to read its files since they changed

    def names(self) -> list[str]:
        """All accounts but the gateway's."""
        return [one for one in names(self.files.read(self.files.passwords)) if one != GATEWAY]

    def uses(self) -> dict[str, Use]:
        """What each account that was made here is for."""
        return accounts_in(self.files.read(self.files.acl))

    def enrol(self, name: str, use: Use, *, renew: bool = False) -> Credentials:
        """A new password for a device or a program; the old one ends at once. Raises EnrolmentError."""
        files = self.files
        if not files.are_ours:
            raise EnrolmentError(
                f"{files.passwords}: ありません。先に sudo shishigaki broker setup / missing: run that first"
            )
        if not _NAME.match(name):
            raise EnrolmentError(
                f"{name!r}: 使えるのは a-z 0-9 - の32文字まで / allowed: a-z, 0-9 and -"
            )
        account, before = account_name(name, use), files.read(files.passwords)
        if account in names(before) and not renew:
            raise EnrolmentError(
                f"{account}: もう登録されています。新しいパスワードにするなら --renew / has a password "
                "already; --renew makes a new one, and the old one ends at once"
            )
        password = new_password()
        files.write(files.passwords, without(before, account) + line(account, password))
        self.write_acl({account: use})
        self.is_heard = files.reload()
        return self._credentials(account, password)

    def revoke(self, gone: Iterable[str]) -> list[str]:
        """Take accounts away and end their sessions; the names that had one."""
        files, kept = self.files, self.files.read(self.files.passwords)
        found = [name for name in gone if name in names(kept) and name != GATEWAY]
        if found:
            for name in found:
                kept = without(kept, name)
            files.write(files.passwords, kept)
            self.write_acl({}, gone=found)
            self.is_heard = files.reload()
        return found

    def write_acl(self, more: dict[str, Use], gone: Iterable[str] = ()) -> bool:
        """Write the access rules of this site; what the operator added stays. Whether they changed."""
        before = self.files.read(self.files.acl)
        lost = set(gone)
        uses = {name: use for name, use in (accounts_in(before) | more).items() if name not in lost}
        after = acl(self._site, uses, own_lines_in(before))
        if after != before:
            self.files.write(self.files.acl, after)
        return after != before

    def put_gateway(self, password: str) -> bool:
        """Give the gateway's own account this password. Whether that is new."""
        files, before = self.files, self.files.read(self.files.passwords)
        if fits(before, GATEWAY, password):
            return False
        files.write(files.passwords, line(GATEWAY, password) + without(before, GATEWAY))
        return True

    def put_bridge(self) -> bool:
        """Let the broker of large messages hand on to this one. Whether that is new."""
        if self.files.bridge.exists():
            return False
        given = self.enrol(Use.EQUIPMENT, Use.EQUIPMENT, renew=True)
        self.files.write(self.files.bridge, text(Use.EQUIPMENT, given))
        return True

    def certify(self, now: datetime, *, anew: bool = False) -> str:
        """Make authority and certificate if there is none. Its passphrase, or "" if all is there.

        Raises EnrolmentError when only the certificate is missing: another authority would shut sensors out.
        """
        files = self.files
        if files.identity.exists() and not anew:
            return ""
        if not anew and (files.authority.exists() or files.authority_key.exists()):
            raise EnrolmentError(
                f"{files.identity}: ありません。認証局は残してあります。作るには broker renew / "
                "missing; the authority is kept: sudo shishigaki broker renew makes it again. Without the "
                "passphrase: sudo shishigaki broker setup --new-authority, and each sensor needs the new one"
            )
        passphrase = new_passphrase()
        self._issue(new_authority(self._site, passphrase, now), passphrase, now)
        return passphrase

    def renew(self, passphrase: str, now: datetime) -> list[str]:
        """A new certificate by the present authority: the names in it. Raises PassphraseError."""
        files = self.files
        authority = Authority(
            files.read(files.authority).encode(), files.read(files.authority_key).encode()
        )
        made_for = self._issue(authority, passphrase, now)
        self.is_heard = files.reload()
        return made_for

    def _issue(self, authority: Authority, passphrase: str, now: datetime) -> list[str]:
        files, made_for = self.files, own_names(self._config.broker.names)
        identity = issue(authority, passphrase, made_for, now)
        files.write(files.authority_key, authority.key, 0o600)
        files.write(files.authority, authority.certificate, 0o644)
        files.write(files.identity, identity.certificate + identity.key)
        return made_for

    def _credentials(self, account: str, password: str) -> Credentials:
        settings, files = self._config.broker, self.files
        return Credentials(
            site=self._site,
            name=account,
            password=password,
            host=own_names(settings.names)[0],
            port=settings.port,
            authority=files.read(files.authority),
        )
