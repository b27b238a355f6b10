"""The page, its files and the command say the same."""

import json

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.dashboard import pdf_file
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County

PATH = "/officials/effect?month=2026-09&months=3&near_m=500"


def test_the_page_answers_in_one_sentence_with_interval_and_basis(get: Get) -> None:
    status, body = get(PATH)
    page = body.decode()
    assert status == 200
    assert "はっきりしない。" in page
    assert "近くの変化÷遠くの変化" in page
    assert "前 2025/09/01–2025/11/23 ／ 後 2026/09/01–2026/11/23" in page, "cut to today alike"
    assert "区間の根拠" in page
    assert "style=" not in page
    assert len(body) < 150_000


def test_the_files_say_what_the_page_says(get: Get) -> None:
    page = get(PATH)[1].decode()
    found = json.loads(get(PATH.replace("effect?", "effect.json?"))[1])
    assert found["verdict"]["answer"] == "unclear"
    assert found["question"]["near_m"] == 500
    assert all(sentence in page for sentence in found["sentences"])
    table = get(PATH.replace("effect?", "effect.csv?"))[1].decode("utf-8-sig")
    assert f"{found['near']['ratio']['ratio']:.2f}倍" in table


def test_the_paper_has_the_answer_its_reason_and_the_method_on_the_first_page(get: Get) -> None:
    page = get(PATH)[1].decode()
    status, body = get(PATH.replace("effect?", "effect.pdf?"))
    assert status == 200
    assert "effect.pdf" in page
    assert set(pdf_file.embedded(body).values()) == {True}
    first, second = pdf_file.pages(body)
    for word in ("はっきりしない", "数え方", "わなの近く", "作成"):
        assert word in first
    assert "前と後の率" in second


@pytest.mark.parametrize("query", ["near_m=5", "month=x", "against=never", "months=7"])
def test_a_wrong_value_is_refused(get: Get, query: str) -> None:
    assert get(f"/officials/effect?{query}")[0] == 400


def test_the_command_prints_the_sentence_and_json(county: County) -> None:
    config = county.store.path.with_name("c.toml")
    config.write_text(f'[store]\npath = "{county.store.path}"\n', encoding="utf-8")
    asked = ["effect", "--month", "2026-09", "--near-m", "500", "-c", str(config)]
    run = CliRunner().invoke
    said = run(app, asked).stdout
    found = json.loads(run(app, [*asked, "--json"]).stdout)
    assert said.splitlines()[0] == found["sentences"][0]
    assert found["near"]["ratio"]["sites"] == 3
    refused = run(app, ["effect", "--near-m", "7", "-c", str(config)])
    assert refused.exit_code == 1
    assert "near_m '7' must be one of 300, 500, 1000, 2000" in refused.stderr
