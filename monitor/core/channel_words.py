"""A channel's trouble in words: what, since when, the witnesses, how sure we are, who acts."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.assessment import Scene, Texts
from monitor.core.incident import IncidentKind, Words
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
    return (*witnesses, sentence(wording.judged.format(state=state, sure=sure)), *_doubt(diagnosis, language))


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
    since = (memory.phone_gone if kind is IncidentKind.PHONE_LOGOUT_RISK else None) or memory.since
    facts = {
        "channel": channel_name(memory.channel.key, memory.channel.messenger, scene, language),
        "since": moment(since, scene.policy.timezone, language),
        "lasted": span_of(coarse(scene.now - since), language),
        "flips": f"{len(memory.flips)} {plural(len(memory.flips), wording.times, language)}",
    }
    return Words(
        summary=summary.format(**facts),
        description=description.format(**facts),
        recommendation=with_provider(_advice(kind, memory.diagnosis, language), memory.channel, scene, language),
    )


def _advice(kind: IncidentKind, diagnosis: Diagnosis, language: str) -> str:
    """Who, what, and what happens next."""
    wording = WORDS[language]
    own = diagnosis.action_ru if language == "ru" else diagnosis.action_en
    action = wording.advice.get(kind, own) or wording.look
    actor = wording.actors[diagnosis.actor if diagnosis.actor != "nobody" else "integrator"]
    then = wording.next_quiet if kind is IncidentKind.CHANNEL_FLAPPING else wording.next_channel
    return f"{actor}: {clause(action)}. {then}"
