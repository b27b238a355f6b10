"""Who receives push messages, and the key by which push services know this gateway.

Owns the key's file beside the database, and reading and forgetting browsers. Must not send.
"""

import asyncio
from functools import cached_property
from pathlib import Path
from typing import Any

from gateway.domain.people.push import PushSubscription
from gateway.store import Store


class StoredPushBrowsers:
    """Browsers and key of one gateway. The key is made when it is first needed."""

    def __init__(self, store: Store, subject: str) -> None:
        self._store = store
        self.subject = subject  # how a push service can reach the operator: https: or mailto:

    @property
    def file(self) -> Path:
        """Where the key lies. Without it every browser has to subscribe again."""
        return Path(self._store.path).with_suffix(".vapid")

    async def browsers(self, person: str) -> list[PushSubscription]:
        """One person's browsers."""
        return await self._store.read(lambda reader: reader.push.of(person))

    async def forget(self, id_: str) -> None:
        """A push service says that this browser is gone."""
        await self._store.write(lambda tx: tx.push.drop(id_))

    async def public_key(self) -> str:
        """What a browser is given to subscribe, as base64url."""
        return str((await asyncio.to_thread(lambda: self._key))[1])

    async def headers(self, audience: str, expires_s: int) -> dict[str, str]:
        """The signed header for a push service."""
        claims = {"aud": audience, "exp": expires_s, "sub": self.subject}
        signer, _ = await asyncio.to_thread(lambda: self._key)
        signed = await asyncio.to_thread(signer.sign, claims)
        return {"Authorization": str(signed["Authorization"])}

    @cached_property
    def _key(self) -> tuple[Any, str]:
        """The signer and the public key."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        from py_vapid import Vapid02
        from py_vapid.utils import b64urlencode

        if self.file.exists():
            signer = Vapid02.from_pem(self.file.read_bytes())
        else:
            signer = Vapid02()
            signer.generate_keys()
            whole = self.file.with_suffix(".vapid-new")  # renamed when complete
            whole.touch(mode=0o600)
            whole.write_bytes(signer.private_pem())
            whole.rename(self.file)
        point = signer.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return signer, str(b64urlencode(point))
