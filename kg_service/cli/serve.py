"""`kg-service serve`: its options are the settings of the service, by flag, environment or file."""

from __future__ import annotations

import contextlib
import math
import os
import re
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kg_service.knowledge.names import nearest
from kg_service.serving.settings import NAMES, Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import Field

    Command = Callable[..., None]

VARIABLE = "KG_SERVICE_"
HOST_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750, section 2.1


def _options(command: Command) -> Command:
    """Add an option for each setting, in their order."""
    for setting in reversed(fields(Settings)):
        command = _option(setting)(command)
    return command


def _option(setting: Field[Any]) -> Callable[[Command], Command]:
    default: Any = setting.default
    return click.option(
        f"--{setting.name.replace('_', '-')}",
        setting.name,
        type=_kind(default, **{name: setting.metadata[name] for name in ("least", "most", "one_of")}),
        multiple=isinstance(default, tuple),
        default=default,
        show_default=default not in {"", ()},
        envvar=VARIABLE + setting.name.upper(),
        show_envvar=True,
        help=setting.metadata["help"],
        callback={"token": _token, "trusted_host": _hosts}.get(setting.name),
    )


def _kind(
    default: object,
    *,
    least: Any,  # noqa: ANN401 - a number of the default's kind
    most: int | None,
    one_of: tuple[str, ...],
) -> click.ParamType[Any]:
    if isinstance(default, int):
        return click.IntRange(least, most)
    if isinstance(default, float):
        return _Finite(least)
    return click.Choice(one_of) if one_of else click.STRING


class _Finite(click.FloatRange):
    """A number of a range; not nan, which no comparison finds outside, and not inf, which no clock reaches."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 - as click has it
        """Return the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is no number of seconds.", param, ctx)
        return number


def _token(ctx: click.Context, option: click.Parameter, value: str) -> str:
    """Refuse a blank token that is given: a secret that failed to arrive must not open the service."""
    source = ctx.get_parameter_source(str(option.name))
    is_given = source is not ParameterSource.DEFAULT or f"{VARIABLE}TOKEN" in os.environ  # click skips what is empty
    if is_given and not value.strip():
        raise click.BadParameter("it is given and empty. Give the token, or leave the setting out.", ctx, option)
    token = value.strip()  # a file of secrets ends its lines
    if token and not TOKEN.fullmatch(token):
        raise click.BadParameter("no client can send it: use letters, digits and -._~+/= alone.", ctx, option)
    return token


def _hosts(ctx: click.Context, option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_host(name, ctx, option) for name in value)


def _host(name: str, ctx: click.Context, option: click.Parameter) -> str:
    """Return a host name as requests spell it, in lower case and ASCII; one that begins with a dot is of a domain."""
    with contextlib.suppress(UnicodeError):
        domain = "." if name.startswith(".") else ""
        spelt = name.removeprefix(".").encode("idna").decode().lower()
        if HOST_NAME.fullmatch(spelt):
            return domain + spelt
    cure = "Write one like kg.example.org, or .example.org for all names of a domain."
    raise click.BadParameter(f"{name!r} is no host name. {cure}", ctx, option)


def _read(ctx: click.Context, option: click.Parameter, path: str | None) -> None:
    """Take the values of a TOML file as defaults: flags and environment come before them."""
    if path is None:
        return
    try:
        with click.open_file(path, "rb") as file:
            given = tomllib.load(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or f"it is not TOML: {error}"
        raise click.BadParameter(f"{path} cannot be read: {reason}.", ctx, option) from error
    for name, value in given.items():
        _check(name, value, path, option)
    ctx.default_map = given


def _check(name: str, value: object, path: str, option: click.Parameter) -> None:
    if name not in NAMES:
        offer = ", ".join(nearest(name, NAMES)) or ", ".join(NAMES)
        raise click.BadParameter(f"{path}: there is no setting {name!r}. Nearest: {offer}.", param=option)
    default = Settings.__dataclass_fields__[name].default
    taken = (int, float) if isinstance(default, float) else (list,) if isinstance(default, tuple) else (type(default),)
    if isinstance(value, bool) or not isinstance(value, taken):
        wanted = {int: "a whole number", float: "a number", tuple: "a list of texts"}.get(type(default), "a text")
        raise click.BadParameter(f"{path}: {name} must be {wanted}.", param=option)


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    callback=_read,
    is_eager=True,
    expose_value=False,
    envvar=VARIABLE + "CONFIG",
    show_envvar=True,
    help="TOML file with settings by the names of the options, such as time_limit = 5.",
)
@_options
def serve(**given: Any) -> None:  # noqa: ANN401 - of the settings' own types, which click has checked
    """Serve the graph over HTTP: SPARQL endpoint, named questions, records, statements and sources.

    A flag goes before a variable of the environment, and that before the file of --config.
    """
    from kg_service.serving.server import serve as run  # noqa: PLC0415 - a question needs none of it

    run(Settings(**given))
