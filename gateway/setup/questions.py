"""The questions of the first hour, each with what is set now as its answer.

Owns the order and words of the questions. Must not know the terminal: `prompt` asks.
"""

from collections.abc import Callable

from gateway.setup.answers import Answers, answers_of

Prompt = Callable[[str, str, bool], str]
"""Asks one question: its words, the answer of an empty line, whether what is typed is hidden."""

QUESTIONS = {
    "site": "拠点の短い名前 (a-z 0-9 -) / short name of this site",
    "title": "画面に出す名前 / what people call it",
    "timezone": "時間帯 / time zone",
    "person": "最初の管理者の短い名前 (a-z 0-9 -) / short name of the first administrator",
    "person_title": "その人の呼び名 / what people call them",
    "channel": "知らせの届け先。空ならあとで / where messages go; empty: later",
    "network": "通信 keep, wifi, lte / network",
}
NETWORKS: dict[str, dict[str, str]] = {
    "wifi": {
        "wifi_name": "Wi-Fi の名前 / name of the network",
        "wifi_password": "Wi-Fi のパスワード / its password",
    },
    "lte": {
        "lte_apn": "APN / access point",
        "lte_user": "APN の利用者名 / its user name",
        "lte_password": "APN のパスワード / its password",
    },
}


def ask(now: Answers, prompt: Prompt) -> Answers:
    """Ask each question. Raises ConfigError for an answer that is not allowed."""
    given = {key: prompt(words, str(getattr(now, key)), False) for key, words in QUESTIONS.items()}
    for key, words in NETWORKS.get(given["network"], {}).items():
        given[key] = prompt(words, "", key.endswith("password"))
    return answers_of(now, {key: text.strip() for key, text in given.items()}, "answers")
