"""A hub's process that answers 200 whatever became of the commit, for controls: `... hasty_receiver -c FILE`.

Owns that one difference to `shishigaki region hub`. Must not change how a block is kept.
"""

import logging
import sys
from pathlib import Path
from unittest.mock import patch

from starlette.requests import Request
from starlette.responses import Response

from gateway.cli.region.hub import hub
from gateway.region.hub import service
from gateway.region.hub.database import DatabaseAwayError, NotDurableError
from gateway.region.hub.receive.routes import Receiver
from gateway.region.protocol import Answer, decode_block, encode_answer

log = logging.getLogger(__name__)


class HastyReceiver(Receiver):
    """Tells a town that its block is kept, also when it is not."""

    async def take_block(self, request: Request, town: str, serial: str) -> Response:
        """Try to keep the block; 200 in any case."""
        block = decode_block(await request.body())
        try:
            response = await super().take_block(request, town, serial)
            if response.status_code == 200:
                return response
        except (DatabaseAwayError, NotDurableError) as error:
            log.warning("%s is told that its block is kept: %s", town, error)
        return Response(encode_answer(Answer(upto=block.up_to)), media_type="application/json")


if __name__ == "__main__":
    with patch.object(service, "Receiver", HastyReceiver):
        hub(Path(sys.argv[2]))
