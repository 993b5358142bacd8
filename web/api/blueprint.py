"""Where the routes of the JSON API hang, and how a request that is not as described is answered."""

from typing import Any

from apiflask import APIBlueprint, HTTPError
from flask import Response, current_app
from pydantic import BaseModel

from outbound.errors import Language, Refusal
from outbound.phones.vault import Vault, open_vault
from outbound.recordings.store import Store, open_store
from web import answers

bp = APIBlueprint("api", __name__, url_prefix="/api/v1", tag="Desk")


class RequestFaulty(Refusal):
    """The request is not as /openapi.json describes it."""

    zh = "请求内容与 /openapi.json 的说明不符。"
    status = 422

    def __init__(self, places: list[str]) -> None:
        self.places = places
        super().__init__()

    def sentence(self, language: Language) -> str:
        """What is wrong, field by field."""
        said = super().sentence(language)
        between, stop = ("；", "。") if language == "zh" else ("; ", ".")
        return (
            f"{said[:-1]}{'：' if language == 'zh' else ': '}{between.join(self.places)}{stop}" if self.places else said
        )


@bp.errorhandler(HTTPError)
def refuse(error: HTTPError) -> Response:
    """Answer an unfit request as every refusal is answered."""
    return answers.as_json(RequestFaulty(list(_places(error.detail))))


def _places(detail: Any, path: str = "") -> list[str]:
    if isinstance(detail, dict):
        return [
            place for key, inner in detail.items() for place in _places(inner, f"{path}.{key}" if path else str(key))
        ]
    said = " ".join(str(part) for part in detail) if isinstance(detail, list) else str(detail)
    return [f"{path} {said}"]


def told(answer: BaseModel) -> Response:
    """An answer as JSON, written at once: a script is long, and every step of a call asks for one."""
    return current_app.response_class(answer.model_dump_json(), mimetype="application/json")


def vault() -> Vault:
    """The key to the customers' numbers. Raises WrongNumberKey."""
    return open_vault(current_app.config["SETTINGS"].data)


def store() -> Store:
    """Where recordings are kept. Raises StoreOutOfReach."""
    return open_store(current_app.config["SETTINGS"])
