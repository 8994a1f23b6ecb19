"""A channel's trouble in words: what, since when, the witnesses, how sure we are, who acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from monitor.core.assessment import Scene, Texts
from monitor.core.diagnosis import shown_since
from monitor.core.incident import Incident, IncidentKind, Words
from monitor.core.memory import ChannelMemory, Diagnosis
from monitor.core.model import Certainty
from monitor.core.provider_words import with_provider
from monitor.core.wording import Wording
from monitor.core.words import LANGUAGES, channel_name, clause, coarse, moment, plural, sentence, span_of
from monitor.core.words_en import WORDS_EN
from monitor.core.words_ru import WORDS_RU

WORDS: Mapping[str, Wording] = {"ru": WORDS_RU, "en": WORDS_EN}


def about_channel(kind: IncidentKind, memory: ChannelMemory, scene: Scene) -> Texts:
    words = {language: _words(kind, memory, scene, language) for language in LANGUAGES}
    language = scene.policy.language
    changes = _changes(memory, scene, language) if kind is IncidentKind.CHANNEL_FLAPPING else ()
    return Texts(evidence=(*changes, *channel_evidence(memory, scene, language)), words=words)


def still(incident: Incident, memory: ChannelMemory, scene: Scene) -> Texts:
    """An open incident while its channel is on the way to another state: its trouble goes on, told as it was."""
    words = {language: _still(incident, memory, scene, language) for language in incident.words}
    return Texts(evidence=channel_evidence(memory, scene, scene.policy.language), words=words)


def _still(incident: Incident, memory: ChannelMemory, scene: Scene, language: str) -> Words:
    """Words that no wording of today makes stay as they are."""
    wording, known = WORDS[language], incident.words[language]
    facts = _facts(memory, scene, language, incident.since or incident.opened)
    told = wording.by_kind.get(incident.kind) or wording.told_in(known.summary, facts)
    if told is None:
        return known
    present = wording.present.format(state=wording.states[memory.diagnosis.state])
    summary, description = (text.format(**facts) for text in told)
    return replace(known, summary=summary, description=f"{description} {sentence(present)}")


def channel_evidence(memory: ChannelMemory, scene: Scene, language: str) -> tuple[str, ...]:
    """Every witness with its own word and since when it says so, the certainty, and what would settle the doubt."""
    wording, zone = WORDS[language], scene.policy.timezone
    diagnosis = memory.diagnosis
    witnesses = [
        wording.witness.format(
            source=wording.flag if proof.source == "bitrix24" else proof.source,
            word=proof.word,
            at=moment(proof.at, zone, language),
        )
        for proof in diagnosis.proof
    ]
    sure = wording.certainty[diagnosis.certainty]
    state = wording.states[diagnosis.state]
    judged = sentence(wording.judged.format(state=state, sure=sure))
    return (*witnesses, *_lasts(memory, zone, language), judged, *_doubt(diagnosis, language))


def _lasts(memory: ChannelMemory, zone: str, language: str) -> tuple[str, ...]:
    """Until when, where the provider names the end of the state that is told."""
    ends = ends_of(memory)
    return (sentence(WORDS[language].lasts.format(at=moment(ends, zone, language))),) if ends else ()


def ends_of(memory: ChannelMemory) -> datetime | None:
    word = memory.provider
    return word.ends if word is not None and word.state is memory.diagnosis.state else None


def _changes(memory: ChannelMemory, scene: Scene, language: str) -> tuple[str, ...]:
    moments = [moment(at, scene.policy.timezone, language) for at in memory.flips]
    return (sentence(WORDS[language].changes.format(moments=", ".join(moments))),)


def _doubt(diagnosis: Diagnosis, language: str) -> tuple[str, ...]:
    settles = diagnosis.settles_ru if language == "ru" else diagnosis.settles
    if diagnosis.certainty is Certainty.CERTAIN or not settles:
        return ()
    return (sentence(WORDS[language].settles.format(what=settles)),)


def _words(kind: IncidentKind, memory: ChannelMemory, scene: Scene, language: str) -> Words:
    wording = WORDS[language]
    summary, description = wording.channel(kind, memory.diagnosis)
    since = (memory.phone_gone if kind is IncidentKind.PHONE_LOGOUT_RISK else None) or shown_since(memory)
    facts = _facts(memory, scene, language, since)
    lasts = () if kind is IncidentKind.CHANNEL_FLAPPING else _lasts(memory, scene.policy.timezone, language)
    return Words(
        summary=summary.format(**facts),
        description=" ".join((description.format(**facts), *lasts)),
        recommendation=with_provider(_advice(kind, memory.diagnosis, language), memory.channel, scene, language),
    )


def _facts(memory: ChannelMemory, scene: Scene, language: str, since: datetime) -> dict[str, str]:
    return {
        "channel": channel_name(memory.channel.key, memory.channel.messenger, scene, language),
        "since": moment(since, scene.policy.timezone, language),
        "lasted": span_of(coarse(scene.now - since), language),
        "flips": f"{len(memory.flips)} {plural(len(memory.flips), WORDS[language].times, language)}",
    }


def _advice(kind: IncidentKind, diagnosis: Diagnosis, language: str) -> str:
    """Who, what, and what happens next."""
    wording = WORDS[language]
    own = diagnosis.action_ru if language == "ru" else diagnosis.action_en
    action = wording.advice.get(kind, own) or wording.look
    actor = wording.actors[diagnosis.actor if diagnosis.actor != "nobody" else "integrator"]
    then = wording.next_quiet if kind is IncidentKind.CHANNEL_FLAPPING else wording.next_channel
    return f"{actor}: {clause(action)}. {then}"
