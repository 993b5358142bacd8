"""Settings: environment variables `OUTBOUND_*`, each documented in the README; a bad or unknown one stops the start."""

import os
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from outbound.errors import Refusal

PREFIX = "OUTBOUND_"


class SettingUnknown(Refusal):
    """The environment variable {name} is not a setting of Outbound; remove it or correct its spelling: {known}."""

    zh = "环境变量 {name} 不是 Outbound 的设置项，请删除或改正拼写：{known}。"


class SettingBad(Refusal):
    """The setting {name} cannot be used: {reason}."""

    zh = "设置项 {name} 不可用：{reason}。"


class Settings(BaseSettings):
    """What the operator decides; every field is the environment variable of its upper-cased name after `OUTBOUND_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    database_url: str = Field(
        "", description="SQLAlchemy address of the database; empty: a SQLite file in OUTBOUND_DATA"
    )
    owner_url: str = Field(
        "",
        description="for `migrate` alone: PostgreSQL address as the tables' owner; empty: OUTBOUND_DATABASE_URL",
    )
    data: Path = Field(Path(".data"), description="folder of keys, recordings, exports and the SQLite file")
    numbers_key: SecretStr = Field(
        SecretStr(""),
        description="keys of the numbers as base64, in place of `numbers.key` in OUTBOUND_DATA",
    )
    recordings_url: str = Field("", description="where recordings are kept; empty: `recordings` in OUTBOUND_DATA")
    recordings_encrypted: bool = Field(
        False,
        description="whether recordings are encrypted before they are stored, with recordings.key in OUTBOUND_DATA",
    )
    watched: Path | None = Field(None, description="folder from which recordings are taken in; empty: none")
    anchor_url: str = Field(
        "",
        pattern="^(https?://.+)?$",
        description="address to which the journal's anchors are sent, kept by somebody else; empty: none",
    )
    notices_url: str = Field(
        "",
        pattern="^(https?://.+)?$",
        description="address to which notices are posted; empty: they are dropped into `notices/out` in OUTBOUND_DATA",
    )
    notices_secret: SecretStr = Field(SecretStr(""), description="secret with which posted notices are signed")
    carrier_token: SecretStr = Field(
        SecretStr(""),
        description="token with which the carrier sends receipts, replies and withdrawals; empty: only as files",
    )
    host: str = Field("127.0.0.1", description="address on which `serve` listens")
    port: int = Field(8000, ge=1, le=65535, description="port on which `serve` listens")
    threads: int = Field(16, ge=1, le=512, description="threads of one `serve` process")
    language: Literal["zh", "en"] = Field("zh", description="language of pages for who has not chosen one")
    session_hours: int = Field(12, ge=1, le=168, description="hours after which a sign-in ends")
    https: bool = Field(
        False, description="whether the console is reached over HTTPS, so that cookies are marked secure"
    )
    upload_megabytes: int = Field(64, ge=1, le=4096, description="largest upload that is taken, in MB")

    @field_validator("numbers_key")
    @classmethod
    def _is_a_ring(cls, given: SecretStr) -> SecretStr:
        """64 bytes, or 32 and 34 for each key: `outbound.phones.ring` tells why."""
        try:
            size = len(b64decode(given.get_secret_value(), validate=True))
        except ValueError:
            raise ValueError("it is not base64") from None
        if size not in (0, 64) and (size <= 32 or (size - 32) % 34):
            raise ValueError("64 bytes are needed, such as `head -c 64 /dev/urandom | base64 -w0` makes")
        return given

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `read_settings` checked counts, not what else the environment holds."""
        return (init_settings,)

    @property
    def database(self) -> str:
        """The address of the database that is used."""
        return self.database_url or f"sqlite:///{(self.data / 'outbound.sqlite3').absolute()}"

    @property
    def recordings(self) -> str:
        """The address of the store of recordings that is used."""
        return self.recordings_url or str((self.data / "recordings").absolute())


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force; an empty variable is as good as none.

    Raises SettingUnknown or SettingBad with the name of the variable.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environment:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise SettingUnknown(name=name, known=", ".join(sorted(known)))
    given = {
        name.upper().removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.upper().startswith(PREFIX) and value
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as refused:
        first = refused.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        # A key that is nearly right must not stand in a log.
        shown = "" if name == f"{PREFIX}NUMBERS_KEY" else f" ({first['input']!r})"
        raise SettingBad(name=name, reason=f"{first['msg']}{shown}") from None
