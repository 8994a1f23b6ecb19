"""The table of known patterns: what flag, provider and traffic mean together; the first row that fits decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.core.memory import ChannelMemory
from monitor.core.model import Certainty, State
from monitor.core.reading import OUR_KEY, WARNING


class Flag(StrEnum):
    """imconnector.status in one word (bitrix24-api.md 5)."""

    OK = "ok"
    ERROR = "error"
    OFF = "off"  # not configured
    ODD = "odd"  # configured, no error, yet no status: the vendor's formula forbids it
    UNSEEN = "unseen"


class Said(StrEnum):
    """The provider's word by its weight."""

    BROKEN = "broken"  # it cannot work until somebody acts
    REFUSES_US = "refuses_us"  # it does not answer the monitor until somebody acts; the channel may work
    WARNED = "warned"  # it works, and something has to be set right
    STRAINED = "strained"  # it may come back by itself, or works with limits
    CONNECTED = "connected"
    UNCLEAR = "unclear"  # a word we do not know, or a bridge that does not answer
    NOTHING = "nothing"  # not asked, or its API cannot tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One row. A condition left empty fits everything; `state` None = the provider's own."""

    cause: str
    flag: frozenset[Flag] = frozenset()
    said: frozenset[Said] = frozenset()
    personal: bool | None = None
    was_configured: bool | None = None
    webhook_only: bool | None = None
    silent: bool | None = None
    tested: bool | None = None
    undelivered: bool | None = None
    state: State | None = None
    certainty: Certainty = Certainty.NONE
    actor: str = "integrator"
    action_ru: str = ""
    action_en: str = ""
    settles_ru: str = ""
    settles_en: str = ""

    def fits(self, clue: Clue) -> bool:
        wishes = (
            (self.personal, clue.personal),
            (self.was_configured, clue.was_configured),
            (self.webhook_only, clue.webhook_only),
            (self.silent, clue.silent),
            (self.tested, clue.tested),
            (self.undelivered, clue.undelivered),
        )
        named = (not self.flag or clue.flag in self.flag) and (not self.said or clue.said in self.said)
        return named and all(wish is None or wish == fact for wish, fact in wishes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """What the rows are compared with."""

    flag: Flag
    said: Said
    personal: bool
    was_configured: bool
    webhook_only: bool = False
    silent: bool = False
    tested: bool = False  # by our own messages
    undelivered: bool = False


BROKEN = frozenset(
    {
        State.QR_REQUIRED,
        State.OPENED_ELSEWHERE,
        State.BANNED,
        State.UNPAID,
        State.TOKEN_REVOKED,
        State.MISCONFIGURED,
    }
)
STRAINED = frozenset({State.CONNECTING, State.PHONE_OFFLINE, State.RESTRICTED})

# Reasons by which a provider's probe says that the vendor's API knows the licence or the existence, not the state.
CANNOT_TELL = frozenset({"licence_only", "licence_expiring", "exists", "no_status"})

WARNED = "provider_warned"  # the cause of what looks broken and still works

_WORKING = frozenset({Said.CONNECTED, Said.STRAINED, Said.WARNED})
_NO_WORD = frozenset({Said.NOTHING, Said.UNCLEAR})
_REFUSING = frozenset({Flag.ERROR, Flag.OFF})
_NOT_REFUSING = frozenset({Flag.OK, Flag.ODD, Flag.UNSEEN})

PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        cause="provider_refuses_us",
        flag=_NOT_REFUSING,
        said=frozenset({Said.REFUSES_US}),
        certainty=Certainty.CERTAIN,
    ),
    Pattern(
        cause="provider_broken",
        said=frozenset({Said.BROKEN, Said.REFUSES_US}),
        certainty=Certainty.CERTAIN,
    ),
    Pattern(
        cause="refused_by_portal",
        flag=_REFUSING,
        said=_WORKING,
        state=State.MISCONFIGURED,
        certainty=Certainty.BY_FLAG,
        action_ru="подключить канал к открытой линии заново: у провайдера он работает, а Битрикс24 не принимает "
        "его сообщения",
        action_en="connect the channel to the open line again: it works at the provider, but Bitrix24 refuses "
        "its messages",
        settles_ru="тестовое сообщение через этот канал",
        settles_en="a test message through this channel",
    ),
    Pattern(
        cause="canary_lost",
        flag=_NOT_REFUSING,
        said=frozenset({Said.CONNECTED, Said.NOTHING}),
        tested=True,
        state=State.SILENT,
        certainty=Certainty.LIKELY,
        action_ru="переподключить канал: тестовые сообщения отправлены со второго номера и в Битрикс24 не пришли",
        action_en="reconnect the channel: test messages were sent from the second number and did not arrive in Bitrix24",
        settles_ru="сообщение в этот канал с ещё одного телефона: второй номер мог попасть в спам",
        settles_en="a message to this channel from one more phone: the second number may have been taken for spam",
    ),
    Pattern(
        cause="silent",
        flag=_NOT_REFUSING,
        said=frozenset({Said.CONNECTED, Said.NOTHING}),
        silent=True,
        state=State.SILENT,
        certainty=Certainty.LIKELY,
        action_ru="написать в этот канал тестовое сообщение; если оно не пришло в Битрикс24, переподключить канал",
        action_en="send a test message to this channel; if it does not arrive in Bitrix24, reconnect the channel",
        settles_ru="тестовое сообщение через этот канал",
        settles_en="a test message through this channel",
    ),
    Pattern(
        cause="undelivered",
        flag=_NOT_REFUSING,
        said=frozenset({Said.CONNECTED, Said.NOTHING}),
        undelivered=True,
        state=State.RESTRICTED,
        certainty=Certainty.LIKELY,
        action_ru="отправить через этот канал тестовое сообщение; если оно не дойдёт, переподключить канал, а клиентам "
        "ответить другим способом",
        action_en="send a test message through this channel; if it does not arrive, reconnect the channel, and answer "
        "the customers in another way",
        settles_ru="тестовое сообщение клиенту через этот канал",
        settles_en="a test message to a customer through this channel",
    ),
    Pattern(
        cause=WARNED,
        said=frozenset({Said.WARNED}),
        certainty=Certainty.CERTAIN,
    ),
    Pattern(
        cause="provider_strained",
        said=frozenset({Said.STRAINED}),
        certainty=Certainty.CERTAIN,
    ),
    Pattern(
        cause="provider_connected",
        said=frozenset({Said.CONNECTED}),
        certainty=Certainty.CERTAIN,
        actor="nobody",
    ),
    Pattern(
        cause="flag_error_personal",
        flag=frozenset({Flag.ERROR}),
        said=_NO_WORD,
        personal=True,
        state=State.QR_REQUIRED,
        certainty=Certainty.LIKELY,
        action_ru="открыть кабинет провайдера и отсканировать QR-код телефоном, на котором этот номер",
        action_en="open the provider's console and scan the QR code with the phone that holds this number",
        settles_ru="статус в кабинете или API провайдера",
        settles_en="the status in the provider's console or API",
    ),
    Pattern(
        cause="flag_error_official",
        flag=frozenset({Flag.ERROR}),
        said=_NO_WORD,
        personal=False,
        state=State.MISCONFIGURED,
        certainty=Certainty.BY_FLAG,
        action_ru="отключить бот или аккаунт там, куда его подключили, и подключить к этой линии заново",
        action_en="disconnect the bot or account where it was connected, and connect it to this line again",
        settles_ru="проверка, к какому порталу и линии подключён этот бот или аккаунт",
        settles_en="looking up which portal and line this bot or account is connected to",
    ),
    Pattern(
        cause="disconnected_by_somebody",
        flag=frozenset({Flag.OFF}),
        said=_NO_WORD,
        was_configured=True,
        state=State.MISCONFIGURED,
        certainty=Certainty.BY_FLAG,
        action_ru="подключить канал к открытой линии заново и узнать, кто его отключил",
        action_en="connect the channel to the open line again and find out who disconnected it",
        settles_ru="настройки открытой линии: подключён ли там этот канал",
        settles_en="the open line's settings: whether this channel is connected there",
    ),
    Pattern(
        cause="provider_unclear",
        said=frozenset({Said.UNCLEAR}),
        action_ru="посмотреть состояние канала в кабинете провайдера и сообщить разработчику монитора это слово",
        action_en="look the channel up in the provider's console and report this word to the monitor's developer",
        settles_ru="состояние в кабинете провайдера",
        settles_en="the state in the provider's console",
    ),
    Pattern(
        cause="flag_ok",
        flag=frozenset({Flag.OK}),
        state=State.CONNECTED,
        certainty=Certainty.BY_FLAG,
        actor="nobody",
        settles_ru="входящие сообщения или статус у провайдера",
        settles_en="incoming messages or the provider's own status",
    ),
    Pattern(
        cause="webhook_only",
        webhook_only=True,
        state=State.UNKNOWN,
        action_ru="подключить портал локальным приложением: через вебхук состояние каналов не видно",
        action_en="connect the portal by a local application: a webhook cannot see the channels' state",
        settles_ru="локальное приложение вместо вебхука или API провайдера",
        settles_en="a local application instead of a webhook, or the provider's API",
    ),
    Pattern(
        cause="not_seen",
        state=State.UNKNOWN,
        settles_ru="первое успешное чтение состояния",
        settles_en="the first successful reading of its state",
    ),
)


def flag_of(memory: ChannelMemory) -> Flag:
    flag = memory.flag
    if flag is None:
        return Flag.UNSEEN
    if flag.error:
        return Flag.ERROR
    if flag.status:
        return Flag.OK
    return Flag.ODD if flag.configured else Flag.OFF


def said_of(memory: ChannelMemory) -> Said:
    word = memory.provider
    if word is None or word.reason in CANNOT_TELL:
        return Said.NOTHING
    if word.reason == WARNING:
        return Said.WARNED
    if word.reason == OUR_KEY:
        return Said.REFUSES_US
    if word.state in BROKEN:
        return Said.BROKEN
    if word.state in STRAINED:
        return Said.STRAINED
    return Said.CONNECTED if word.state is State.CONNECTED else Said.UNCLEAR
