"""Writes what the code already knows, in both languages: `python -m docs.build`.

reference.md lists metrics, incidents and rules; runbooks.md leads to each runbook. A test keeps them true."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from docs.sizing import put
from monitor.core.incident import IncidentKind
from monitor.core.model import Reason, State
from monitor.core.signals import BUCKETS, METRICS
from monitor.shell.runbooks import names, runbook

DOCS = Path(__file__).parent
RULES = DOCS.parent / "deploy" / "prometheus" / "rules" / "messenger-monitor.yml"
WORDS: dict[str, Any] = yaml.safe_load((DOCS / "reference_words.yaml").read_text())
FOLDERS = {"en": DOCS, "ru": DOCS / "ru"}
_TRANSLATED = re.compile(r' \| reReplaceAll "[^"]*" "[^"]*"')  # units of time in Russian: noise in a table
MADE = "<!-- Made by `python -m docs.build`: change the code or reference_words.yaml. -->\n"

TEXTS = {
    "en": {
        "title": "# Metrics and alerts\n\n[По-русски](ru/reference.md). What the numbers mean: [numbers.md](numbers.md).\n",
        "metrics": "## Metrics\n\nServed at `/metrics`, from memory. Buckets of response times in seconds: {buckets}.\n"
        "States of a channel: {states}. Reasons of a failure: {reasons}.\n",
        "metric_head": ("metric", "type", "labels", "says"),
        "incidents": "## Incidents\n\nThe daemon judges these itself and posts them to Alertmanager. The annotation `covered_why` says why the guarantee covers it or not. Labels of every alert: "
        "`alertname`, `severity`, `portal`, `audience`, `guaranteed`, and where they apply `line`, `connector`, `messenger`, "
        "`state`, `manager`, `subject`, `check`, `source`: those of its opening, as long as it lasts.\n",
        "incident_head": ("kind, alert", "severity", "for", "opens when", "ends when"),
        "rules": "## Prometheus rules\n\nOnly what the daemon cannot say of itself.\n",
        "rule_head": ("alert", "severity", "after", "says"),
        "at_once": "at once",
        "runbooks": "# Runbooks\n\n[По-русски](ru/runbooks.md). One for every alert. The daemon serves them at `/runbooks/NAME`, "
        "without a sign-in and without the internet; `messenger-monitor runbook NAME` tells the same in a terminal, also when "
        "the daemon is down.\n",
        "runbook_head": ("alert", "what it is"),
    },
    "ru": {
        "title": "# Метрики и тревоги\n\n[In English](../reference.md). Что значат числа: [numbers.md](numbers.md).\n",
        "metrics": "## Метрики\n\nОтдаются на `/metrics` из памяти. Границы времён ответа в секундах: {buckets}.\n"
        "Состояния канала: {states}. Причины неудач: {reasons}.\n",
        "metric_head": ("метрика", "вид", "метки", "что говорит"),
        "incidents": "## Происшествия\n\nО них монитор судит сам и сообщает в Alertmanager. Аннотация `covered_why` говорит, почему случай входит в гарантию или нет. Метки каждой тревоги: `alertname`, "
        "`severity`, `portal`, `audience`, `guaranteed` и, где уместно, `line`, `connector`, `messenger`, `state`, `manager`, "
        "`subject`, `check`, `source`: такие, с какими она открылась, пока длится.\n",
        "incident_head": ("вид, тревога", "важность", "кому", "открывается", "кончается"),
        "rules": "## Правила Prometheus\n\nТолько то, чего монитор не может сказать о себе сам.\n",
        "rule_head": ("тревога", "важность", "через", "что говорит"),
        "at_once": "сразу",
        "runbooks": "# Инструкции\n\n[In English](../runbooks.md). По одной на каждую тревогу. Монитор показывает их на "
        "`/runbooks/ИМЯ` без входа и без интернета; `messenger-monitor runbook NAME --lang ru` печатает то же в терминале, "
        "и когда монитор не работает.\n",
        "runbook_head": ("тревога", "что это"),
    },
}


def reference(language: str) -> str:
    texts = TEXTS[language]
    told = {
        "buckets": ", ".join(f"{bucket:g}" for bucket in BUCKETS),
        "states": ", ".join(f"`{state.value}`" for state in State),
        "reasons": ", ".join(f"`{reason.value}`" for reason in Reason),
    }
    return "\n".join(
        [
            texts["title"],
            MADE,
            str(texts["metrics"]).format(**told),
            _table(texts["metric_head"], (_metric(metric, language) for metric in METRICS)),
            texts["incidents"],
            _table(texts["incident_head"], (_incident(kind, language) for kind in IncidentKind)),
            texts["rules"],
            _table(texts["rule_head"], (_rule(rule, language) for rule in _rules())),
        ]
    )


def runbooks(language: str) -> str:
    """An index: the texts are in the package, so that the daemon can show them."""
    up = "../" if language == "en" else "../../"
    rows = []
    for name in names():
        found = runbook(name, language)
        rows.append((f"[`{name}`]({up}monitor/runbooks/{language}/{name}.md)", found.title if found else ""))
    return "\n".join([TEXTS[language]["runbooks"], MADE, _table(TEXTS[language]["runbook_head"], rows)])


def _metric(metric: Any, language: str) -> tuple[str, ...]:
    says = metric.help if language == "en" else WORDS["metrics_ru"][metric.name]
    return f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels) or "-", says


def _incident(kind: IncidentKind, language: str) -> tuple[str, ...]:
    words = WORDS["incidents"][kind.value]
    severity, audience = words["tells"]
    name = f"`{kind.value}`, [{kind.alertname}]({_runbook_link(kind.value, language)})"
    return name, severity, audience, words["opens"][language], words["ends"][language]


def _rule(rule: dict[str, Any], language: str) -> tuple[str, ...]:
    said = rule["annotations"]["summary" if language == "en" else "summary_ru"]
    told = _TRANSLATED.sub("", said).replace("|", "\\|")
    name = f"[{rule['alert']}]({_runbook_link(rule['alert'], language)})"
    return name, rule["labels"]["severity"], rule.get("for", TEXTS[language]["at_once"]), f"`{told}`"


def _runbook_link(name: str, language: str) -> str:
    return f"{'../' if language == 'en' else '../../'}monitor/runbooks/{language}/{name}.md"


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def _table(head: Any, rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def main() -> None:
    for language, folder in FOLDERS.items():
        (folder / "reference.md").write_text(reference(language))
        (folder / "runbooks.md").write_text(runbooks(language))
        scaling = folder / "scaling.md"
        scaling.write_text(put(scaling.read_text(), language))


if __name__ == "__main__":
    main()
