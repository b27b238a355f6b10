"""The accounts that pages ask for: those of the store, and of a demo the one whose password it prints.

Owns where an account is looked up. Must not check passwords (`auth`).
"""

from gateway.domain.accounts import Account
from gateway.store import Reader, Store
from gateway.store.setting_keys import SettingKey


class Accounts:
    """Accounts of one dashboard; `demo` is kept in memory only."""

    def __init__(self, store: Store, demo: Account | None = None) -> None:
        self._store, self._demo = store, demo

    async def find(self, name: str) -> Account | None:
        """The account of a name, or None."""
        account = await self._store.read(lambda reader: reader.account(name))
        if account is None and self._demo and self._demo.name == name:
            return self._demo
        return account

    async def exist(self) -> bool:
        """Whether somebody has, or ever had, an account in the store."""
        return await self._store.read(had_accounts)

    async def hint(self) -> str:
        """What somebody who cannot log in should know: a key of the locale files, or nothing."""
        if self._demo:
            return "login.demo"
        return "" if await self._store.read(lambda r: r.accounts()) else "login.nobody"


def had_accounts(reader: Reader) -> bool:
    """Whether reading without a login has ended: removing the last account does not open it again."""
    return bool(reader.accounts()) or reader.setting(SettingKey.ACCOUNTS_EXISTED) is not None
