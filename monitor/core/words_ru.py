"""The texts in Russian, for heads and integrators: what is wrong, what it means for the customers."""

from __future__ import annotations

from monitor.core.incident import IncidentKind
from monitor.core.model import Certainty, Reason, State
from monitor.core.wording import Wording

_DEAF = "Сообщения клиентов не доходят, ответить им отсюда нельзя"
_BROKEN = f"Не работает с {{since}} (уже {{lasted}}). {_DEAF}."

WORDS_RU = Wording(
    actors={
        "integrator": "Интегратор",
        "head": "Руководитель",
        "manager": "Сотрудник, у которого телефон",
        "provider": "Провайдер",
    },
    certainty={
        Certainty.CERTAIN: "точно, так говорит сам провайдер",
        Certainty.BY_FLAG: "по флагу Битрикс24",
        Certainty.LIKELY: "вероятно, по косвенным признакам",
        Certainty.NONE: "неизвестно",
    },
    states={
        State.CONNECTED: "на связи",
        State.CONNECTING: "подключается",
        State.QR_REQUIRED: "нужно отсканировать QR-код",
        State.PHONE_OFFLINE: "телефон не на связи",
        State.OPENED_ELSEWHERE: "открыт в другом месте",
        State.BANNED: "номер заблокирован",
        State.RESTRICTED: "отправка ограничена",
        State.UNPAID: "не оплачен",
        State.TOKEN_REVOKED: "ключ доступа не действует",
        State.MISCONFIGURED: "отключён или настроен неверно",
        State.SILENT: "молчит дольше обычного",
        State.UNREACHABLE: "провайдер не отвечает",
        State.UNKNOWN: "состояние неизвестно",
    },
    by_cause={
        "canary_lost": (
            "{channel}: тестовые сообщения не доходят до Битрикс24",
            "Канал числится подключённым, но сообщения со второго номера не пришли. Замечено {since} ({lasted} назад). "
            "Сообщения клиентов, скорее всего, тоже теряются.",
        ),
        "undelivered": (
            "{channel}: ответы сотрудников не доходят до клиентов",
            "Сообщения клиентов приходят, а ответы не подтверждаются. Замечено {since} ({lasted} назад).",
        ),
        "flag_unread": (
            "{channel}: состояние канала не видно",
            "Битрикс24 не отдаёт его с {since} (уже {lasted}). Если канал отключится, монитор этого не увидит.",
        ),
        "flag_error_personal": (
            "{channel}: похоже, нужно заново отсканировать QR-код",
            "Битрикс24 показывает ошибку канала с {since} (уже {lasted}). У личного номера это обычно значит, что "
            f"телефон отвязан. {_DEAF}.",
        ),
        "flag_error_official": (
            "{channel}: канал перехвачен, бот или аккаунт подключён в другом месте",
            f"Битрикс24 отключил канал из-за ошибки {{since}} ({{lasted}} назад). {_DEAF}.",
        ),
        "disconnected_by_somebody": (
            "{channel}: канал отключён от открытой линии",
            f"Канал был подключён, а {{since}} ({{lasted}} назад) его кто-то отключил. {_DEAF}.",
        ),
        "provider_warned": (
            "{channel}: канал работает, но у провайдера нужно исправить настройку",
            "Провайдер предупреждает об этом с {since} (уже {lasted}). Сообщения пока проходят.",
        ),
        "provider_refuses_us": (
            "{channel}: провайдер не принимает ключ монитора",
            "Состояние канала у провайдера не видно с {since} (уже {lasted}). Сам канал может работать, и сообщения могут "
            "идти как прежде.",
        ),
        "refused_by_portal": (
            "{channel}: Битрикс24 не принимает сообщения канала",
            f"У провайдера канал работает, но в Битрикс24 он отключён с {{since}} (уже {{lasted}}). {_DEAF}.",
        ),
    },
    by_state={
        State.QR_REQUIRED: (
            "{channel}: нужно заново отсканировать QR-код",
            f"Телефон отвязан с {{since}} (уже {{lasted}}). {_DEAF}.",
        ),
        State.BANNED: (
            "{channel}: номер заблокирован мессенджером",
            _BROKEN,
        ),
        State.UNPAID: ("{channel}: канал не оплачен", _BROKEN),
        State.OPENED_ELSEWHERE: (
            "{channel}: аккаунт открыт в другом месте",
            _BROKEN,
        ),
        State.TOKEN_REVOKED: (
            "{channel}: ключ доступа больше не действует",
            _BROKEN,
        ),
        State.MISCONFIGURED: (
            "{channel}: канал настроен неверно",
            _BROKEN,
        ),
        State.CONNECTING: (
            "{channel}: канал никак не подключится",
            "Подключается с {since} (уже {lasted}). Сообщения могут задерживаться.",
        ),
        State.PHONE_OFFLINE: (
            "{channel}: телефон не на связи",
            "Телефона с этим номером нет в сети с {since} (уже {lasted}). Через 14 дней мессенджер отключит связанные "
            "устройства.",
        ),
        State.RESTRICTED: (
            "{channel}: мессенджер ограничил отправку",
            "Ограничение действует с {since} (уже {lasted}). Входящие доходят, писать первыми нельзя.",
        ),
        State.SILENT: (
            "{channel}: нет сообщений дольше обычного",
            "Канал числится подключённым, но молчит. Замечено {since} ({lasted} назад). Возможно, сообщения клиентов "
            "не доходят.",
        ),
        State.UNREACHABLE: (
            "{channel}: сервер, через который идут сообщения, не отвечает",
            "Провайдер не может связаться с каналом с {since} (уже {lasted}). Сообщения, скорее всего, не ходят.",
        ),
        State.UNKNOWN: (
            "{channel}: провайдер сообщает незнакомое состояние",
            "Слово провайдера непонятно с {since} (уже {lasted}). Работает ли канал, неизвестно.",
        ),
    },
    by_kind={
        IncidentKind.CHANNEL_FLAPPING: (
            "{channel}: связь рвётся снова и снова",
            "За последний час состояние сменилось {flips}. Сообщения могут теряться и задерживаться.",
        ),
        IncidentKind.PHONE_LOGOUT_RISK: (
            "{channel}: телефона нет в сети {lasted}, канал скоро отключится",
            "Телефон с этим номером не выходит на связь с {since}. Через 14 дней мессенджер отключит связанные "
            "устройства, и канал замолчит.",
        ),
    },
    advice={
        IncidentKind.CHANNEL_FLAPPING: "проверить интернет телефона и сервер шлюза",
        IncidentKind.PHONE_LOGOUT_RISK: "найти телефон с этим номером, включить его и открыть мессенджер; если "
        "сотрудник с телефоном ушёл, перенести номер",
    },
    reasons={
        Reason.TIMEOUT: "нет ответа вовремя",
        Reason.UNREACHABLE: "нет связи",
        Reason.THROTTLED: "портал ограничил число запросов",
        Reason.DENIED: "в доступе отказано",
        Reason.REJECTED: "запрос отклонён",
        Reason.MALFORMED: "ответ испорчен",
        Reason.BUG: "ошибка в самом мониторе",
    },
    denials={
        "refresh_refused": "заново авторизовать приложение: `messenger-monitor auth --portal {portal}`",
        "portal_deleted": "узнать у клиента, что с порталом: Битрикс24 говорит, что он удалён",
        "wrong_license": "попросить клиента продлить тариф Битрикс24: на нынешнем REST недоступен",
        "rest_not_on_plan": "попросить клиента оплатить тариф Битрикс24 или подписку: Битрикс24 говорит, что без них REST "
        "недоступен. Заново авторизовать приложение не нужно",
        "access_denied": "сначала проверить, оплачен ли у клиента тариф Битрикс24 и подписка, без них REST закрыт; если "
        "оплачены, вернуть приложению права, затем `messenger-monitor auth --portal {portal}`",
        "payment_required": "попросить клиента продлить подписку: приложению отказано из-за оплаты",
        "insufficient_scope": "добавить приложению недостающие права, затем `messenger-monitor auth --portal {portal}`",
        "application_not_found": "установить приложение заново, затем `messenger-monitor auth --portal {portal}`",
        "not_installed": "установить приложение заново, затем `messenger-monitor auth --portal {portal}`",
        "authorization_error": "авторизовать приложение от имени работающего сотрудника, прежний отключён: "
        "`messenger-monitor auth --portal {portal}`",
        "user_access_error": "открыть приложению доступ для сотрудника, от имени которого оно работает",
        "invalid_client": "взять client_secret со страницы приложения, записать его в client_secret_file этого портала "
        "и перечитать настройки: сервер авторизации говорит, что нынешний не от этого client_id",
        "wrong_client": "сверить client_id этого портала со страницей приложения, исправить и перечитать настройки: "
        "сервер авторизации такого не знает; если приложение другое, затем "
        "`messenger-monitor auth --portal {portal}`",
        "invalid_scope": "исправить права на странице приложения: оно просит то, чего у портала нет; затем "
        "`messenger-monitor auth --portal {portal}`",
    },
    new_webhook="сделать новый входящий вебхук, записать его адрес в webhook_url_file",
    witness="{source}: {word}, так с {at}",
    flag="Битрикс24, imconnector.status",
    changes="смены состояния: {moments}",
    present="сейчас: {state}",
    judged="вывод: {state}; достоверность: {sure}",
    lasts="по словам провайдера, это продлится до {at}",
    settles="что уточнит: {what}",
    look="посмотреть канал в кабинете провайдера",
    times=("раз", "раза", "раз"),
    next_channel="Тревога закроется сама, когда канал снова будет на связи.",
    next_quiet="Тревога закроется сама после спокойного часа.",
    next_portal="Тревога закроется сама после двух удачных опросов.",
)
