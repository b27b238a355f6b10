"""A text of a Meshtastic node through a real broker answers once, however often it is repeated."""

import asyncio
import json
from typing import Any

import aiomqtt
import pytest

from gateway.alerts.replies.radio import RadioTexts
from gateway.config import Mqtt
from gateway.domain.model import ActionKind
from tests.gateway.alerts.replies.office import ReplyOffice, told, while_running
from tests.support.servers import Mosquitto

pytestmark = pytest.mark.real


def packet(text: str, number: int, sender: int = 0xBEEF) -> str:
    return json.dumps({"from": sender, "id": number, "type": "text", "payload": {"text": text}})


def test_a_text_answers_once_though_three_gateways_repeat_it(
    mosquitto: Mosquitto, office: ReplyOffice
) -> None:
    office.spring()
    office.letters.clear()
    way = RadioTexts(Mqtt(port=mosquitto.port), "goto", lambda: office.site.now)
    desk = office.handler(meshtastic=way.follow)

    async def scenario() -> None:
        work: Any = asyncio.create_task(
            while_running(desk.run(), lambda: len(told(office.letters, "mori")) == 2)
        )
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as phone:
            while not office.acts:  # until the subscription stands
                for gateway in ("!0000aaaa", "!0000bbbb", "!0000cccc"):
                    topic = f"msh/JP/2/json/LongFast/{gateway}"
                    await phone.publish(topic, packet("３", 7), qos=1)
                    await phone.publish(topic, packet("2", 8, 0xDEAD), qos=1)
                await asyncio.sleep(0.05)
            await phone.publish("msh/JP/2/json/LongFast/!0000aaaa", packet("2", 9), qos=1)
            await work

    asyncio.run(scenario())
    assert [act.deed for act in office.acts] == [ActionKind.FALSE_SPRING]
    assert told(office.letters, "mori") == [
        "記録しました 三井楽-01: 空はじき",
        "記録していません いま答えを待っている知らせはありません。",
    ]
