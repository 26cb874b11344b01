"""What OKX's refusals mean (R20). They come with HTTP 200 as with others; the code alone decides.

Source: OKX v5 REST documentation, "Error Code". What is not listed is unknown; left out on purpose are 50001, 50004,
50005, 50013 and 50026, which say that a server did not answer in time and nothing of what it did before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.venue.errors import WALL, WALL_PAUSE_S, Meaning, Refusal, redact
from bot.venue.shapes import Row

OK: Final = "0"
PARTS_FAILED: Final = frozenset({"1", "2"})
"""All, or some, of what was asked failed: the row says why."""
NOT_IN_DEMO: Final = "50038"
NO_SUCH_ORDER: Final = "51603"

_UNTIMELY: Final = ("50102", "50112")
# The order's deadline, passed on arrival (50036) or in the queue (50037), R21.
_STALE: Final = ("50036", "50037")
_MALFORMED: Final = (
    *("50000", "50002", "50006", "50014", "50015", "50016", "50024", "50025", "50039", "50044", "50076", "50077"),
    *("50115", "51000", "51001", "51002", "51003", "51012", "51014", "51015", "51026", "51407", "51601", "51602"),
)
_ACCOUNT_REFUSED: Final = (
    *("50007", "50008", "50009", "50010", "50012", "50017", "50018", "50019", "50020", "50021", "50022", "50023"),
    *("50027", "50028", "50029", "50032", "50033", NOT_IN_DEMO, "50041", "50046", "50051", "50052", "50053"),
    *("50059", "50060", "50062", "50072"),
)
_ORDER_REFUSED: Final = (
    *("50122", "51004", "51005", "51006", "51007", "51008", "51009", "51010", "51017", "51018", "51019"),
    *("51020", "51021", "51022", "51023", "51024", "51025", "51027", "51028", "51029", "51030", "51031"),
    *("51100", "51101", "51102", "51103", "51104", "51105", "51106", "51107", "51108", "51109", "51110", "51112"),
    *("51115", "51116", "51117", "51118", "51119", "51120", "51121", "51122", "51124", "51127", "51128", "51129"),
    *("51130", "51131", "51132", "51134", "51135", "51136", "51137", "51138", "51155", "51169", "51174", "51185"),
    *("51202", "51203", "51204", "51205", "54000", "54008", "54009", "54011", "54072", "54094"),
)
# Only a cancel is answered so: it changed nothing, and says nothing of what the order has become.
_CANCEL_REFUSED: Final = ("51400", "51401", "51402", "51403", "51404", "51405", "51408", "51410")
_SETTING_REFUSED: Final = (
    *("59000", "59001", "59002", "59004", "59100", "59101", "59102", "59103", "59104", "59105", "59106", "59107"),
    *("59108", "59109", "59110", "59112", "59113", "59200", "59201", "59300", "59301", "59302", "59303"),
)
_AUTH: Final = (
    *("50030", "50035", "50100", "50101", "50103", "50104", "50105", "50106", "50107", "50108", "50109"),
    *("50110", "50111", "50113", "50114", "50119", "50120", "50121"),
)


def _listed() -> Mapping[str, Meaning]:
    table = dict.fromkeys(
        (*_STALE, *_MALFORMED, *_ACCOUNT_REFUSED, *_ORDER_REFUSED, *_CANCEL_REFUSED, *_SETTING_REFUSED),
        Meaning.REFUSED,
    )
    table.update(dict.fromkeys(_UNTIMELY, Meaning.UNTIMELY))
    table.update(dict.fromkeys(_AUTH, Meaning.AUTH))
    table.update(dict.fromkeys(("50011", "50040", "50061"), Meaning.BUSY))
    table.update(dict.fromkeys(("50071", "51016"), Meaning.DUPLICATE))
    table[NO_SUCH_ORDER] = Meaning.NOT_FOUND
    return table


MEANINGS: Final[Mapping[str, Meaning]] = _listed()
"""By code; a server's own fault (HTTP 5xx) is unknown whatever the code."""
_SERVER_FAULT: Final = 500
_TOO_MANY: Final = 429


def refusal(status: int, body: object) -> Refusal | None:
    """Read an answer: what kind of refusal it is, None when it is none.

    Args:
        status: HTTP status.
        body: parsed JSON, None when it was none.
    """
    row: Row = body if isinstance(body, dict) else {}
    code, text = str(row.get("code", "")), str(row.get("msg", ""))
    if status == 200 and code in {"", OK}:
        return None
    if code in PARTS_FAILED:
        code, text = _part(row.get("data"), code, text)
    # Codes may carry a sub-code, such as 51008_1000.
    meaning = MEANINGS.get(code.partition("_")[0], Meaning.UNKNOWN)
    if status >= _SERVER_FAULT:
        meaning = Meaning.UNKNOWN
    elif status == _TOO_MANY and not code:
        meaning = Meaning.BUSY
    pause_s = WALL_PAUSE_S if status == WALL and not code else 0
    return Refusal(status=status, code=code or str(status), text=redact(text), meaning=meaning, pause_s=pause_s)


def _part(data: object, code: str, text: str) -> tuple[str, str]:
    """The code and words of the only part of a request; those of the whole where there is not exactly one."""
    match data:
        case [{"sCode": str(part), **more}] if part not in {"", OK}:
            return part, str(more.get("sMsg", text))
        case _:
            return code, text
