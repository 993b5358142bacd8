"""How a refusal, or a failure, is answered: a page with its sentence, or JSON for programs and for fetch."""

import re

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from outbound.documents import DocumentFaulty
from outbound.errors import Refusal, SignInNeeded
from web.language import chosen_language


class PageUnknown(Refusal):
    """There is no page at this address; check it, or go to your desk."""

    zh = "这个网址没有页面，请核对地址或回到工作台。"
    status = 404


class MethodUnfit(Refusal):
    """This address does not take such a request; go back and use the page's own buttons."""

    zh = "这个网址不接受此类请求，请返回页面，用页面上的按钮操作。"
    status = 405


class UploadTooLarge(Refusal):
    """The upload is larger than {megabytes} MB; split the file, or ask your operator to raise the limit."""

    zh = "上传的文件超过 {megabytes} MB，请拆分文件，或请运维人员调高上限。"
    status = 413


class PageOutdated(Refusal):
    """This page is older than your sign-in; load it again. What you typed is kept."""

    zh = "页面已过期（早于本次登录），请刷新后重试，已填写的内容会保留。"
    status = 400


class RequestUnreadable(Refusal):
    """The request cannot be read; go back and try again."""

    zh = "无法识别这次请求，请返回后重试。"
    status = 400


class NulRefused(Refusal):
    """The text holds a character that cannot be kept (NUL); remove it and try again."""

    zh = "内容中含有无法保存的字符（NUL），请删除后重试。"
    status = 422


class Failed(Refusal):
    """Something went wrong on our side and nothing was changed; tell your operator the number {reference}."""

    zh = "系统出现故障，未做任何改动；请把编号 {reference} 告诉运维人员。"
    status = 500


def wants_json() -> bool:
    """Whether the request comes from a program, or from a page's script, rather than from a browser's navigation."""
    if request.path.startswith("/api/") or request.headers.get("X-Requested-With") == "fetch":
        return True
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def answer(refused: Refusal) -> Response:
    """The answer to a refusal in the form that was asked for."""
    return as_json(refused) if wants_json() else as_page(refused)


def as_json(refused: Refusal) -> Response:
    """A refusal as JSON: its stable name, its sentence in both languages, and each fault of a document or form."""
    told = {
        "error": refused.name(),
        "sentence": {"zh": refused.sentence("zh"), "en": refused.sentence("en")},
        "message": refused.sentence(chosen_language()),
        "faults": faults(refused),
    }
    response = jsonify(told)
    response.status_code = refused.status
    return response


def faults(refused: Refusal) -> list[dict[str, str | int]]:
    """What is wrong where: lines of a document, or fields of a form."""
    if isinstance(refused, DocumentFaulty):
        return [
            {"field": fault.path, "line": fault.line, "column": fault.column, "zh": fault.zh, "en": fault.en}
            for fault in refused.list
        ]
    return [
        {"field": field, "zh": fault.sentence("zh"), "en": fault.sentence("en")}
        for field, fault in field_faults(refused).items()
    ]


def field_faults(refused: Refusal) -> dict[str, Refusal]:
    """The refusals of single fields of a form, by the field's name."""
    several: dict[str, Refusal] = getattr(refused, "fields", {})
    single = getattr(refused, "field", "")
    return {single: refused, **several} if single else several


def as_page(refused: Refusal) -> Response:
    """A refusal as a page: the sign-in form where a sign-in is needed, else its sentence."""
    response = make_response(page(refused))
    response.status_code = refused.status
    return response


def page(refused: Refusal) -> str:
    """The page of a refusal."""
    template = "sign_in.html" if isinstance(refused, SignInNeeded) else "refusal.html"
    return render_template(template, refusal=refused, sentence=refused.sentence(chosen_language()), next=here())


def here() -> str:
    """The address of the page that the user sees: this one, or the one that sent this request."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    sender = request.referrer or ""
    return sender.removeprefix(request.host_url.rstrip("/")) if sender.startswith(request.host_url) else "/"


def set_up(app: Flask) -> None:
    """Answer every refusal and failure of `app` with a sentence."""
    app.before_request(_refuse_nul)
    app.register_error_handler(Refusal, answer)
    app.register_error_handler(CSRFError, lambda _error: answer(PageOutdated()))
    app.register_error_handler(HTTPException, _http)
    app.jinja_env.globals.update(here=here)


# An escaped backslash before it makes it six ordinary characters.
_NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def _refuse_nul() -> None:
    """PostgreSQL keeps no NUL and SQLite cuts texts at it, so none comes in, wherever a text is sent."""
    if "\0" in request.path or b"%00" in request.query_string or _has_nul_inside():
        raise NulRefused


def _has_nul_inside() -> bool:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    if request.is_json:
        return _NUL_IN_JSON.search(request.get_data()) is not None
    return any("\0" in value for _name, value in request.form.items(multi=True))


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    if isinstance(error, InternalServerError):
        return answer(Failed(reference=g.get("reference", "")))
    if error.code == 413:
        return answer(UploadTooLarge(megabytes=(request.max_content_length or 0) // 1_000_000))
    known = {404: PageUnknown, 405: MethodUnfit}
    return answer(known.get(error.code, RequestUnreadable)())
