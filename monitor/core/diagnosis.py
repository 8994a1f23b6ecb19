"""One state for one channel, with its cause and its proof: the table of patterns applied, contradictions shown."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from monitor.core.connectors import is_personal
from monitor.core.cover import STATE_COVER
from monitor.core.licences import is_paid_through_us
from monitor.core.memory import ChannelMemory, Diagnosis, Proof
from monitor.core.model import Certainty, State
from monitor.core.patterns import PATTERNS, Clue, Pattern, flag_of, said_of
from monitor.core.policy import Policy
from monitor.core.reading import ProviderSeen

NOT_SEEN = Diagnosis(state=State.UNKNOWN, certainty=Certainty.NONE, cause="not_seen")

OUT_OF_SIGHT = Diagnosis(
    state=State.UNKNOWN,
    certainty=Certainty.NONE,
    cause="out_of_sight",
    actor="integrator",
    action_ru="сначала вернуть доступ к порталу: без него состояние канала не видно",
    action_en="restore the access to the portal first: without it the channel's state cannot be seen",
    settles="the first good poll of the portal",
    settles_ru="первый удачный опрос портала",
)

FLAG_UNREAD = Diagnosis(
    state=State.UNKNOWN,
    certainty=Certainty.NONE,
    cause="flag_unread",
    actor="integrator",
    action_ru="узнать, почему портал не отдаёт состояние этого коннектора: права приложения, ответ imconnector.status",
    action_en="find out why the portal does not tell this connector's state: the application's permissions, what "
    "imconnector.status answers",
    settles="the next answer of imconnector.status about this channel",
    settles_ru="следующий ответ imconnector.status об этом канале",
)

# Who acts, and what to do where the provider's probe gives no advice of its own (providers.md 15).
_ADVICE: dict[State, tuple[str, str, str]] = {
    State.CONNECTING: (
        "integrator",
        "подождать; если не подключится, написать в поддержку провайдера",
        "wait; if it does not connect, write to the provider's support",
    ),
    State.QR_REQUIRED: (
        "integrator",
        "открыть кабинет провайдера и отсканировать QR-код телефоном, на котором этот номер",
        "open the provider's console and scan the QR code with the phone that holds this number",
    ),
    State.PHONE_OFFLINE: (
        "manager",
        "включить телефон с этим номером, проверить интернет и открыть мессенджер",
        "switch on the phone with this number, check its internet and open the messenger",
    ),
    State.OPENED_ELSEWHERE: (
        "integrator",
        "закрыть второй сеанс или нажать «Использовать здесь», затем при необходимости отсканировать QR-код",
        'close the other session or press "Use here", then scan the QR code if it is asked for',
    ),
    State.BANNED: (
        "integrator",
        "подать апелляцию в мессенджер и подготовить другой номер",
        "appeal to the messenger and prepare another number",
    ),
    State.RESTRICTED: (
        "head",
        "остановить рассылки и не писать первыми незнакомым до снятия ограничения",
        "stop bulk messages and start no chats with strangers until the restriction is lifted",
    ),
    State.UNPAID: (
        "integrator",
        "оплатить или продлить подписку провайдера",
        "pay for or renew the subscription",
    ),
    State.TOKEN_REVOKED: (
        "integrator",
        "выпустить новый ключ доступа и указать его в настройках",
        "issue a new access key and put it into the settings",
    ),
    State.MISCONFIGURED: (
        "integrator",
        "проверить настройки канала у провайдера и подключить его заново",
        "check the channel's settings at the provider and connect it again",
    ),
    State.UNREACHABLE: (
        "integrator",
        "поднять сервер моста или дождаться провайдера",
        "bring the bridge server up or wait for the provider",
    ),
}


def diagnose(
    memory: ChannelMemory, policy: Policy, silence: Proof | None = None, undelivered: Proof | None = None
) -> Diagnosis:
    """The first pattern that fits what is remembered of the flag, the provider and the traffic.

    `silence` is the traffic's own witness that the channel is deaf, or the canaries'; `undelivered` that it is mute;
    None = nothing unusual. Every witness stands in the proof with its own word, contradicting ones too. Ages are judged
    by the incidents' rules, not here.
    """
    clue = Clue(
        flag=flag_of(memory),
        said=said_of(memory),
        personal=is_personal(memory.channel.connector),
        was_configured=memory.was_configured,
        webhook_only=policy.webhook_only,
        silent=silence is not None,
        tested=silence is not None and silence.source == "canary",
        undelivered=undelivered is not None,
    )
    pattern = _pattern(clue)
    return _of_pattern(pattern, memory, policy, _proof(memory, silence, undelivered))


@lru_cache(maxsize=256)
def _pattern(clue: Clue) -> Pattern:
    return next(pattern for pattern in PATTERNS if pattern.fits(clue))


def rests_on_portal(diagnosis: Diagnosis) -> bool:
    """Whether it is known through the portal alone: then it is out of sight when the portal is."""
    return not diagnosis.cause.startswith("provider_")


def is_unread(memory: ChannelMemory) -> bool:
    """Whether the portal answers and does not tell this channel's flag any more, on which all rests."""
    return memory.hidden is not None and memory.diagnosis.cause == FLAG_UNREAD.cause


def shown_since(memory: ChannelMemory) -> datetime:
    """When what is shown of it began; what was judged before it was lost from sight keeps its own time."""
    return (memory.unread_since or memory.flag_at or memory.since) if is_unread(memory) else memory.since


def _of_pattern(pattern: Pattern, memory: ChannelMemory, policy: Policy, proof: tuple[Proof, ...]) -> Diagnosis:
    provider = memory.provider
    own = provider.state if provider is not None else State.UNKNOWN
    state = pattern.state or own
    actor, advice_ru, advice_en = _ADVICE.get(state, (pattern.actor, "", ""))
    from_provider = pattern.state is None and provider is not None
    said_ru, said_en = (provider.action_ru, provider.action_en) if provider and from_provider else ("", "")
    return Diagnosis(
        state=state,
        certainty=pattern.certainty,
        cause=pattern.cause,
        proof=proof,
        actor=actor if from_provider else pattern.actor,
        action_ru=said_ru or pattern.action_ru or advice_ru,
        action_en=said_en or pattern.action_en or advice_en,
        settles=pattern.settles_en,
        settles_ru=pattern.settles_ru,
        covered=_is_covered(state, memory, policy),
    )


def _proof(memory: ChannelMemory, *traffic: Proof | None) -> tuple[Proof, ...]:
    proofs = [proof for proof in traffic if proof is not None]
    if memory.flag is not None and memory.flag_at is not None:
        flag = memory.flag
        facts = (("ERROR", flag.error), ("CONFIGURED", flag.configured), ("STATUS", flag.status))
        word = ", ".join(f"{name}={str(value).lower()}" for name, value in facts)
        proofs.append(Proof(source="bitrix24", word=word, at=memory.flag_at))
    if memory.provider is not None and memory.provider_at is not None:
        proofs.append(Proof(source=memory.provider.provider, word=_word(memory.provider), at=memory.provider_at))
    return tuple(proofs)


def _word(provider: ProviderSeen) -> str:
    return f"{provider.raw} ({provider.reason})" if provider.reason else provider.raw


def _is_covered(state: State, memory: ChannelMemory, policy: Policy) -> bool:
    """Mission G8: a ban is nobody's guarantee; an unpaid licence is ours only when it is paid through us."""
    if state is State.UNPAID and is_paid_through_us(memory.channel.provider, policy):
        return True
    return state not in STATE_COVER
