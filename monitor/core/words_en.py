"""The texts in English, for heads and integrators: what is wrong, what it means for the customers."""

from __future__ import annotations

from monitor.core.incident import IncidentKind
from monitor.core.model import Certainty, Reason, State
from monitor.core.wording import Wording

_DEAF = "Customers' messages do not arrive and cannot be answered from here"
_BROKEN = f"Does not work since {{since}} (for {{lasted}}). {_DEAF}."

WORDS_EN = Wording(
    actors={
        "integrator": "Integrator",
        "head": "Head",
        "manager": "The employee who keeps the phone",
        "provider": "Provider",
    },
    certainty={
        Certainty.CERTAIN: "certain, the provider itself says so",
        Certainty.BY_FLAG: "by Bitrix24's flag",
        Certainty.LIKELY: "likely, inferred",
        Certainty.NONE: "unknown",
    },
    states={
        State.CONNECTED: "connected",
        State.CONNECTING: "connecting",
        State.QR_REQUIRED: "the QR code has to be scanned",
        State.PHONE_OFFLINE: "the phone is offline",
        State.OPENED_ELSEWHERE: "opened elsewhere",
        State.BANNED: "the number is banned",
        State.RESTRICTED: "sending is restricted",
        State.UNPAID: "not paid for",
        State.TOKEN_REVOKED: "the access key is not valid",
        State.MISCONFIGURED: "disconnected or set up wrongly",
        State.SILENT: "silent for longer than usual",
        State.UNREACHABLE: "the provider does not answer",
        State.UNKNOWN: "the state is unknown",
    },
    by_cause={
        "canary_lost": (
            "{channel}: test messages do not arrive in Bitrix24",
            "The channel counts as connected, but messages from the second number did not arrive. Noticed {since} ({lasted} "
            "ago). Customers' messages are probably lost as well.",
        ),
        "undelivered": (
            "{channel}: employees' answers do not reach the customers",
            "Customers' messages arrive, but answers are not confirmed. Noticed at {since} ({lasted} ago).",
        ),
        "flag_unread": (
            "{channel}: the channel's state cannot be seen",
            "Bitrix24 has not told it since {since} (for {lasted}). If the channel is cut off, the monitor will not see it.",
        ),
        "flag_error_personal": (
            "{channel}: the QR code probably has to be scanned again",
            "Bitrix24 has shown an error of this channel since {since} (for {lasted}). For a personal number that "
            f"usually means that the phone is unlinked. {_DEAF}.",
        ),
        "flag_error_official": (
            "{channel}: taken over, the bot or account is connected elsewhere",
            f"Bitrix24 switched the channel off because of an error at {{since}} ({{lasted}} ago). {_DEAF}.",
        ),
        "disconnected_by_somebody": (
            "{channel}: disconnected from the open line",
            f"The channel was connected, and somebody disconnected it at {{since}} ({{lasted}} ago). {_DEAF}.",
        ),
        "provider_warned": (
            "{channel}: works, but a setting at the provider has to be put right",
            "The provider has warned of it since {since} (for {lasted}). Messages still pass.",
        ),
        "provider_refuses_us": (
            "{channel}: the provider does not accept the monitor's key",
            "The channel's state at the provider has been out of sight since {since} (for {lasted}). The channel itself "
            "may work, and messages may go on as before.",
        ),
        "refused_by_portal": (
            "{channel}: Bitrix24 refuses the channel's messages",
            f"The channel works at the provider, but is off in Bitrix24 since {{since}} (for {{lasted}}). {_DEAF}.",
        ),
    },
    by_state={
        State.QR_REQUIRED: (
            "{channel}: the QR code has to be scanned again",
            f"The phone has been unlinked since {{since}} (for {{lasted}}). {_DEAF}.",
        ),
        State.BANNED: (
            "{channel}: the number is banned by the messenger",
            _BROKEN,
        ),
        State.UNPAID: ("{channel}: not paid for", _BROKEN),
        State.OPENED_ELSEWHERE: (
            "{channel}: the account is opened elsewhere",
            _BROKEN,
        ),
        State.TOKEN_REVOKED: (
            "{channel}: the access key is no longer valid",
            _BROKEN,
        ),
        State.MISCONFIGURED: ("{channel}: set up wrongly", _BROKEN),
        State.CONNECTING: (
            "{channel}: does not get connected",
            "Has been connecting since {since} (for {lasted}). Messages may be delayed.",
        ),
        State.PHONE_OFFLINE: (
            "{channel}: the phone is offline",
            "The phone with this number has been offline since {since} (for {lasted}). After 14 days the messenger "
            "logs linked devices out.",
        ),
        State.RESTRICTED: (
            "{channel}: the messenger restricts sending",
            "Restricted since {since} (for {lasted}). Incoming messages arrive; starting chats is not allowed.",
        ),
        State.SILENT: (
            "{channel}: no messages for longer than usual",
            "The channel counts as connected, but is silent. Noticed at {since} ({lasted} ago). Customers' messages "
            "may be lost.",
        ),
        State.UNREACHABLE: (
            "{channel}: the server that carries the messages does not answer",
            "The provider has not reached the channel since {since} (for {lasted}). Messages probably do not pass.",
        ),
        State.UNKNOWN: (
            "{channel}: the provider reports a state we do not know",
            "The provider's word has been unclear since {since} (for {lasted}). Whether the channel works is unknown.",
        ),
    },
    by_kind={
        IncidentKind.CHANNEL_FLAPPING: (
            "{channel}: keeps breaking and coming back",
            "The state changed {flips} within the last hour. Messages may be lost or delayed.",
        ),
        IncidentKind.PHONE_LOGOUT_RISK: (
            "{channel}: the phone has been offline for {lasted}, the channel will be logged out soon",
            "The phone with this number has not been seen since {since}. After 14 days the messenger logs linked "
            "devices out, and the channel goes silent.",
        ),
    },
    advice={
        IncidentKind.CHANNEL_FLAPPING: "check the phone's internet and the gateway's server",
        IncidentKind.PHONE_LOGOUT_RISK: "find the phone with this number, switch it on and open the messenger; if its "
        "keeper has left, move the number",
    },
    reasons={
        Reason.TIMEOUT: "no answer in time",
        Reason.UNREACHABLE: "no connection",
        Reason.THROTTLED: "the portal limits our requests",
        Reason.DENIED: "access denied",
        Reason.REJECTED: "the request was rejected",
        Reason.MALFORMED: "the answer was broken",
        Reason.BUG: "an error in the monitor itself",
    },
    denials={
        "refresh_refused": "authorise the application again: `messenger-monitor auth --portal {portal}`",
        "portal_deleted": "ask the customer about the portal: Bitrix24 says that it is deleted",
        "wrong_license": "ask the customer to renew the Bitrix24 plan: the present one has no REST",
        "rest_not_on_plan": "ask the customer to pay the Bitrix24 plan or the subscription: Bitrix24 says that there is no "
        "REST without it. The application need not be authorised again",
        "access_denied": "see first whether the customer's Bitrix24 plan and subscription are paid, without them REST is "
        "closed; if they are, give the application its permissions back, then `messenger-monitor auth --portal {portal}`",
        "payment_required": "ask the customer to renew the subscription: the application is refused for payment",
        "insufficient_scope": "give the application the missing permissions, then `messenger-monitor auth --portal {portal}`",
        "application_not_found": "install the application again, then `messenger-monitor auth --portal {portal}`",
        "not_installed": "install the application again, then `messenger-monitor auth --portal {portal}`",
        "authorization_error": "authorise the application as an active employee, the previous one is dismissed: "
        "`messenger-monitor auth --portal {portal}`",
        "user_access_error": "open the application to the employee on whose behalf it works",
        "invalid_client": "take client_secret from the application's page, put it into this portal's "
        "client_secret_file and reload: the OAuth server says that the present one is not this client_id's",
        "wrong_client": "compare this portal's client_id with the application's page, correct it and reload: the "
        "OAuth server does not know it; for another application then "
        "`messenger-monitor auth --portal {portal}`",
        "invalid_scope": "correct the permissions on the application's page: it asks for some that the portal does not "
        "have; then `messenger-monitor auth --portal {portal}`",
    },
    new_webhook="make a new incoming webhook and put its address into webhook_url_file",
    witness="{source}: {word}, since {at}",
    flag="Bitrix24, imconnector.status",
    changes="changes of state: {moments}",
    present="now: {state}",
    judged="judged: {state}; certainty: {sure}",
    lasts="the provider says that it lasts until {at}",
    settles="what would settle it: {what}",
    look="look the channel up in the provider's console",
    times=("time", "times", "times"),
    next_channel="The alert closes by itself when the channel is connected again.",
    next_quiet="The alert closes by itself after a quiet hour.",
    next_portal="The alert closes by itself after two good polls.",
)
